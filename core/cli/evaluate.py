"""The command `evaluate`: metrics of a run's held-out predictions at a threshold, and its calibration."""

import argparse
import dataclasses
from typing import Any

import numpy as np

from core.cli.command import AddCommand
from core.cli.evaluate_views import beside_one_view, in_words, over_views
from core.cli.output import print_json
from core.cli.terminal import Line
from core.compare.cases import cases_of_part
from core.course.caveats import run_caveats
from core.errors import ConfigError, RunError
from core.insight.calibration import Calibration, calibrate, reliability
from core.insight.stored import Stored, stored_predictions
from core.insight.views import MOST, Views, views_of
from core.stats import metrics
from core.store.evaluated import read_gaps
from core.store.runs import Run, RunStore
from core.workers.evaluate_client import evaluate_on
from core.workers.try_model_client import is_imported

_PRINTED = (
    "accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "auc", "average_precision", "loss"
)  # fmt: skip


_HINT = "; give labelled images for an imported model (--on DATASET)"


def add_parser(command: AddCommand) -> None:
    """Adds `evaluate` to the command line."""
    parser = command(
        "evaluate",
        run_evaluate,
        "Metrics on a run's held-out images at a threshold, and its calibration, from stored predictions (except with "
        "--on and --views).",
    )
    parser.add_argument("run", metavar="RUN")
    parser.add_argument(
        "--on", metavar="DATASET", default="", help="first evaluate an imported model on these labelled images"
    )
    parser.add_argument("--part", choices=("val", "test"), default="val", help="which images; default: val")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.5,
        metavar="P",
        help="predict the second class above this probability (two classes)",
    )
    parser.add_argument(
        "--views",
        type=int,
        default=1,
        metavar="N",
        help=f"ask the model again about N views of each image, 1 to {MOST}, and tell what they change (see predict "
        "--views); the images must still be where they were; no calibration is told then, which is that of one view",
    )


def run_evaluate(options: argparse.Namespace) -> int:
    """Prints the figures of one part."""
    if not 0 <= options.threshold <= 1:
        raise ConfigError(f"--threshold is {options.threshold:g}; give a probability from 0 to 1")
    run = RunStore().get(options.run)
    views = views_of(run, options.views)
    if options.part == "test" and is_imported(run):
        raise ConfigError(
            "an imported model has no test images: those that it is evaluated on are stored as validation images; "
            "leave out --part test"
        )
    if options.on:
        evaluate_on(run, options.on)
    stored, fitted_on = stored_predictions(run, options.part), stored_predictions(run, "val")
    if stored is None or fitted_on is None:
        hint = _HINT if is_imported(run) else ""
        raise RunError(f"run {run.id} has no predictions of {options.part} images; they are saved when it ends{hint}")
    if views.count > 1:
        _of_views(run, stored, views, options)
    else:
        _of_one_view(run, stored, calibrate(fitted_on.labels, fitted_on.probabilities), options)
    return 0


def _of_one_view(run: Run, stored: Stored, calibration: Calibration, options: argparse.Namespace) -> None:
    figures = {**_figures(stored, options.threshold), **_ranking(run, options.part, stored)}
    more = {
        "calibration": {**dataclasses.asdict(calibration), "helps": calibration.helps},
        "reliability": reliability(stored.labels, stored.probabilities),
    }
    _tell(run, stored, figures, more, [calibration.describe()], options)


def _of_views(run: Run, stored: Stored, views: Views, options: argparse.Namespace) -> None:
    found = over_views(run, stored, views, Line(quiet=options.json))
    ranking = {
        "auc": metrics.auc(found.labels, found.probabilities),
        "loss": metrics.cross_entropy(found.labels, found.probabilities),
    }
    alone = beside_one_view(stored, found, options.threshold, cases_of_part(run, options.part))
    more = {"views": views.to_record(), "one_view": alone}
    _tell(run, found, {**_figures(found, options.threshold), **ranking}, more, in_words(alone, views), options)


def _tell(
    run: Run,
    stored: Stored,
    figures: dict[str, Any],
    more: dict[str, Any],
    words: list[str],
    options: argparse.Namespace,
) -> None:
    """Prints the figures and what there is beside them, as JSON or for a person."""
    caveats = run_caveats(run, options.part)
    if options.json:
        record = {"run": run.id, "part": options.part, "classes": list(stored.classes), **figures, **more}
        gaps = read_gaps(run)
        left_out = {"unreadable": gaps.unreadable, "unreadable_files": gaps.files} if is_imported(run) else {}
        print_json({**record, **left_out, "caveats": caveats})
        return
    _print(stored, figures)
    for sentence in read_gaps(run).sentences():
        print(sentence)
    for line in [*words, *(f"read with care: {known}" for known in caveats)]:
        print(line)


def _figures(stored: Stored, threshold: float) -> dict[str, Any]:
    figures: dict[str, Any] = {"count": len(stored.labels)}
    if len(stored.classes) == 2:
        positive, scores = stored.labels == 1, stored.probabilities[:, 1]
        figures |= metrics.at_threshold(positive, scores, threshold)
        figures["average_precision"] = metrics.average_precision(positive, scores)
    else:
        predicted = metrics.decide(stored.probabilities)
        figures["confusion"] = metrics.confusion(stored.labels, predicted, len(stored.classes)).tolist()
        figures["accuracy"] = float((predicted == stored.labels).mean())
    return figures | {"balanced_accuracy": metrics.balanced_accuracy(np.array(figures["confusion"]))}


def _ranking(run: Run, part: str, stored: Stored) -> dict[str, float | None]:
    """AUC and loss, for which there is no threshold: as evaluation.json has them.

    They follow from the predictions, but for a run of an older version, which has kept six decimals of each.
    """
    kept = run.figures(part)
    if kept and kept.count == len(stored.labels) and {"auc", "loss"} <= kept.model_fields_set:
        return {"auc": kept.auc, "loss": kept.loss}
    return {
        "auc": metrics.auc(stored.labels, stored.probabilities),
        "loss": metrics.cross_entropy(stored.labels, stored.probabilities),
    }


def _print(stored: Stored, figures: dict[str, Any]) -> None:
    if "threshold" in figures:
        print(f'"{stored.classes[1]}" is predicted above {figures["threshold"]:g}')
    print(f"{figures['count']} images; rows: true class, columns: predicted class")
    for name, row in zip(stored.classes, figures["confusion"], strict=True):
        print("  " + "  ".join(f"{count:>6}" for count in row) + f"  {name}")
    for name in _PRINTED:
        if name in figures:
            print(f"{name.replace('_', ' '):<18}{'–' if figures[name] is None else format(figures[name], '.4f')}")
