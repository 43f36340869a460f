"""`import-model`: bring a .keras file from elsewhere, to predict with it."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from core.errors import ModelError
from core.workers.try_model_client import import_model

Command = Callable[..., argparse.ArgumentParser]


def add_parser(command: Command) -> None:
    """Adds `import-model` to the command line."""
    parser = command(
        "import-model",
        run_import_model,
        "Bring a .keras model from elsewhere to predict with it; it is looked into before anything of it is run.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="raw RGB pixels (0 to 255) in, probabilities out")
    parser.add_argument("--classes", required=True, metavar="A,B", help="their names, in the order of the outputs")
    parser.add_argument("--name", default="", help="what to call it; the file's name unless told")


def run_import_model(options: argparse.Namespace) -> int:
    """Brings one model and prints the run it has become."""
    try:
        with options.file.open("rb") as source:
            run = import_model(source, options.classes.split(","), options.name or options.file.stem)
    except OSError as error:
        raise ModelError(f"{options.file} cannot be read: {error.strerror}") from error
    if options.json:
        print(json.dumps({"run": run.id, "classes": (run.manifest() or {}).get("classes", [])}))
    else:
        print(f"run {run.id}: predict with it by `python -m core predict {run.id} IMAGE...`")
    return 0
