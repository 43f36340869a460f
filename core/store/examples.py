"""Example runs that come with the program: installs them into PARITY_HOME.

`core/sample_runs/` holds what the program itself has made (tests/make_sample_runs.py makes it again): one pooled head
with its model, and the puzzle's two runs with the bisect between them as records without models.
"""

import gzip
import json
import shutil
from pathlib import Path

from core import files, paths
from core.data.sample import sample_folder
from core.errors import UserError

EXAMPLES = Path(__file__).resolve().parents[1] / "sample_runs"

ROOT_MARK = "{sample}"
"""Stands in the records for the folder of the sample set, which is another one on every machine."""

_TEXTS = (".json", ".jsonl", ".csv")


def install() -> None:
    """Puts the shipped runs into the home, where they are not there yet; several may do so at once.

    Raises:
        UserError: the home cannot be written.
    """
    home = paths.home()
    lock = files.Lock(home / "shipped.lock")
    try:
        if not lock.acquire(timeout=30):
            raise UserError("another page is installing the sample runs; try again in a moment")
        for kind in ("runs", "bisects"):
            for source in sorted((EXAMPLES / kind).iterdir()):
                _copy(source, home / kind / source.name)
        if not (home / "puzzle.json").exists():
            files.write_json(home / "puzzle.json", files.read_json(EXAMPLES / "puzzle.json"))
    except OSError as error:
        raise UserError(f"the sample runs cannot be installed in {home}: {files.why_not_written(error)}") from error
    finally:
        lock.release()


def is_installed() -> bool:
    """Whether the shipped runs are all in the home."""
    names = [source.name for source in (EXAMPLES / "runs").iterdir()]
    return all((paths.runs_folder() / name).is_dir() for name in names)


def puzzle() -> tuple[str, str, str]:
    """Ids of the puzzle's two shipped runs, the one that learns first, and of the search between them."""
    record = json.loads((EXAMPLES / "puzzle.json").read_text(encoding="utf-8"))
    first, second = record["runs"]
    return first, second, record["bisect"]


def run_with_model() -> str:
    """Id of the shipped run that can predict."""
    return next((EXAMPLES / "runs").glob("*/model.keras.gz")).parent.name


def _copy(source: Path, target: Path) -> None:
    """Copies a run's folder beside its place and moves it there whole."""
    if target.exists():
        return
    beside = target.with_name(f".{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside)
    root = json.dumps(str(sample_folder(paths.samples_folder())))[1:-1]
    for path in beside.rglob("*"):
        if path.suffix in _TEXTS and ROOT_MARK in (text := path.read_text(encoding="utf-8")):
            path.write_text(text.replace(ROOT_MARK, root), encoding="utf-8")
    for path in beside.glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    beside.replace(target)
