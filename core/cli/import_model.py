"""The command `import-model`: imports a .keras or .h5 file from elsewhere, to predict with it."""

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.data.rendering import FITS
from core.errors import ModelError
from core.models.class_names import QUOTING, read_classes, split_classes
from core.models.file_kind import SAVED_MODEL
from core.models.other_formats import MODELS
from core.models.packed import LABELS
from core.models.trial import PIXELS, PIXELS_HELP
from core.workers.try_model_client import import_model, import_notes

FIT_HELP = (
    "how its images become square: stretch (without keeping the aspect ratio), letterbox (bars in the edge colour), "
    "letterbox_black, or crop (centre); default: as stored in the file, crop for Teachable Machine, else stretch"
)


def add_parser(command: AddCommand) -> None:
    """Adds `import-model` to the command line."""
    parser = command(
        "import-model",
        run_import_model,
        "Import a .keras or .h5 model to predict with it; the file is checked before the model is run.",
    )
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="a .keras or .h5 file of Keras 2.3 or later, or a zip with one"
    )
    names = parser.add_mutually_exclusive_group()
    names.add_argument("--classes", metavar="A,B", help=f"their names, in the order of the outputs; {QUOTING}")
    names.add_argument(
        "--classes-file",
        metavar="FILE",
        type=Path,
        help="a text file with one name per line; labels.txt next to FILE, or in the zip, is used automatically",
    )
    parser.add_argument("--pixels", metavar="SCALE", choices=list(PIXELS), default="", help=PIXELS_HELP)
    parser.add_argument("--labelled", metavar="DATASET", default="", help="labelled images for finding the pixel scale")
    parser.add_argument("--fit", choices=FITS, default="", help=FIT_HELP)
    parser.add_argument("--name", default="", help="name of the model; default: the file's name")


def run_import_model(options: argparse.Namespace) -> int:
    """Brings one model and prints the run it has become."""
    if options.file.is_dir():
        raise ModelError(_folder_words(options.file))
    classes = _classes(options)
    try:
        with options.file.open("rb") as source:
            run = import_model(
                source, classes, options.name or options.file.stem,
                pixels=options.pixels, fit=options.fit, labelled=options.labelled,
            )  # fmt: skip
    except OSError as error:
        raise ModelError(f"{options.file} cannot be read: {error.strerror}") from error
    manifest, notes = run.data(), import_notes(run)
    if options.json:
        record = {"run": run.id, "classes": manifest.classes, "notes": notes}
        found: dict[str, Any] = {
            key: manifest.imported[key] for key in ("pixels", "scales") if key in manifest.imported
        }
        print_json({**record, **found, "fit": run.config().data.fit})
    else:
        print(f"run {run.id}: predict with it by `python -m core predict {run.id} IMAGE...`")
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
    return 0


def _classes(options: argparse.Namespace) -> list[str]:
    """The names as they are given, else those in labels.txt beside the file; a zip may bring its own."""
    beside = options.file.with_name(LABELS)
    if options.classes_file or options.classes is not None:
        return read_classes(options.classes_file) if options.classes_file else split_classes(options.classes)
    return read_classes(beside) if beside.is_file() and options.file.suffix.lower() != ".zip" else []


def _folder_words(folder: Path) -> str:
    if (folder / "saved_model.pb").is_file():
        return SAVED_MODEL
    inside = sorted(file.name for file in folder.iterdir() if file.name.lower().endswith(MODELS))
    return f"{folder} is a folder; give the file of the model{f', such as {inside[0]}' if inside else ''}"
