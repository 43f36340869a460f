"""Check of training and validation images that differ beside what they show: light, colour, sharpness, noise, size."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.context import Context, named
from core.checks.finding import Finding
from core.checks.sample import Sample, in_turn, once_a_sample
from core.data.traits import TRAITS
from core.stats.digits import digits
from core.stats.two_sample import area, held_out_areas, permuted, wide_areas, wide_scores

FEWEST = 12
"""Images of a split, below which a class is not tested."""

_SHUFFLES = 199
_WORTH, _MUCH, _MUCH_AT_LEAST = 0.75, 0.85, 0.75
_UNITS = 8.0
"""Groups of images (effective number) of a part, below which what they share cannot be told from how they were made."""

_ALIKE = 0.03
_LAST = ("quality of the JPEG", "compression", "direction of edges")
"""Kinds that are named where no other tells the parts apart as well: they change with every saving, and with others."""

_PAIRS = 4
_CONTRAST = TRAITS["brightness"].index("contrast")
FEATURES = "features of the backbone"
"""The kind that is named where no measured one tells the parts apart as surely: it does not say in what they differ."""

_NOT_THE_IMAGES = (
    " All images together, regardless of class, cannot (AUC {:.2f}): what differs belongs to another class in the "
    "other split."
)
_LOOK_AT_LABELS = (
    "Look at images of {} in training and in validation: folders or labels of one split may be swapped or random, "
    "or a mark that one class has in training is on another in validation."
)

Bools = NDArray[np.bool_]


class Told(NamedTuple):
    """By what training and validation images are distinguished.

    Attributes:
        kind: str. A kind of `TRAITS`.
        label: int or None. The class; None for all, each compared with itself.
        auc: float. Area under the ROC curve of images that were left out.
        least: float. Lower end of its interval (95 %, one-sided).
        chance: float. The same with random splits, at most.
    """

    kind: str
    label: int | None
    auc: float
    least: float
    chance: float

    @property
    def is_much(self) -> bool:
        """Whether it changes what the figures mean."""
        return self.auc >= _MUCH and self.least >= _MUCH_AT_LEAST


def parts_differ(context: Context) -> Finding | None:
    """Training and validation images of the same class differ in how they were made, not in what they show.

    What is measured on validation images of another source is not what was trained. Random splits cannot be
    distinguished, whatever the images are; patients and other known groups are kept together in them.
    """
    sample = context.sample
    found = _told(sample) if sample is not None else []
    if sample is None or not found:
        return None
    best = _best(sample, found)
    chosen = _of(sample, best.label)
    classes = sorted({one.label for one in found if one.label is not None})
    where = "of the same class" if best.label is None else f"of {named([context.dataset.classes[best.label]])}"
    also = sorted({one.kind for one in found} - {best.kind})
    claim = (
        f"Training and validation images {where} can be distinguished by their {best.kind}: AUC {best.auc:.2f} on "
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
    remedy = _remedy(best, classes, sample) if pooled is None else _LOOK_AT_LABELS.format(named(evidence["classes"]))
    return Finding("parts-differ", severity, claim, evidence, remedy)


def _area_of_all(sample: Sample, found: list[Told]) -> float | None:
    """The AUC by which the splits are distinguished regardless of class, where that is hardly better than chance.

    Then both parts hold the same kinds of images, under other classes: swapped folders, random labels, a mark that
    goes with another class. Images of another make in one class of `n` would be told with about `0.5 + 0.5 / n`. None
    where they are told so, or where there are too few images to know.
    """
    told = {one.label for one in found if one.is_much} or {one.label for one in found}
    rows = _evenly(sample)
    second = sample.held_out[rows]
    few, many = sorted((int(second.sum()), int((~second).sum())))
    if None in told or few < FEWEST:
        return None
    worth = 0.25 * len(told) / len(set(sample.labels.tolist()))
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
    return f" Median {name}: {digits(train, 3)} in training, {digits(val, 3)} in validation."


def _medians(sample: Sample, best: Told, chosen: Bools) -> dict[str, Any]:
    if best.kind == FEATURES:
        return {}
    name, train, val = _largest(sample, best.kind, chosen)
    return {"trait": name, "train_median": round(train, 4), "val_median": round(val, 4)}


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
    chosen = _of(sample, told.label)
    held_out = sample.held_out[chosen]
    noise, contrast = sample.traits["noise"][chosen, 0], sample.traits["brightness"][chosen, _CONTRAST]
    shift = float(np.median(noise[held_out]) - np.median(noise[~held_out]))
    scale = float(np.log(max(np.median(contrast[held_out]), 1e-3) / max(np.median(contrast[~held_out]), 1e-3)))
    return abs(shift - scale) < 0.25 * abs(shift)


def _distance(sample: Sample, told: Told) -> float:
    """Largest distance of the medians of both parts in the traits of a kind, by the mean deviation from them."""
    if told.kind == FEATURES:
        return 0.0
    chosen = _of(sample, told.label)
    values, held_out = sample.traits[told.kind][chosen], sample.held_out[chosen]
    middles = [np.median(values[held_out == side], axis=0) for side in (False, True)]
    within = np.abs(values - np.where(held_out[:, None], middles[1], middles[0])).mean(axis=0)
    return float((np.abs(middles[1] - middles[0]) / (within + 1e-3)).max())


@once_a_sample
def _told(sample: Sample) -> list[Told]:
    """What distinguishes the splits beyond chance and enough for an info, over all classes and in each."""
    asked, areas = [], []
    for label in (None, *sorted(set(sample.labels.tolist()))):
        chosen = _of(sample, label)
        second, units, labels = sample.held_out[chosen], sample.units[chosen], sample.labels[chosen]
        if min(int(second.sum()), int((~second).sum())) < FEWEST or min(_effective(units, second)) < _UNITS:
            continue
        lots = permuted(second, units, labels, _SHUFFLES)
        for kind, values in sample.traits.items():
            if np.ptp(values[chosen], axis=0).any():
                asked.append((kind, label))
                areas.append(held_out_areas(values[chosen], lots, units, labels))
        if sample.features is not None:
            asked.append((FEATURES, label))
            areas.append(wide_areas(sample.features[chosen], lots, units, labels))
    if not asked:
        return []
    # One question was asked many times: what counts is the largest of all answers by lot.
    table = np.array(areas)
    beyond = (table - table[:, 1:].mean(axis=1, keepdims=True)) / table[:, 1:].std(axis=1, keepdims=True).clip(0.01)
    limit = beyond[:, 1:].max()
    return [
        Told(kind, label, float(row[0]), _least(sample, label, float(row[0])), float(row[1:].max()))
        for (kind, label), row, far in zip(asked, table, beyond[:, 0], strict=True)
        if far > limit and row[0] >= _WORTH
    ]


def can_ask(sample: Sample) -> bool:
    """Whether there are enough images that do not belong together, of a class or over all."""
    for label in (None, *sorted(set(sample.labels.tolist()))):
        chosen = _of(sample, label)
        second, units = sample.held_out[chosen], sample.units[chosen]
        if min(int(second.sum()), int((~second).sum())) >= FEWEST and min(_effective(units, second)) >= _UNITS:
            return True
    return False


def _effective(units: NDArray[np.int64], second: Bools) -> tuple[float, float]:
    """Effective number of units on each side: 1 over the sum of their squared shares."""
    counts = (np.unique(units[second == side], return_counts=True)[1] for side in (False, True))
    first, other = (float(count.sum() ** 2 / (count**2).sum()) for count in counts)
    return first, other


def _least(sample: Sample, label: int | None, auc: float) -> float:
    """Lower end of the interval of an AUC by the standard error of Hanley and McNeil (1982), a unit counted once."""
    chosen = _of(sample, label)
    one, other = _effective(sample.units[chosen], sample.held_out[chosen])
    twice, squared = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (one - 1) * (twice - auc**2) + (other - 1) * (squared - auc**2)
    return auc - 1.645 * float(np.sqrt(max(spread, 0.0) / (one * other)))


def _of(sample: Sample, label: int | None) -> Bools:
    return np.ones(len(sample.files), bool) if label is None else sample.labels == label


def _largest(sample: Sample, kind: str, chosen: Bools) -> tuple[str, float, float]:
    """The trait of that kind that differs most, and its medians in training and validation."""
    values, held_out = sample.traits[kind][chosen], sample.held_out[chosen]
    k = int(np.argmax([abs(area(values[:, k], held_out) - 0.5) for k in range(values.shape[1])]))
    train, val = (float(np.median(values[held_out == side, k])) for side in (False, True))
    if TRAITS[kind][k] in ("width", "height"):
        train, val = float(np.exp(train)), float(np.exp(val))
    return TRAITS[kind][k], train, val


def _remedy(best: Told, classes: list[int], sample: Sample) -> str:
    """What to do; where some classes differ and all together do not, their folders may have been mixed up."""
    alike = "Find out how the images of the two splits were made, and make them alike, or re-split all images"
    if best.label is not None and set(classes) < set(sample.labels.tolist()):
        return f"{alike}. Only some classes differ: check whether their folders were swapped in one split."
    return f"{alike} (Split on the Dataset page, or python -m core split)."


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
