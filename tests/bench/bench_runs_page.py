"""How the Runs page bears a thousand runs: the table, a filter, ten runs over each other.

    python tests/bench/bench_runs_page.py [RUNS] [EPOCHS]

Makes the folders below the system's folder for temporary files (60 MB for the defaults), measures, and removes them.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.bench_registry import make_runs
from tests.bench.figures import Figure, seconds, table

ROOT = Path(__file__).resolve().parents[2]

TABLE_SECONDS, FILTER_SECONDS, COMPARE_SECONDS = 1.5, 0.3, 1.0
TIMES = 7


def measure(count: int = 1000, epochs: int = 200) -> list[Figure]:
    """Makes the runs, measures, removes them."""
    before = os.environ.get("PARITY_HOME")
    folder = Path(tempfile.mkdtemp(prefix="parity-runs-"))
    try:
        os.environ["PARITY_HOME"] = str(folder)
        make_runs(folder, count, epochs)
        _add_records(folder)
        return _pages(count, epochs)
    finally:
        shutil.rmtree(folder)
        if before is None:
            del os.environ["PARITY_HOME"]
        else:
            os.environ["PARITY_HOME"] = before


def _add_records(home: Path) -> None:
    """What a finished run has besides: images, figures, findings, tags."""
    images = [{"path": f"{k}.png", "label": "ab"[k % 2], "sha256": f"{k:064x}"} for k in range(200)]
    manifest = json.dumps({"root": "/data", "classes": ["a", "b"], "train": images, "val": images[:40]})
    rates = [k / 100 for k in range(101)]
    part = {
        "accuracy": 0.9, "count": 40, "correct": 36, "auc": 0.95,
        "per_class": [{"class": c, "precision": 0.9, "recall": 0.9, "f1": 0.9, "support": 20} for c in "ab"],
        "roc": {"b": {"false_positive_rate": rates, "true_positive_rate": rates, "auc": 0.5}},
    }  # fmt: skip
    evaluation = json.dumps({"classes": ["a", "b"], "weights": "the last", "val": part})
    findings = json.dumps({"findings": [{"id": "x", "severity": "warning", "claim": "Something."}]})
    for k, run in enumerate((home / "runs").iterdir()):
        (run / "manifest.json").write_text(manifest, encoding="utf-8")
        (run / "evaluation.json").write_text(evaluation, encoding="utf-8")
        (run / "findings.json").write_text(findings, encoding="utf-8")
        (run / "note.json").write_text(json.dumps({"text": "", "tags": [f"t{k % 5}"]}), encoding="utf-8")


def _pages(count: int, epochs: int) -> list[Figure]:
    """By Streamlit's own test runner: the script, what it sends and its reading, without the browser's drawing."""
    from streamlit import config
    from streamlit.testing.v1 import AppTest

    from core.runs_table import details
    from core.store import index

    config.set_option("server.address", "127.0.0.1")

    def open_page(**address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        at.switch_page("pages/runs.py")
        for name, value in address.items():
            at.query_params[name] = value
        return at

    def run(at: AppTest) -> float:
        took = seconds(at.run)
        assert not at.exception, at.exception
        return took

    runs = f"{count} runs of {epochs} epochs"
    rows = [Figure("table of runs, never looked at before", round(run(open_page()), 3), "", "s", runs)]
    while not all(row.is_read for row in _rows()):
        pass
    index.forget()
    details.forget()
    rows.append(_figure("table of runs, a new process", [run(open_page())], TABLE_SECONDS, runs))
    rows.append(_figure("table of runs, opened again", [run(open_page()) for _ in range(TIMES)], TABLE_SECONDS, runs))
    filtered = []
    at = open_page()
    run(at)
    for k in range(TIMES):
        at.query_params["q"] = f"run {k + 1}"
        at.query_params["filter"] = "val_auc>0.5"
        filtered.append(run(at))
    rows.append(_figure("a filter of the table", filtered, FILTER_SECONDS, runs))
    ids = ",".join(row.id for row in _rows()[:10])
    first = run(open_page(compare=ids))
    rows.append(_figure("ten runs over each other, first look", [first], COMPARE_SECONDS, runs))
    again = [run(open_page(compare=ids, smooth="0.5")) for _ in range(TIMES)]
    rows.append(_figure("ten runs over each other, smoothed", again, COMPARE_SECONDS, runs))
    return rows


def _rows() -> list[Any]:
    from core.runs_table.rows import table_rows

    return table_rows()


def _figure(name: str, values: list[float], limit: float, note: str) -> Figure:
    about = f"{note}, median of {len(values)}" if len(values) > 1 else note
    return Figure(name, round(median(values), 3), f"<= {limit:g}", "s", about)


def main() -> int:
    """Prints the figures; 1 when one misses its target."""
    figures = measure(*map(int, sys.argv[1:3]))
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
