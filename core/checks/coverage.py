"""Which checks were made of a dataset and which were not, with the reason: silence means something only then."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.checks.context import Context
from core.checks.parts_told import can_ask
from core.data.thumbnails import MAX_COMPARED

FEATURE_IDS = ("train-labels-look-wrong", "val-labels-look-wrong")
"""Findings that only features can give."""

WITH_FEATURES = "needs features of the backbone: `python -m core check --features`, or Check with features"

_OF_COPIES = ("leak-altered-copy", "altered-copy-within-split", "altered-copy-in-two-classes")
_COMPARED = (
    "leak-near-duplicate", *_OF_COPIES, "leak-sequence",
    "parts-differ", "test-images-differ", "class-told-by-mark", "class-told-by-compression", "class-told-by-looks",
    "train-val-preprocess-mismatch", "cut-off-images",
)  # fmt: skip
"""Findings that compare the images with each other."""


def coverage(context: Context, ids: Iterable[str]) -> dict[str, Any]:
    """Ids of the checks that were made without features, and of those that were not.

    Args:
        context: Context. After its checks.
        ids: iterable of str. The checks there are.

    Returns:
        `{"run": [id], "not_run": [{"id", "why"}], "features": whether features were used}`.
    """
    why = dict.fromkeys(FEATURE_IDS, WITH_FEATURES)
    if not context.is_comparable:
        too_many = f"more than {MAX_COMPARED:,} images, too many to compare" if context.part_of else "no images"
        why |= dict.fromkeys(_COMPARED, too_many)
    else:
        if context.gave_up:
            why |= dict.fromkeys(_OF_COPIES, "random pairs of these images agree as copies do, as those of one scene")
        if context.sample is None or not can_ask(context.sample):
            why["parts-differ"] = "too few independent images of a class in training or validation"
        if context.test_sample is not None and not can_ask(context.test_sample):
            why["test-images-differ"] = "too few independent images of a class in training or test"
    run = [name for name in ids if name not in why]
    return {"run": run, "not_run": [{"id": name, "why": reason} for name, reason in why.items()], "features": False}


def with_features(made: Mapping[str, Any], later: Mapping[str, str]) -> dict[str, Any]:
    """The same once features were used; `later` has the checks that could not be made even so, with the reason."""
    left = [one for one in made["not_run"] if one["id"] not in FEATURE_IDS]
    return {
        "run": [*made["run"], *(name for name in FEATURE_IDS if name not in later)],
        "not_run": [*left, *({"id": name, "why": why} for name, why in later.items())],
        "features": True,
    }


def left_out(made: Mapping[str, Any]) -> str:
    """Which checks were not made, and why, in a sentence; empty where all were."""
    by_reason: dict[str, list[str]] = {}
    for one in made["not_run"]:
        by_reason.setdefault(one["why"], []).append(one["id"])
    left = "; ".join(f"{', '.join(names)} ({why})" for why, names in by_reason.items())
    return f"Not checked: {left}." if left else ""


def in_words(made: Mapping[str, Any]) -> str:
    """How many checks were made, and which were not, as one or two sentences."""
    how = "with" if made["features"] else "without"
    return f"{len(made['run'])} checks were made, {how} features of the backbone. {left_out(made)}".strip()
