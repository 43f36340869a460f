"""The command `export`: a run or its model as Keras, SavedModel, LiteRT, ONNX, script, model card or zip."""

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.cli.terminal import Line
from core.export.export_client import Export, export_run, size_of
from core.export.formats import FORMATS
from core.export.labels import outputs_of
from core.export.small import measured_words, warning
from core.store.runs import Run, RunStore
from core.workers.predict_client import NOT_MEDICAL, is_medical


def add_parser(command: AddCommand) -> None:
    """Adds `export` to the command line."""
    export = command("export", run_export, "Export a run or its model in a format that other programs read.")
    export.add_argument("run", metavar="RUN")
    forms = "; ".join(f"{kind.name}: {kind.title}" for kind in FORMATS.values())
    export.add_argument("--format", required=True, choices=list(FORMATS), metavar="|".join(FORMATS), help=forms)
    export.add_argument("--out", required=True, type=Path, metavar="PATH", help="the suffix is added if it is missing")
    export.add_argument("--force", action="store_true", help="overwrite an existing file")


def run_export(options: argparse.Namespace) -> int:
    """Exports one run and says what came of it."""
    run, line = RunStore().get(options.run), Line(quiet=options.json)
    done = export_run(run, options.format, options.out, force=options.force, progress=lambda words, _: line.show(words))
    line.show("")
    if options.json:
        print_json(_record(run, options.format, done))
        return 0
    for path in (done.path, *done.beside):
        size = size_of(path)
        print(f"{path}  {size / 1e6:.1f} MB" if size >= 10**5 else f"{path}  {size / 1e3:.0f} kB")
    for words in _words(run, options.format, done):
        print(words)
    if "small" in done.facts and (loss := warning(done.facts["small"])):
        print(loss, file=sys.stderr)
    return 0


def _record(run: Run, kind: str, done: Export) -> dict[str, Any]:
    return {
        "run": run.id,
        "format": kind,
        "path": str(done.path),
        "beside": [str(path) for path in done.beside],
        "bytes": done.size,
        "classes": run.classes(),
        "image_size": run.config().data.image_size,
        "difference": done.facts.get("difference"),
        "pictures": done.facts.get("pictures", 0),
        "notice": NOT_MEDICAL if is_medical(run) else "",
        **_small(done),
    }


def _small(done: Export) -> dict[str, Any]:
    """What a smaller export loses; nothing of the others."""
    facts = done.facts.get("small")
    return {"small": {**facts, "warning": warning(facts)}} if facts else {}


def _words(run: Run, kind: str, done: Export) -> list[str]:
    """What whoever uses the file has to know."""
    if not FORMATS[kind].of_model:
        return []
    classes, size = run.classes(), run.config().data.image_size
    gives = f"the probability of {classes[1]}" if outputs_of(run) == 1 else "one probability a class"
    words = [f"takes RGB pixels, 0 to 255, float32, (n, {size}, {size}, 3); gives {gives} ({', '.join(classes)})"]
    difference = done.facts.get("difference")
    if "small" in done.facts:
        words += measured_words(done.facts["small"])
    elif difference is not None:
        words.append(
            f"compared with the run's own model on {done.facts['pictures']} images: differs by {difference:.1g}"
        )
    return [*words, *([NOT_MEDICAL] if is_medical(run) else [])]
