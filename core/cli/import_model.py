"""The command `import-model`: imports a .keras or .h5 file from elsewhere, to predict with it."""

import argparse
import sys
from pathlib import Path

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.data.rendering import FITS
from core.errors import ModelError
from core.models.class_names import QUOTING, read_classes, split_classes
from core.models.trial import PIXELS, PIXELS_HELP
from core.workers.try_model_client import import_model, import_notes

FIT_HELP = (
    "how its images became squares: stretch (width and height on their own), letterbox (bars of the edge's colour), "
    "letterbox_black, or crop (the middle); unless told what the file says of it, crop for Teachable Machine, "
    "else stretch"
)


def add_parser(command: AddCommand) -> None:
    """Adds `import-model` to the command line."""
    parser = command(
        "import-model",
        run_import_model,
        "Bring a .keras or .h5 model from elsewhere to predict with it; it is looked into before it is run.",
    )
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="a .keras file, or an .h5 file of Keras 2 (Teachable Machine, too)"
    )
    names = parser.add_mutually_exclusive_group(required=True)
    names.add_argument("--classes", metavar="A,B", help=f"their names, in the order of the outputs; {QUOTING}")
    names.add_argument(
        "--classes-file", metavar="FILE", type=Path, help="a text file with one name a line, such as labels.txt"
    )
    parser.add_argument("--pixels", metavar="SCALE", choices=list(PIXELS), default="", help=PIXELS_HELP)
    parser.add_argument("--fit", choices=FITS, default="", help=FIT_HELP)
    parser.add_argument("--name", default="", help="what to call it; the file's name unless told")


def run_import_model(options: argparse.Namespace) -> int:
    """Brings one model and prints the run it has become."""
    classes = read_classes(options.classes_file) if options.classes_file else split_classes(options.classes)
    try:
        with options.file.open("rb") as source:
            run = import_model(
                source, classes, options.name or options.file.stem, pixels=options.pixels, fit=options.fit
            )
    except OSError as error:
        raise ModelError(f"{options.file} cannot be read: {error.strerror}") from error
    manifest, notes = run.data(), import_notes(run)
    if options.json:
        record = {"run": run.id, "classes": manifest.classes, "notes": notes}
        print_json({**record, "pixels": manifest.imported.get("pixels"), "fit": run.config().data.fit})
    else:
        print(f"run {run.id}: predict with it by `python -m core predict {run.id} IMAGE...`")
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
    return 0
