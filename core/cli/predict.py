"""The command `predict`: class probabilities, heat maps, nearest training images, and the answers of a second run."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core import files
from core.cli.command import AddCommand
from core.cli.open_model import ask
from core.cli.output import print_json
from core.cli.written_file import refuse_replacing
from core.data.image_files import expand_images
from core.data.images import decode
from core.data.names import safe_stem
from core.errors import DataError
from core.insight import calibration, reference
from core.insight.answer import METHODS, Prediction
from core.insight.overlay import overlay
from core.insight.side_by_side import Pair, side_by_side
from core.insight.stored import stored_predictions
from core.insight.views import ALONE, MOST, Views, averaged, views_of
from core.store.csv_tables import csv_bytes
from core.store.run_images import run_rendering
from core.store.runs import Run, RunStore
from core.workers.predict_client import NOT_MEDICAL, NamedImage, answers, is_medical, require_model, to_csv

Record = dict[str, Any]

_NO_MAPS = (
    "no class activation map is written: this model has no feature map in front of a dense output, or computes "
    "something behind it"
)


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("predict", predict, "Classify images: class probabilities and the nearest training images.")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", type=Path, help='files, folders with all images in them, or "*.jpg"'
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the predictions to this file")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file of --csv")
    parser.add_argument("--heatmaps", type=Path, metavar="DIR", help="write class activation maps to this folder")
    parser.add_argument(
        "--calibrated",
        action="store_true",
        help="calibrated probabilities (temperature scaling fitted on the validation set)",
    )
    parser.add_argument(
        "--views",
        type=int,
        default=1,
        metavar="N",
        help=f"average the probabilities over N views of each image, 1 to {MOST}: the image, then mirrored and changed "
        "at random as the run's training images were (test-time augmentation; refused for a run without "
        "augmentation); takes N times as long; --calibrated keeps the temperature fitted without views. "
        "Measured on two sets: AUC 0.002 higher with 8 views; no gain in accuracy is shown (docs/defaults.md)",
    )
    parser.add_argument(
        "--with", dest="other", metavar="RUN", help="also predict with another run; disagreements come first"
    )


def predict(options: argparse.Namespace) -> int:
    """Asks, prints and writes; 1 when no image could be read."""
    later: list[Callable[[], object]] = []
    try:
        return _predict(options, later)
    finally:
        sys.stdout.flush()  # the answers first: what follows only makes the next command ready at once
        for keep in later:
            keep()


def _predict(options: argparse.Namespace, later: list[Callable[[], object]]) -> int:
    run = RunStore().get(options.run)
    other = RunStore().get(options.other) if options.other else None
    for asked in filter(None, (run, other)):
        require_model(asked)
    views = views_of(run, options.views)
    other_views = views_of(other, options.views) if other else ALONE
    temperature = _temperature(run) if options.calibrated else 1.0
    paths = expand_images(options.images)
    if options.csv:
        refuse_replacing(options.csv, "--csv", force=options.force, inputs=paths)
    images: list[NamedImage] = [(str(path), path) for path in paths]
    raw = list(answers(run, images, averaged(ask(run, later), views, heat=options.heatmaps is not None)))
    found = [calibration.apply_temperature(answer, temperature) for answer in raw]
    theirs = list(answers(other, images, averaged(ask(other, later), other_views))) if other else []
    classes = run.classes()
    if options.csv:
        _write(options.csv, "--csv", csv_bytes(to_csv(found, classes)))
    maps = _write_heatmaps(options.heatmaps, paths, found, run) if options.heatmaps else {}
    _complain(found, maps, options)
    pairs = side_by_side(raw, theirs) if other else []
    notice = NOT_MEDICAL if is_medical(run) else ""
    if options.json:
        record: Record = {"run": run.id, "classes": classes, "notice": notice}
        record["runtime"] = next((answer.runtime for answer in raw if answer.runtime), "")
        record["predictions"] = [_record(answer, maps.get(k)) for k, answer in enumerate(found)]
        if options.calibrated:
            record["temperature"] = temperature
        if views.count > 1:
            record["views"] = views.to_record()
        if other:
            record |= {"other": other.id, "pairs": [_pair_record(pair) for pair in pairs]}
            if views.count > 1:
                record["other_views"] = other_views.to_record()
        print_json(record)
    else:
        _print(run, found, pairs, [*_views_in_words(views, other, other_views), notice])
    return 0 if any(answer.label for answer in found) else 1


def _complain(found: Sequence[Prediction], maps: dict[int, str], options: argparse.Namespace) -> None:
    """Says on stderr which images have no answer, and that there are no maps where some were asked for."""
    for answer in found:
        if answer.error:
            print(answer.error, file=sys.stderr)
    if options.heatmaps and not maps and any(answer.label for answer in found):
        print(_NO_MAPS, file=sys.stderr)


def _views_in_words(views: Views, other: Run | None, other_views: Views) -> list[str]:
    """For a person: over which views the probabilities are averaged."""
    if views.count == 1:
        return []
    said = [f"Mean of {views.count} views of each image: {views.describe()}."]
    return [*said, f"Of run {other.id}: {other_views.describe()}."] if other and other_views != views else said


def _temperature(run: Run) -> float:
    stored = stored_predictions(run, "val")
    found = calibration.calibrate(stored.labels, stored.probabilities) if stored else None
    if found is None or found.refusal:
        reason = found.refusal if found else "it has no predictions on validation images"
        raise DataError(f"the probabilities of run {run.id} cannot be calibrated: {reason}; leave out --calibrated")
    return found.temperature


def _write_heatmaps(folder: Path, images: Sequence[Path], found: Sequence[Prediction], run: Run) -> dict[int, str]:
    """One PNG an image, of its predicted class; by the image's number the path."""
    written, rendering = {}, run_rendering(run)
    for k, (path, answer) in enumerate(zip(images, found, strict=True)):
        if heat := answer.insight.heat.get(answer.label):
            target = folder / f"{safe_stem(path.stem)}-{k + 1:03}-{safe_stem(answer.label)}.png"
            _write(target, "--heatmaps", overlay(decode(path, window=rendering.window), heat, fit=rendering.fit))
            written[k] = str(target)
    return written


def _write(path: Path, option: str, content: bytes) -> None:
    try:
        with files.replacing(path) as file:
            file.write(content)
    except OSError as error:
        kind = "folder" if option == "--heatmaps" else "file"
        raise DataError(f"{path} cannot be written: {error.strerror}; give another {kind} to {option}") from error


def _record(answer: Prediction, heatmap: str | None) -> Record:
    """One image as JSON has it; what could not be told is left out."""
    insight = answer.insight
    record: Record = {
        "file": answer.file, "class": answer.label, "probability": answer.probability,
        "probabilities": answer.probabilities, "error": answer.error,
    }  # fmt: skip
    if insight.distance is not None:
        near = [{"file": one.file, "class": one.label, "distance": one.distance} for one in insight.neighbours]
        record |= {"nearest": near, "distance": insight.distance, "unlike": insight.unlike}
    if heatmap:
        record |= {"heatmap": heatmap, "method": insight.method}
    return record


def _pair_record(pair: Pair) -> Record:
    return {
        "file": pair.file, "agree": pair.agree, "class": pair.one.label, "other_class": pair.other.label,
        "probability": pair.one.probability, "other_probability": pair.other.probability, "gap": pair.gap,
    }  # fmt: skip


def _print(run: Run, found: Sequence[Prediction], pairs: Sequence[Pair], notices: Sequence[str]) -> None:
    """For a person: a line an image, foreign ones marked, then what the other run says."""
    ood_limit = reference.read_ood_limit(run)
    for answer in found:
        if answer.label:
            far = answer.insight.distance
            mark = f"  out of distribution, distance {far:.3f}" if answer.insight.unlike and far is not None else ""
            print(f"{answer.file}  {answer.label}  {answer.probability:.4f}{mark}")
    if any(answer.insight.unlike for answer in found) and ood_limit:
        print(ood_limit.describe())
    for method in sorted({answer.insight.method for answer in found} - {""}):
        print(METHODS[method])
    for pair in pairs:
        print(f"{'agree   ' if pair.agree else 'DISAGREE'}  {pair.file}  {pair.words()}")
    for notice in filter(None, notices):
        print(notice)
