"""The command `labels`: likely label errors, ranked; and the list of corrections and excluded images."""

import argparse
import sys
from typing import TYPE_CHECKING

from core.access.persons import COMMAND_LINE
from core.cli.command import AddCommand
from core.cli.layout import add_layout, heed_layout
from core.cli.output import print_json
from core.cli.settings import DATASET_HELP
from core.cli.terminal import Line, follow
from core.config import DataConfig
from core.cross_validation.store import CrossValidationStore
from core.data.corrections import EXCLUDED, change_labels, correct, undo_labels
from core.data.dataset import prepare, scan_dataset
from core.data.dataset_index import DatasetIndex
from core.errors import DataError, RunError
from core.label_review.doubt import why_undecided
from core.label_review.store import Review, ReviewSpec, ReviewStore
from core.start import start
from core.store.runs import Status
from core.workers import launch

if TYPE_CHECKING:
    from core.store.job_records import ReviewResult


_SHOWN = 20

STOPPING = "Stopping after this batch; nothing is kept, and the same command starts again."

_METHODS = {
    "cleanlab": "by confident learning (cleanlab) on out-of-fold predictions",
    "neighbours": "by the classes of the most similar images, as cleanlab is not installed",
}


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command(
        "labels",
        labels,
        "List likely label errors, the most likely first; or correct labels, in a list next to the dataset.",
    )
    parser.add_argument("dataset", metavar="DATASET", help=DATASET_HELP)
    add_layout(parser)
    parser.add_argument(
        "--top", type=int, default=_SHOWN, metavar="N", help=f"number of images to print; default: {_SHOWN}"
    )
    parser.add_argument("--cv", default="", metavar="ID", help="use the out-of-fold predictions of a cross-validation")
    parser.add_argument("--exclude", action="append", default=[], metavar="FILE", help="exclude an image")
    parser.add_argument(
        "--relabel", action="append", default=[], metavar="FILE=CLASS", help="change the class of an image"
    )
    parser.add_argument("--undo", action="store_true", help="undo the last change")


def labels(options: argparse.Namespace) -> int:
    """Changes the list, or reviews the labels and prints the ranking."""
    line = Line(quiet=options.json)
    heed_layout(options)
    index = scan_dataset(options.dataset, line.progress("Scanning"))
    line.show("")
    if options.undo:
        return _undo(index, as_json=options.json)
    if changes := _changes(options.exclude, options.relabel):
        change_labels(index, changes)
        return _print_list(index, as_json=options.json)
    review = _find_or_make(options.dataset, index, options.cv)
    status = (
        follow(review, quiet=options.json, stopping=STOPPING) if launch.poll(review).is_active else launch.poll(review)
    )
    result = review.result()
    if result is None or status.status != "finished":
        print(status.message, file=sys.stderr)
        return 1 if status.fault == "user" or status.status == "stopped" else 3
    _print(review, result, options)
    return 0


def _how(result: "ReviewResult") -> str:
    if result.cross_validation and result.method == "cleanlab":
        return f"by confident learning (cleanlab) on the predictions of cross-validation {result.cross_validation}"
    return _METHODS[result.method]


def _find_or_make(reference: str, index: DatasetIndex, answers: str) -> Review:
    """The review of these images and labels: an existing one, or a new one that is running."""
    dataset, store = prepare(index, DataConfig()), ReviewStore()
    review = store.find(dataset)
    if answers and CrossValidationStore().by_id(answers) is None:
        raise RunError(f"there is no cross-validation {answers[:100]}; `python -m core runs --groups` lists them")
    if review is None or review.answers_of() != answers or _has_ended_early(launch.poll(review)):
        review = start.start("review", ReviewSpec(reference, dataset, answers), COMMAND_LINE)
    return review


def _has_ended_early(status: Status) -> bool:
    return not status.is_active and status.status != "finished"


def _changes(excluded: list[str], relabelled: list[str]) -> dict[str, str]:
    """Changes by path.

    Raises:
        DataError: a pair has no equals sign.
    """
    changes = dict.fromkeys(excluded, EXCLUDED)
    for pair in relabelled:
        path, equals, label = pair.rpartition("=")
        if not equals or not path or not label:
            raise DataError(f"--relabel {pair}: FILE=CLASS is expected, for instance train/cats/1.jpg=dogs")
        changes[path] = label
    return changes


def _undo(index: DatasetIndex, *, as_json: bool) -> int:
    number = undo_labels(index.root)
    if not as_json:
        print(f"The last change, of {number} images, was undone." if number else "There is nothing to undo.")
    return _print_list(index, as_json=as_json)


def _print_list(index: DatasetIndex, *, as_json: bool) -> int:
    """What the list says now."""
    applied = correct(index)[1]
    if as_json:
        print_json({"corrections": applied.to_dict()})
    elif text := applied.sentence():
        print(f"{text} The list is in {applied.path}")
    else:
        print("The list of corrections is empty.")
    return 0


def _print(review: Review, result: "ReviewResult", options: argparse.Namespace) -> None:
    if options.json:
        # With the places on the map, whose axes `explained` is about.
        keys = ("file", "label", "suggested", "score", "issue", "neighbours", "x", "y", "tsne")
        rows = [{key: value for key, value in row.items() if key in keys} for row in result.files]
        facts = result.model_dump(include={"method", "pictures", "issues", "explained"})
        print_json({"review": review.id, **facts, "undecided": why_undecided(result), "files": rows})
        return
    undecided = why_undecided(result)
    verb = "label looks" if result.issues == 1 else "labels look"
    print(undecided or f"{result.issues:,} of {result.pictures:,} {verb} wrong, {_how(result)}.")
    for row in result.files[: max(0, options.top)]:
        mark = "!" if row["issue"] and not undecided else " "
        fits = f"{row['neighbours']} of 10 similar images agree"
        print(f"{mark} {row['score']:.3f}  {row['file']}: {row['label']}, looks like {row['suggested']}; {fits}")
    if result.files:
        print("To correct one: --relabel FILE=CLASS or --exclude FILE; --undo reverts it. No image file is changed.")
