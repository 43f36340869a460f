"""The command `split`: re-splits a dataset without data leakage, or goes back to its folders."""

import argparse

from core.checks.resplit import resplit
from core.cli.command import AddCommand
from core.cli.layout import add_layout, heed_layout
from core.cli.output import print_json
from core.cli.settings import DATASET_HELP
from core.cli.terminal import Line
from core.config import DataConfig, make_config
from core.data.dataset import scan_dataset
from core.data.split_file import remove_split


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command(
        "split",
        split,
        "Split a dataset again: patients and duplicates stay together, stratified by class. No image is moved.",
    )
    parser.add_argument("dataset", metavar="DATASET", help=DATASET_HELP)
    add_layout(parser)
    parser.add_argument("--share", default=DataConfig().validation_split, help="validation fraction; default: 0.2")
    parser.add_argument("--seed", default=DataConfig().seed, help="seed of the split")
    parser.add_argument("--group-pattern", default=DataConfig().group_pattern, help="see data.group_pattern")
    parser.add_argument("--undo", action="store_true", help="remove the split file and use the folders again")


def split(options: argparse.Namespace) -> int:
    """Makes or forgets the split file."""
    line = Line(quiet=options.json)
    heed_layout(options)
    index = scan_dataset(options.dataset, line.progress("Scanning"))
    if options.undo:
        line.show("")
        removed = remove_split(index.root)
        if options.json:
            return print_json({"removed": removed})
        print("The split file is removed; the folders are used again." if removed else "There is no split file.")
        return 0
    settings = {
        "data.validation_split": options.share,
        "data.seed": options.seed,
        "data.group_pattern": options.group_pattern,
    }
    data = make_config(options.dataset, settings).data
    made = resplit(index, data.validation_split, data.seed, data.group_pattern, line.progress("Compares"))
    line.show("")
    if options.json:
        print_json(made.to_dict())
        return 0
    for part, counts in made.counts().items():
        print(f"{part:<6}" + "  ".join(f"{name} {count}" for name, count in counts.items()))
    print(f"{made.groups:,} groups of {made.grouped:,} images were kept together. Kept in {made.path}")
    return 0
