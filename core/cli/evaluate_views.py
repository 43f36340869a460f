"""What views change on a run's own held-out images (`evaluate --views N`): the same model, asked about more views."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cli.open_model import ask
from core.cli.terminal import Line
from core.compare.paired import Paired, paired_answers, what_it_takes
from core.errors import RunError
from core.insight.stored import Stored
from core.insight.views import Views, averaged
from core.stats import metrics
from core.stats.percent import percent
from core.store.runs import Run
from core.workers.predict_client import answers, require_model


def over_views(run: Run, stored: Stored, views: Views, line: Line) -> Stored:
    """The predictions of the same images as the mean over views.

    Args:
        run: Run. It has a model.
        stored: Stored. What the model said of the images themselves.
        views: Views. More than one.
        line: Line. Shows how far it is.

    Raises:
        RunError: the run has no model, or an image is no longer where it was.
    """
    require_model(run)
    root, later = Path(run.data().root), list[Callable[[], object]]()
    model = averaged(ask(run, later), views)
    images: list[tuple[str, Path | bytes]] = [(name, root / name) for name in stored.files]
    found = list(answers(run, images, model, line.progress("Predicting")))
    line.show("")
    for answer in found:
        if answer.error:
            raise RunError(f"the views need all {len(found):,} images, and one cannot be read: {answer.error}")
    rows = [[answer.probabilities[name] for name in stored.classes] for answer in found]
    for keep in later:
        keep()
    return dataclasses.replace(stored, probabilities=np.array(rows))


def beside_one_view(alone: Stored, found: Stored, threshold: float, cases: Sequence[Sequence[int]]) -> dict[str, Any]:
    """The figures of the images themselves, and how far those of the views are from them.

    Args:
        alone: Stored. Predictions of the images themselves.
        found: Stored. Those of the views.
        threshold: float. Of two classes, the second is predicted above it.
        cases: sequence of sequences of int. Images that belong together; see `core.compare.cases.cases_of_part`.

    Returns:
        `{"accuracy", "auc", "loss"}` of the images themselves, and as `views_minus_one` the test and the interval of
        the difference in accuracy (as `compare` has them; `a` are the views) with the differences of AUC and loss.
    """
    right, before = (_decided(one, threshold) == one.labels for one in (found, alone))
    pair = paired_answers(right.tolist(), before.tolist(), cases)
    aucs = [metrics.auc(one.labels, one.probabilities) for one in (found, alone)]
    losses = [metrics.cross_entropy(one.labels, one.probabilities) for one in (found, alone)]
    gained = None if aucs[0] is None or aucs[1] is None else aucs[0] - aucs[1]
    return {
        "accuracy": float(before.mean()), "auc": aucs[1], "loss": losses[1],
        "views_minus_one": {**pair, "auc": gained, "loss": losses[0] - losses[1]},
    }  # fmt: skip


def _test(pair: Paired) -> str:
    groups = pair.get("groups")
    return f"signs of the {groups} groups exchanged" if groups else "McNemar's test"


def _decided(stored: Stored, threshold: float) -> NDArray[np.int64]:
    if len(stored.classes) == 2:
        return (stored.probabilities[:, 1] > threshold).astype(np.int64)
    return metrics.decide(stored.probabilities)


def in_words(facts: dict[str, Any], views: Views) -> list[str]:
    """For a person: over which views, and what they change on these images."""
    pair = facts["views_minus_one"]
    low, high = (100 * value for value in pair["interval"])
    change = f"{100 * pair['gap']:+.1f} points (95 % CI {low:+.1f} to {high:+.1f})"
    shown = "a difference is shown" if pair["significant"] else "no difference is shown"
    takes = f" {said}" if (said := what_it_takes(pair)) else ""
    lines = [
        f"All figures are of the mean of {views.count} views of each image: {views.describe()}.",
        f"With the image alone accuracy is {percent(facts['accuracy'])}; the views change it by {change}: "
        f"{pair['only_a_right']} right only with the views, {pair['only_b_right']} only without; {shown} "
        f"({_test(pair)}).{takes}",
    ]
    if pair["auc"] is not None:
        lines.append(f"With the image alone AUC is {facts['auc']:.4f}; the views change it by {pair['auc']:+.4f}.")
    return lines
