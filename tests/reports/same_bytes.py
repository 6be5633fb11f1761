"""Every format of one report, for a look from another process: prints name and digest of each."""

import hashlib
import json as standard
import logging
import sys

from reports.document_builders import AS_OF, bars_chart, document, trend_chart
from reports.figure_builders import figures
from supportops.reports.formats import data_files, pdf
from supportops.reports.formats.charts import charts
from supportops.reports.formats.workbook import workbook
from supportops.reports.measuring.figures_json import to_json


def digests() -> dict[str, str]:
    from reports.frames import clock, clocks

    drawn = {chart.name: charts.svg(chart) for chart in (trend_chart(), bars_chart())}
    files = (
        pdf.pdf(document(), drawn, AS_OF),
        workbook.workbook(document(), figures(), clocks(clock(), clock(number="2"))),
        data_files.csv(figures()),
        data_files.json(to_json(figures())),
    )
    contents = {file.name: file.content for file in files} | drawn
    contents["png"] = charts.png(trend_chart())
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    assert not {"matplotlib", "typst", "xlsxwriter", "PIL"} & set(sys.modules)
    print(standard.dumps(digests()))
