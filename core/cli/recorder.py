"""The command `recorder`: writes parity_recorder.py, which records a training that no configuration expresses."""

import argparse
from pathlib import Path

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.errors import DataError
from core.recorder.recorder_file import NAME, recorder_bytes


def add_parser(command: AddCommand) -> None:
    """Adds `recorder` to the command line."""
    text = "Write parity_recorder.py: three lines in your Keras 3 script record its training for `import-run`."
    sub = command("recorder", run, text)
    sub.add_argument(
        "--out", metavar="FILE", type=Path, default=Path(NAME), help=f"where to write it; default: ./{NAME}"
    )


def run(options: argparse.Namespace) -> int:
    """Writes the file, unless there is one already that is another."""
    path: Path = options.out / NAME if options.out.is_dir() else options.out
    content = recorder_bytes()
    try:
        if path.exists() and path.read_bytes() != content:
            raise DataError(f"{path} exists already with other content; give another name to --out")
        path.write_bytes(content)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}; give another file to --out") from error
    if options.json:
        return print_json({"file": str(path)})
    print(f"{path}: put it next to your script; its first lines describe how to use it")
    return 0
