"""Prepared exports for download from a page: made once, kept for a while below the cache, one at a time."""

import hashlib
import json
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

from core import files, paths
from core.errors import RunError
from core.export.export_client import export_run
from core.export.formats import Format
from core.export.zips import writing_zip
from core.progress import StepProgress
from core.store.runs import Run

LIMIT_BYTES = 2 * 10**9
"""Most that is kept; the oldest go first."""

WAIT_SECONDS = 120.0
"""How long an export waits for those before it: each of those that convert loads TensorFlow."""

FACTS = "facts.json"
"""Beside the file what its conversion has said of it."""

_VERSION = 3
"""To be raised when a format is written otherwise than before: what was kept is then made again."""

_one_at_a_time = threading.Lock()


def prepared(run: Run, kind: Format) -> Path | None:
    """The file that is ready for the run as it is now; None where there is none."""
    folder = _folder(run, kind)
    ready = [path for path in folder.iterdir() if path.is_file() and path.name != FACTS] if folder.is_dir() else []
    return ready[0] if ready else None


def prepared_facts(run: Run, kind: Format) -> dict[str, Any]:
    """What the conversion said of the file that is ready; empty where there is none."""
    return files.read_json(_folder(run, kind) / FACTS) or {}


def prepare_export(run: Run, kind: Format, progress: StepProgress | None = None, images: str | None = None) -> Path:
    """Makes one file of an export; a SavedModel's folder, or a script with its model, as a zip.

    Args:
        run: Run.
        kind: Format.
        progress: callable of (words, share done). Defaults to none.
        images: str or None. Where a script looks for the images. Defaults to where they were.

    Raises:
        RunError: see `export_run`; or others are being made.
    """
    if not _one_at_a_time.acquire(timeout=WAIT_SECONDS):
        raise RunError("other exports are running; try again in a moment")
    try:
        if ready := prepared(run, kind):
            return ready
        root = _root()
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=root) as scratch:
            name = f"{run.id}{kind.suffix}" if kind.suffix else run.id
            done = export_run(run, kind.name, Path(scratch) / "made" / name, progress=progress, images=images)
            ready = _one_file(done.path, Path(scratch) / "ready", packed=not kind.suffix or bool(done.beside))
            files.write_json(ready.parent / FACTS, done.facts)
            _make_room(ready.stat().st_size)
            return _keep(ready, _folder(run, kind))
    except OSError as error:
        raise RunError(f"the export cannot be stored: {error.strerror}") from error
    finally:
        _one_at_a_time.release()


def _root() -> Path:
    return paths.cache_folder() / "exports"


def _folder(run: Run, kind: Format) -> Path:
    """Named by what the export is made of, so that a resumed run's old export is not offered again."""
    facts: list[object] = [run.id, kind.name, _VERSION]
    for name in ("config.json", "model.keras", "evaluation.json", "events.jsonl"):
        path = run.path / name
        facts.append([path.stat().st_mtime_ns, path.stat().st_size] if path.is_file() else None)
    return _root() / hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _one_file(path: Path, folder: Path, *, packed: bool) -> Path:
    """The export as one file in a folder of its own."""
    folder.mkdir()
    if not packed:
        return path.replace(folder / path.name)
    made, ready = path.parent, folder / f"{path.stem}.zip"
    with writing_zip(ready, zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(made.rglob("*")):
            archive.write(file, file.relative_to(made))
    return ready


def _keep(ready: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    ready.parent.replace(folder)
    files.sync_folder(folder.parent)
    return folder / ready.name


def _make_room(size: int) -> None:
    """Removes the oldest exports until this one fits."""
    kept = sorted((path.stat().st_mtime, path) for path in _root().iterdir() if not path.name.startswith("."))
    held = {path: sum(file.stat().st_size for file in path.iterdir()) for _, path in kept}
    while kept and sum(held.values()) + size > LIMIT_BYTES:
        _, oldest = kept.pop(0)
        held.pop(oldest)
        shutil.rmtree(oldest, ignore_errors=True)
