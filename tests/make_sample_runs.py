"""Makes core/sample_runs/ anew: trains, searches, and packs what may be shipped. Takes about five minutes.

    python tests/make_sample_runs.py [HOME]

HOME is where it trains; runs of these names that are there already are taken as they are.
"""

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

POOLED, BOTTLENECK, END_TO_END = "Sample: pooled head", "Puzzle: bottleneck", "Puzzle: end to end"
TRAININGS = (
    ("--set", "training.epochs=15", "--name", POOLED),
    ("--preset", "question-bottleneck", "--name", BOTTLENECK),
    ("--preset", "question-end-to-end", "--name", END_TO_END),
)
KEPT = (
    *("config.json", "status.json", "events.jsonl", "manifest.json", "findings.json", "evaluation.json"),
    *("predictions.csv", "trace.json", "result.json"),
)


def command(*arguments: str) -> None:
    """One command of the program."""
    subprocess.run([sys.executable, "-m", "core", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def make(home: Path) -> None:
    """Trains and searches whatever is not there yet, and packs it."""
    os.environ["PARITY_HOME"] = str(home)
    from core import files
    from core.bisect.store import BisectStore
    from core.store.examples import EXAMPLES
    from core.store.runs import RunStore

    store = RunStore()
    titles = {run.title() for run in store.list()}
    for arguments in TRAININGS:
        if arguments[-1] not in titles:
            command("train", "sample", *arguments)
    ends = [next(run for run in reversed(store.list()) if run.title() == name) for name in (BOTTLENECK, END_TO_END)]
    if not BisectStore().list():
        command("bisect", *(run.id for run in ends), "--json")
    bisect = BisectStore().list()[0]
    shutil.rmtree(EXAMPLES, ignore_errors=True)
    trials = {trial["run"] for trial in bisect.result()["arms"] if trial["run"]}
    for run in store.list():
        if run.title() == POOLED or run.id in {*trials, *(end.id for end in ends)}:
            pack(run.path, EXAMPLES / "runs" / run.id, home, model=run.title() == POOLED)
    pack(bisect.path, EXAMPLES / "bisects" / bisect.id, home, model=False)
    files.write_json(EXAMPLES / "puzzle.json", {"runs": [run.id for run in ends], "bisect": bisect.id})


def pack(source: Path, target: Path, home: Path, *, model: bool) -> None:
    """Copies the records of a run, in which the folder of the sample set is a mark."""
    from core.data.sample import sample_folder
    from core.store.examples import ROOT_MARK

    target.mkdir(parents=True)
    for name in KEPT:
        if (source / name).is_file():
            text = (source / name).read_text(encoding="utf-8")
            text = text.replace(str(sample_folder(home / "sample")), ROOT_MARK)
            if str(home) in text:
                raise SystemExit(f"{source / name} names {home}")
            (target / name).write_text(text, encoding="utf-8")
    if model:
        shutil.copyfile(source / "reference.npz", target / "reference.npz")
        # Its backbone's weights have half of their bits empty, so it shrinks to half.
        (target / "model.keras.gz").write_bytes(gzip.compress((source / "model.keras").read_bytes(), mtime=0))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder).resolve())
