"""Every benchmark: one table, and the same as JSON.

python -m tests.bench [--json FILE] [--long] [NAME ...]        names as in bench_NAME.py; without any, all of them
python -m tests.bench --table [--json FILE]                    what was measured, as the table of docs/speed.md

All of them take at most half an hour on two quiet processors. With `--long` those that have a longer form take that.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, as_figure, markdown, table

HERE = Path(__file__).parent
NAMES = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints, writes; returns 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures how fast Parity is.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="FILE")
    parser.add_argument(
        "--long", action="store_true", help="more networks, images and nodes, where there is such a form"
    )
    parser.add_argument("--table", action="store_true", help="measure nothing; print FILE as a Markdown table")
    options = parser.parse_args(arguments)
    if options.table:
        record = json.loads(options.json.read_text(encoding="utf-8"))
        print(markdown([Figure.from_dict(one) for one in record["figures"]]))
        return 0
    if unknown := sorted(set(options.names) - set(NAMES)):
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(NAMES)}")
    figures: list[Figure] = []
    began = time.monotonic()
    for name in options.names or NAMES:
        started = time.monotonic()
        module = importlib.import_module(f"tests.bench.bench_{name}")
        found = getattr(module, "measure_long", module.measure)() if options.long else module.measure()
        for row in found:
            if (figure := as_figure(row)) is not None:
                figures.append(figure)
            else:
                print(f"{name}: {row['name']} is left out: {row['note']}", file=sys.stderr)
        print(f"{name}: {len(found)} figures in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        write(options.json, figures)  # what was measured stays if a later one is broken off
    print(table(figures))
    print(f"{len(figures)} figures in {(time.monotonic() - began) / 60:.0f} minutes", file=sys.stderr)
    return 0 if all(figure.met is not False for figure in figures) else 1


def write(path: Path, figures: list[Figure]) -> None:
    """The figures with what they were measured on."""
    machine: dict[str, Any] = {
        "system": platform.platform(),
        "processor": platform.processor(),
        "cores": os.cpu_count(),
    }
    record = {"machine": machine, "python": platform.python_version(), "figures": [f.to_dict() for f in figures]}
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
