"""The command `fetch`: downloads a published dataset by its name."""

import argparse
from pathlib import Path

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.cli.terminal import Line
from core.data.collections import COLLECTIONS, fetch_collection, find_collection


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("fetch", fetch, "Download a public dataset, verify it, and write it as folders of images.")
    names = ", ".join(dict.fromkeys(each.name for each in COLLECTIONS))
    parser.add_argument("name", metavar="NAME", help=names)
    parser.add_argument("--size", type=int, help="pixels per side: 28, 64, 128 or 224; default: 28")
    parser.add_argument("--file", type=Path, help="the published file, if it is already downloaded")


def fetch(options: argparse.Namespace) -> int:
    """Fetches and prints where the images lie."""
    collection, line = find_collection(options.name, options.size), Line(quiet=options.json)
    folder = fetch_collection(collection, options.file, line.progress("Fetches"))
    line.show("")
    if options.json:
        facts = {"title": collection.title, "counts": collection.counts, "licence": collection.licence}
        return print_json({"dataset": str(folder), **facts})
    counts = ", ".join(f"{part} {number}" for part, number in collection.counts.items())
    print(f"{collection.title}, {collection.licence}: {counts}\n{folder}")
    print(f"{collection.source}\nLook at it: python -m core scan {folder}")
    return 0
