"""Check of training and validation images that differ beside what they show: light, colour, sharpness, noise, size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.checks.context import Context, named
from core.checks.finding import Finding
from core.checks.parts_told import FEATURES, FEWEST, Bools, Told, rows_of, tell
from core.checks.sample import Sample, in_turn
from core.data.traits import TRAITS
from core.stats.digits import digits
from core.stats.two_sample import area, held_out_areas, wide_areas, wide_scores

_ALIKE = 0.03
_LAST = ("quality of the JPEG", "compression", "direction of edges")
"""Kinds that are named where no other tells the parts apart as well: they change with every saving, and with others."""

_PAIRS = 4
_PART = {"validation": "val", "test": "test"}
_CLEARLY_ALIKE = 0.65
"""AUC below which held-out images of a class are as training images of another one."""

_CONTRAST = TRAITS["brightness"].index("contrast")
_NOT_THE_IMAGES = (
    " All images together, regardless of class, cannot (AUC {:.2f}): what differs belongs to another class in the "
    "other split."
)
_LOOK_AT_LABELS = (
    "Look at images of {} in training and in {other}: folders or labels of one split may be swapped or random, "
    "or a mark that one class has in training is on another in {other}."
)


def parts_differ(context: Context) -> Finding | None:
    """Training and validation images of the same class differ in how they were made, not in what they show.

    What is measured on validation images of another source is not what was trained. Random splits cannot be
    distinguished, whatever the images are; patients and other known groups are kept together in them.
    """
    return _finding(context, context.sample, "parts-differ")


def test_images_differ(context: Context) -> Finding | None:
    """The same of training and test images: the test then says how the model does on other images than validation."""
    return _finding(context, context.test_sample, "test-images-differ")


def _finding(context: Context, sample: Sample | None, id: str) -> Finding | None:
    asked = tell(sample) if sample is not None else []
    found = [one for one in asked if one.beyond]
    if sample is None or not found:
        return None
    best = _best(sample, found)
    chosen = rows_of(sample, best.label)
    classes = sorted({one.label for one in found if one.label is not None})
    where = "of the same class" if best.label is None else _of_classes(context, best.label, classes)
    also = sorted({one.kind for one in found} - {best.kind})
    claim = (
        f"Training and {sample.other} images {where} can be distinguished by their {best.kind}: AUC {best.auc:.2f} on "
        f"held-out images, {best.chance:.2f} at most with random "
        f"splits.{_in_what(sample, best, chosen)}{' Also by ' + ', '.join(also) + '.' if also else ''}"
    )
    pooled = _area_of_all(sample, found)
    claim += _NOT_THE_IMAGES.format(pooled) if pooled is not None else ""
    evidence = {
        "class": None if best.label is None else context.dataset.classes[best.label],
        "by": best.kind, "auc": round(best.auc, 4), "auc_by_lot": round(best.chance, 4),
        **_medians(sample, best, chosen),
        **({"network": sample.network} if sample.network else {}),
        "classes": [context.dataset.classes[k] for k in classes],
        **({"auc_of_all_images": round(pooled, 4)} if pooled is not None else {}),
        "also_by": also,
        "files": _shown(sample, chosen, best),
    }  # fmt: skip
    severity = "warning" if best.is_much else "info"
    labels = named(evidence["classes"] or context.dataset.classes)
    remedy = (
        _remedy(context, sample, best, classes)
        if pooled is None
        else _LOOK_AT_LABELS.format(labels, other=sample.other)
    )
    return Finding(id, severity, claim, evidence, remedy)


def _of_classes(context: Context, label: int, classes: list[int]) -> str:
    """`of cat (and of dog)`: the class in which they differ most, and the others in which they do."""
    others = [context.dataset.classes[k] for k in classes if k != label]
    return f"of {named([context.dataset.classes[label]])}" + (f" (and of {named(others)})" if others else "")


def _area_of_all(sample: Sample, found: list[Told]) -> float | None:
    """The AUC by which the splits are distinguished regardless of class, where that is hardly better than chance.

    Then both parts hold the same kinds of images, under other classes: swapped folders, random labels, a mark that
    goes with another class. Images of another make in one class of `n` would be told with about `0.5 + 0.5 / n`; where
    all classes together, each compared with itself, are told, all of them would be, nearly as surely as so. None where
    they are told so, or where there are too few images to know.
    """
    told = {one.label for one in found if one.is_much} or {one.label for one in found}
    every = max((one.auc for one in found if one.label is None), default=None)
    rows = _evenly(sample)
    second = sample.held_out[rows]
    few, many = sorted((int(second.sum()), int((~second).sum())))
    if few < FEWEST:
        return None
    number = len(set(sample.labels.tolist()))
    worth = 0.25 * len(told - {None}) / number if None not in told or every is None else (every - 0.5) / 2
    if worth < 2 * np.sqrt((few + many + 1) / (12 * few * many)):
        return None
    units, alike = sample.units[rows], np.zeros(len(rows), np.int64)
    kinds = {one.kind for one in found if one.label in told}
    reached = max(float(_areas_by(sample, kind, rows, second, units, alike)[0]) for kind in kinds)
    return reached if reached < 0.5 + worth else None


def _areas_by(
    sample: Sample,
    kind: str,
    rows: NDArray[np.int64],
    second: Bools,
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
) -> NDArray[np.float64]:
    if kind == FEATURES and sample.features is not None:
        return wide_areas(sample.features[rows], second[:, None], units, strata)
    return held_out_areas(sample.traits[kind][rows], second[:, None], units, strata)


def _evenly(sample: Sample) -> NDArray[np.int64]:
    """Images of which each class has as many as the others in a part: then shares of classes tell no part."""
    cells = [
        [np.flatnonzero((sample.labels == label) & (sample.held_out == side)) for label in np.unique(sample.labels)]
        for side in (False, True)
    ]
    return np.concatenate([rows[: min(map(len, of_part))] for of_part in cells for rows in of_part])


def _in_what(sample: Sample, best: Told, chosen: Bools) -> str:
    """In what they differ, as a sentence."""
    if best.kind == FEATURES:
        return f" {sample.network} distinguishes them; no measured property (light, colour, size, ...) does so as well."
    name, train, val = _largest(sample, best.kind, chosen)
    return f" Median {name}: {digits(train, 3)} in training, {digits(val, 3)} in {sample.other}."


def _medians(sample: Sample, best: Told, chosen: Bools) -> dict[str, Any]:
    if best.kind == FEATURES:
        return {}
    name, train, val = _largest(sample, best.kind, chosen)
    return {"trait": name, "train_median": round(train, 4), f"{_PART[sample.other]}_median": round(val, 4)}


def _best(sample: Sample, found: list[Told]) -> Told:
    """What distinguishes them best; among equals all classes before one, and where the difference is largest."""
    is_much = any(one.is_much for one in found)
    found = [one for one in found if one.kind != FEATURES and one.is_much == is_much] or found
    most = max(one.auc for one in found if one.is_much == max(other.is_much for other in found))
    near = [one for one in found if one.auc >= most - _ALIKE]
    best = min(
        near, key=lambda one: (not one.is_much, one.label is not None, one.kind in _LAST, -_distance(sample, one))
    )
    lights = (one for one in near if (one.kind, one.label) == ("brightness", best.label))
    return next(lights, best) if best.kind == "noise" and _is_scaled(sample, best) else best


def _is_scaled(sample: Sample, told: Told) -> bool:
    """Whether noise differs just as contrast does: images that are darker or paler, and not smoother."""
    chosen = rows_of(sample, told.label)
    held_out = sample.held_out[chosen]
    noise, contrast = sample.traits["noise"][chosen, 0], sample.traits["brightness"][chosen, _CONTRAST]
    shift = float(np.median(noise[held_out]) - np.median(noise[~held_out]))
    scale = float(np.log(max(np.median(contrast[held_out]), 1e-3) / max(np.median(contrast[~held_out]), 1e-3)))
    return abs(shift - scale) < 0.25 * abs(shift)


def _distance(sample: Sample, told: Told) -> float:
    """Largest distance of the medians of both parts in the traits of a kind, by the mean deviation from them."""
    if told.kind == FEATURES:
        return 0.0
    chosen = rows_of(sample, told.label)
    values, held_out = sample.traits[told.kind][chosen], sample.held_out[chosen]
    middles = [np.median(values[held_out == side], axis=0) for side in (False, True)]
    within = np.abs(values - np.where(held_out[:, None], middles[1], middles[0])).mean(axis=0)
    return float((np.abs(middles[1] - middles[0]) / (within + 1e-3)).max())


def _largest(sample: Sample, kind: str, chosen: Bools) -> tuple[str, float, float]:
    """The trait of that kind that differs most, and its medians in training and validation."""
    values, held_out = sample.traits[kind][chosen], sample.held_out[chosen]
    k = int(np.argmax([abs(area(values[:, k], held_out) - 0.5) for k in range(values.shape[1])]))
    train, val = (float(np.median(values[held_out == side, k])) for side in (False, True))
    if TRAITS[kind][k] in ("width", "height"):
        train, val = float(np.exp(train)), float(np.exp(val))
    return TRAITS[kind][k], train, val


def _remedy(context: Context, sample: Sample, best: Told, classes: list[int]) -> str:
    """What to do; where held-out images of a class look like another class in training, think of swapped folders.

    That another class was not told proves nothing: what was done to both may show less in it.
    """
    alike = "Find out how the images of the two splits were made, and make them alike, or re-split all images"
    like = _like_another(sample, best)
    if like is not None:
        one, other = (named([context.dataset.classes[k]]) for k in (best.label or 0, like))
        return (
            f"{alike}. By their {best.kind}, {sample.other} images of {one} could be of {other}: check whether folders "
            "were swapped in one split."
        )
    left = best.label is not None and set(classes) < set(sample.labels.tolist())
    more = " Other classes may differ as well: what was changed can show less in them." if left else ""
    return f"{alike} (Split on the Dataset page, or python -m core split).{more}"


def _like_another(sample: Sample, best: Told) -> int | None:
    """The class whose training images the held-out ones of the class told can hardly be distinguished from, by what
    distinguishes them from their own; None where there is none."""
    areas = dict[int, float]()
    for other in sorted({*sample.labels.tolist()} - {best.label}) if best.label is not None else ():
        held_out = (sample.labels == best.label) & sample.held_out
        rows = np.flatnonzero(held_out | ((sample.labels == other) & ~sample.held_out))
        if min(int(held_out.sum()), len(rows) - int(held_out.sum())) >= FEWEST:
            none = np.zeros(len(rows), np.int64)
            areas[other] = float(_areas_by(sample, best.kind, rows, held_out[rows], sample.units[rows], none)[0])
    nearest = min(areas, key=areas.__getitem__, default=None)
    return nearest if nearest is not None and areas[nearest] < _CLEARLY_ALIKE else None


def _shown(sample: Sample, chosen: Bools, best: Told) -> list[Any]:
    """Four of each part; pages show the first four, two of each. Of features those that are told most surely."""
    rows = np.flatnonzero(chosen)
    if best.kind == FEATURES and sample.features is not None:
        of_val = sample.held_out[rows][:, None]
        scores = wide_scores(sample.features[rows], of_val, sample.units[rows], sample.labels[rows])[:, 0]
        order = {False: rows[np.argsort(scores, kind="stable")], True: rows[np.argsort(-scores, kind="stable")]}
    else:
        order = {False: rows, True: rows}
    train, val = (
        [sample.files[k].path for k in order[side] if sample.held_out[k] == side][:_PAIRS] for side in (False, True)
    )
    return in_turn(train, val)
