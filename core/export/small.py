"""What a smaller export loses, in figures and in words: those of the validation images, before it is offered."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.stats import metrics
from core.stats.paired_share import gap_interval
from core.stats.percent import percent

Facts = Mapping[str, Any]


def measured(
    labels: metrics.Labels, own: metrics.Probabilities, small: metrics.Probabilities, sizes: Mapping[str, float]
) -> dict[str, Any]:
    """The figures of both models on the same images.

    Args:
        labels: integer array of shape `(n,)`. The true classes.
        own: float array of shape `(n, classes)`. What the run's model says.
        small: float array of shape `(n, classes)`. What the smaller one says.
        sizes: What was measured beside: `bytes`, `milliseconds` an image and those of plain LiteRT.

    Returns:
        `{"images", "accuracy", "own_accuracy", "loss": accuracy lost, "interval": its 95 % CI (Newcombe 1998,
        paired), "auc", "own_auc", "worst_change": largest change of a probability, "loses": whether the interval lies
        above 0, **sizes}`.
    """
    right = [metrics.decide(answers) == labels for answers in (own, small)]
    counts = [int((a & b).sum()) for a, b in
              ((right[0], right[1]), (right[0], ~right[1]), (~right[0], right[1]), (~right[0], ~right[1]))]  # fmt: skip
    low, high = gap_interval(*counts)
    return {
        "images": len(labels),
        "accuracy": float(right[1].mean()), "own_accuracy": float(right[0].mean()),
        "loss": float(right[0].mean() - right[1].mean()), "interval": [low, high],
        "auc": metrics.auc(labels, small), "own_auc": metrics.auc(labels, own),
        "worst_change": float(np.abs(small - own).max()),
        "loses": low > 0,
        **sizes,
    }  # fmt: skip


def measured_rows(facts: Facts) -> list[dict[str, str]]:
    """The figures as a table: the run's own model, plain LiteRT, and the smaller one."""
    own = {"Model": "the run's own", "Accuracy": _share(facts["own_accuracy"]), "AUC": _share(facts["own_auc"])}
    small = {"Model": "this file", "Accuracy": _share(facts["accuracy"]), "AUC": _share(facts["auc"])}
    return [
        {**own, "MB": _mega(facts["own_bytes"]), "ms per image": "–"},
        {"Model": "plain LiteRT", "Accuracy": "as the run's own", "AUC": "as the run's own",
         "MB": _mega(facts["plain_bytes"]), "ms per image": f"{facts['plain_milliseconds']:.1f}"},
        {**small, "MB": _mega(facts["bytes"]), "ms per image": f"{facts['milliseconds']:.1f}"},
    ]  # fmt: skip


def measured_words(facts: Facts) -> list[str]:
    """Sentences: how the smaller model does on the validation images, and how large and fast it is."""
    low, high = facts["interval"]
    auc = "" if facts["auc"] is None or facts["own_auc"] is None else (
        f", AUC {facts['auc']:.4f} (own {facts['own_auc']:.4f})"
    )  # fmt: skip
    return [
        f"on {facts['images']} validation images: accuracy {facts['accuracy']:.4f} (the run's model "
        f"{facts['own_accuracy']:.4f}; lost {facts['loss']:.4f}, 95 % CI {low:.4f} to {high:.4f}){auc}; a probability "
        f"changes by {facts['worst_change']:.3f} at most",
        f"{_mega(facts['bytes'])} MB and {facts['milliseconds']:.1f} ms per image; plain LiteRT has "
        f"{_mega(facts['plain_bytes'])} MB and takes {facts['plain_milliseconds']:.1f} ms on this machine",
    ]


def warning(facts: Facts) -> str:
    """What has to be said before such a file is offered; empty where chance explains what it loses."""
    if not facts["loses"]:
        return ""
    low, high = facts["interval"]
    return (
        f"This smaller model is correct on fewer validation images than the run's model ({percent(facts['accuracy'])} "
        f"instead of {percent(facts['own_accuracy'])}), more than expected by chance (95 % CI of the loss: "
        f"{percent(low)} to {percent(high)})."
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _mega(size: float) -> str:
    return f"{size / 1e6:.1f}" if size >= 10**5 else f"{size / 1e6:.3f}"
