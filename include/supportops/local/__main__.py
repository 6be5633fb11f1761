"""`python -m supportops.local up [--demo]`: what `make up` and `make demo` run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from supportops.local.install.installation import Installation
from supportops.local.supervisor.terminal import Terminal
from supportops.local.supervisor.up import Options, up

PORT = 8080


def port_of(environment: Mapping[str, str]) -> int:
    """SUPPORTOPS_PORT, or 8080. Raises ValueError with one line."""
    text = environment.get("SUPPORTOPS_PORT") or str(PORT)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError(f"SUPPORTOPS_PORT is a port from 1 to 65535; found {text!r}")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m supportops.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start Airflow with supportops, until Ctrl-C")
    start.add_argument("--demo", action="store_true", help="with demo sites and an inbox")
    start.add_argument("--verbose", action="store_true", help="show whole messages, not lines")
    choice = parser.parse_args(arguments)
    # An entrance: the processes that are started get this environment, changed where needed.
    inherited = dict(os.environ)  # noqa: TID251
    # Airflow and the demo write files of their own: databases, logs, mails.
    os.umask(0o077)
    try:
        options = Options(choice.demo, port_of(inherited), inherited, verbose=choice.verbose)
    except ValueError as error:
        sys.stderr.write(f"supportops: {error}\n")
        return 2
    here = Installation()
    return up(here.demo if choice.demo else here, options, Terminal())


if __name__ == "__main__":
    sys.exit(main())
