"""One value of one metric, and many of them as Prometheus's text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from supportops.rendering.printable import printable_line
from supportops.web.metrics.catalogue import METRICS, PREFIX

# The longest value of a label: names of sites have no bound of their own.
LONGEST_LABEL = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of the metric `name` of the catalogue; `labels` in the catalogue's order."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


def instant(name: str, at: datetime | None, *labels: str) -> Iterator[Sample]:
    """An instant as seconds since 1970 UTC; nothing where there is none."""
    if at is not None:
        yield Sample(name, at.timestamp(), labels)


def text_of(samples: Iterable[Sample]) -> bytes:
    """The samples in Prometheus's text format, by metric in the catalogue's order.

    Raises KeyError for a metric that is not in the catalogue, ValueError for labels that it does
    not have.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(samples))
    return generate_latest(registry)


class _Given(Collector):
    """A collector of samples that are known already; it holds nothing between two scrapes."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._families = {
            name: GaugeMetricFamily(f"{PREFIX}{name}", metric.help, labels=metric.labels)
            for name, metric in METRICS.items()
        }
        seen = set[tuple[str, ...]]()
        for sample in samples:
            if len(sample.labels) != len(METRICS[sample.name].labels):
                raise ValueError(f"{sample.name} has no labels {sample.labels}")
            labels = [printable_line(each)[:LONGEST_LABEL] for each in sample.labels]
            # Prometheus refuses a whole text in which two values have the same labels.
            if (sample.name, *labels) not in seen:
                seen.add((sample.name, *labels))
                self._families[sample.name].add_metric(labels, sample.value)

    def collect(self) -> Iterator[Metric]:
        return (family for family in self._families.values() if family.samples)
