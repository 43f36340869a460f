"""Exports a run in one of the formats; what needs TensorFlow is made by a process of its own."""

import json
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from core.errors import RunError
from core.export.bundle import write_bundle
from core.export.card import model_card
from core.export.formats import Format, find_format
from core.export.labels import label_keras, model_record
from core.export.script import BASE_SUFFIX, require_repeatable, training_script
from core.export.target import placing, refuse_overwriting, target_of
from core.progress import StepProgress
from core.store.runs import Run
from core.workers.predict_client import require_model
from core.workers.run_module import start_module

SECONDS = 600.0
"""Most a conversion may take: a large network takes about a minute on two cores."""


@dataclass(frozen=True)
class Export:
    """What was written.

    Attributes:
        path: Path. The file, or the folder of a SavedModel.
        size: int. Its bytes.
        beside: tuple of Path. Other files that belong to it and lie in the same folder.
        facts: dict. What the conversion says of itself; see `core.engine.jobs.export`.
    """

    path: Path
    size: int
    beside: tuple[Path, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def export_run(
    run: Run,
    format_name: str,
    out: Path,
    *,
    force: bool = False,
    progress: StepProgress | None = None,
    images: str | None = None,
) -> Export:
    """Writes a run, or its model, in another form; whole or not at all.

    Args:
        run: Run.
        format_name: str. A key of `FORMATS`.
        out: Path. Gets the format's suffix where it lacks one.
        force: bool. Replace what is there. Defaults to `False`.
        progress: callable of (words, share done). Defaults to none.
        images: str or None. Where a script looks for the images. Defaults to where they were.

    Raises:
        RunError: there is no such format, the run has not what it needs, something is in the way, or the file cannot
            be written.
    """
    kind = find_format(format_name)
    run.config()  # damaged or newer: said before anything is written
    if kind.of_model:
        require_model(run)
    target = target_of(out, kind)
    report = progress or (lambda words, share: None)
    if kind.name == "script":
        return _export_script(run, target, report, force=force, images=images)
    refuse_overwriting(target, force=force)
    with placing(target) as path:
        facts = _write(run, kind, path, report)
    return Export(target, size_of(target), facts=facts)


def _write(run: Run, kind: Format, path: Path, report: StepProgress) -> dict[str, Any]:
    if kind.converts:
        return _in_process(run, kind.name, path, report)
    if kind.name == "keras":
        label_keras(run.path / "model.keras", path, model_record(run))
    elif kind.name == "card":
        path.write_text(model_card(run), encoding="utf-8")
    else:
        write_bundle(run, path)
    return {}


def _export_script(run: Run, target: Path, report: StepProgress, *, force: bool, images: str | None) -> Export:
    """The script, and beside it the base it starts from."""
    require_repeatable(run)
    base = target.with_name(target.stem + BASE_SUFFIX)
    for path in (target, base):
        refuse_overwriting(path, force=force)
    with placing(target) as script, placing(base) as model:
        facts = _in_process(run, "script", model, report)
        script.write_text(training_script(run, base.name, facts, images), encoding="utf-8")
    return Export(target, size_of(target), (base,), facts)


def _in_process(run: Run, kind: str, path: Path, report: StepProgress) -> dict[str, Any]:
    """Lets a process with TensorFlow write `path`; returns what it says of it.

    Raises:
        RunError: it failed, or took too long.
    """
    report("Loading TensorFlow.", 0.05)
    with (
        tempfile.TemporaryFile() as said,
        start_module(
            "core.engine.jobs.export", run.path.resolve(), kind, path.resolve(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
        ) as process,
    ):  # fmt: skip
        watch = threading.Timer(SECONDS, process.kill)
        watch.start()
        try:
            last = _listen(process, report)
            code = process.wait()
        finally:
            watch.cancel()
            process.kill()  # whoever gave up waiting wants no result any more
        if code == 0 and "done" in last:
            facts: dict[str, Any] = last["done"]
            return facts
        raise RunError(str(last["error"]) if "error" in last else _reason(run, kind, code, said))


def _listen(process: subprocess.Popen[bytes], report: StepProgress) -> dict[str, Any]:
    """Passes on what the process is at; returns the last thing it says."""
    record: dict[str, Any] = {}
    for line in process.stdout or ():
        record = json.loads(line)
        if "stage" in record:
            report(record["stage"], record["share"])
    return record


def _reason(run: Run, kind: str, code: int, said: IO[bytes]) -> str:
    """Why the process failed, from what it left on standard error, and which format needs no conversion."""
    instead = "" if kind == "script" else "; the format keras needs no conversion"
    if code < 0:
        return f"the conversion of run {run.id} was killed by the system: it took too much time or memory{instead}"
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    why = lines[-1][:300] if lines else f"exit code {code}"
    return f"the conversion of run {run.id} failed inside: {why}{instead}"


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
