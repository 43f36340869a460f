"""What the scan costs, against cleanvision on the same questions: both in turn, on the same images, in one run.

    python tests/bench/bench_scan.py [ROUNDS]

The images are the X-rays of PARITY_TEST_DATA, else the built-in sample. Each measurement is a process of its own
that times the work alone, without its imports; ours begins with an empty home. cleanvision (requirements-bench.txt)
may live in another environment, whose interpreter PARITY_BENCH_PYTHON then names; where it is not installed the
comparison is left out, saying so.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.figures import Figure, middle, ratio, table

ROOT = Path(__file__).resolve().parents[2]

FASTER, SECONDS = 3.0, 1.0
"""What is asked for: so many times as fast as cleanvision, and so long at most for a folder that has not changed."""

ROUNDS = 3

OURS = """
import json, sys, time
from pathlib import Path
from core.data.dataset import scan_dataset
from core.checks.quality import assess
started = time.perf_counter()
index = scan_dataset(sys.argv[1])
found = assess(index).to_dict()
seconds = time.perf_counter() - started
names = {kind: [row["file"] for row in record.get("files", [])] + sum(record.get("groups", []), [])
         for kind, record in found.items()}
print(json.dumps({"seconds": seconds, "pictures": len(index.files), "found": names}))
"""

THEIRS = """
import json, sys, time, warnings
from pathlib import Path
warnings.filterwarnings("ignore")
from cleanvision import Imagelab
if __name__ == "__main__":
    root, kinds = Path(sys.argv[1]), sys.argv[2].split(",")
    started = time.perf_counter()
    lab = Imagelab(data_path=str(root))
    lab.find_issues(dict.fromkeys(kinds, {}), verbose=False)
    seconds = time.perf_counter() - started
    table = lab.issues
    names = {kind: [Path(path).relative_to(root).as_posix() for path in table.index[table[f"is_{kind}_issue"]]]
             for kind in kinds}
    print(json.dumps({"seconds": seconds, "pictures": len(table), "found": names}))
"""

KINDS = (
    "blurry", "dark", "light", "low_information", "odd_size", "odd_aspect_ratio", "exact_duplicates", "near_duplicates",
)  # fmt: skip

Report = Callable[[str], None]


def measure(rounds: int = ROUNDS, report: Report = lambda _: None) -> list[Figure]:
    """The figures; the comparison only where cleanvision is installed.

    Args:
        rounds: int. How often each is measured; the medians are compared.
        report: callable of a sentence on what was just measured. Defaults to silence.
    """
    with tempfile.TemporaryDirectory() as home:
        folder, what = _images(Path(home))
        reason, first, again, theirs, last = _missing(), [], [], [], {}
        for number in range(rounds):
            round_home = Path(home) / f"round-{number}"
            last["ours"] = _run(OURS, sys.executable, round_home, folder)
            first.append(last["ours"]["seconds"])
            again.append(_run(OURS, sys.executable, round_home, folder)["seconds"])
            report(f"round {number + 1}: ours {first[-1]:.2f} s, then {again[-1]:.2f} s")
            if not reason:
                last["theirs"] = _run(THEIRS, _interpreter(), round_home, folder, ",".join(KINDS))
                theirs.append(last["theirs"]["seconds"])
                report(f"round {number + 1}: cleanvision {theirs[-1]:.2f} s")
    images = f"{last['ours']['pictures']:,} {what}"
    same = middle("scan of an unchanged folder", again, f"<= {SECONDS:g}", "s", images)
    name = "scan with quality against cleanvision on the same questions"
    if not theirs:
        return [middle(f"{name} (left out)", first, "", "s", reason), same]
    note = f"{median(first):.2f} s against {median(theirs):.2f} s, {images}"
    return [ratio(name, theirs, first, f">= {FASTER:g}", note), same, *_agreement(last["ours"], last["theirs"])]


def _agreement(ours: dict[str, Any], theirs: dict[str, Any]) -> list[Figure]:
    """How many images both single out, kind by kind; nothing is asked for, the questions are put differently."""
    figures = []
    for kind in KINDS:
        mine, other = set(ours["found"][kind]), set(theirs["found"][kind])
        note = f"{len(mine)} by ours, {len(other)} by cleanvision"
        figures.append(Figure(f"{kind}: in both", len(mine & other), "", "pictures", note))
    return figures


def _images(home: Path) -> tuple[Path, str]:
    """The folder that is scanned, and what is in it."""
    data = os.environ.get("PARITY_TEST_DATA")
    xrays = Path(data) / "data" / "chest_xray" if data else None
    if xrays is not None and xrays.is_dir():
        return xrays.resolve(), "X-rays"
    from core.data.sample import ensure_sample

    return ensure_sample(home / "sample"), "images of the built-in sample"


def _interpreter() -> str:
    return os.environ.get("PARITY_BENCH_PYTHON") or sys.executable


def _missing() -> str:
    """Why cleanvision cannot be measured; empty where it can."""
    command = [_interpreter(), "-c", "import cleanvision"]
    try:
        code = subprocess.run(command, capture_output=True, check=False, timeout=120).returncode
    except (OSError, subprocess.TimeoutExpired):
        return f"{_interpreter()} does not run"
    where = "the Python of PARITY_BENCH_PYTHON" if "PARITY_BENCH_PYTHON" in os.environ else "this Python"
    return f"cleanvision is not installed for {where}; see requirements-bench.txt" if code else ""


def _run(program: str, interpreter: str, home: Path, *arguments: object) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "program.py"  # a file: cleanvision's processes start from it
        script.write_text(program, encoding="utf-8")
        result = subprocess.run(
            [interpreter, str(script), *map(str, arguments)],
            env={**os.environ, "PARITY_HOME": str(home), "PYTHONPATH": str(ROOT)},
            cwd=ROOT, capture_output=True, text=True, timeout=1800, check=True,
        )  # fmt: skip
    record: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return record


def main() -> int:
    """Prints the figures; returns 1 when one that could be measured is beyond its limit."""
    figures = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS, lambda text: print(text, flush=True))
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
