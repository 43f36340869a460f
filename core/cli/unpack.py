"""The command `unpack`: writes the images out of Parquet files, as a folder that can be trained on."""

import argparse
from pathlib import Path

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.cli.terminal import Line
from core.data.parquet_images import unpack_parquet


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("unpack", unpack, "Extract the images of Parquet files (Hugging Face) into class folders.")
    parser.add_argument("source", metavar="PARQUET", help="a Parquet file, or a folder of them")
    parser.add_argument("destination", metavar="FOLDER", help="output folder; it must not exist")
    parser.add_argument("--label", default="", metavar="COL", help="column of the class, if it is not detected")
    parser.add_argument("--image", default="", metavar="COL", help="column of the images, if there are several")


def unpack(options: argparse.Namespace) -> int:
    """Writes the images and prints how many of each part and class."""
    line = Line(quiet=options.json)
    source, destination = Path(options.source).expanduser(), Path(options.destination).expanduser()
    made = unpack_parquet(source, destination, options.label, progress=line.progress("Writes"), image=options.image)
    line.show("")
    if options.json:
        counts = [{"part": part, "class": label, "images": n} for (part, label), n in sorted(made.counts.items())]
        print_json({"folder": str(made.folder), "counts": counts, "skipped": made.skipped, "notes": made.notes})
        return 0
    for (part, label), number in sorted(made.counts.items()):
        print(f"{part or 'all':<6}{label} {number}")
    for note in made.notes:
        print(note)
    if made.skipped:
        print(f"{made.skipped:,} rows have no readable image or no class.")
    print(f"Written to {made.folder}")
    return 0
