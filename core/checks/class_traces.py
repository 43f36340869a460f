"""Checks of classes that can be told by how their images were saved or taken: compression, light, colour, sharpness."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.acquired_looks import LOOK_AUC, Look, acquired
from core.checks.context import Context, named, percent
from core.checks.finding import Finding
from core.checks.sample import Sample
from core.data.traits import STEPS, TRAITS, Floats
from core.stats.digits import digits
from core.stats.metrics import wilson
from core.stats.two_sample import area, areas, balanced_right, held_out_scores

_FEWEST, _CLASSES = 20, 20
_TRACE = 0.5
"""How far coefficients lie at multiples of a step from which on they were once quantised by it."""

_FINEST = 4  # finer steps drown in the rounding of pixels
_KNOWN, _DIFFERENCE, _SURE = 0.5, 0.5, 0.3
_LOOKS = {"brightness": ("brightness",), "colour": ("colour",), "sharpness and noise": ("sharpness", "noise")}
_BEYOND = {"brightness": 0.03, "colour": 0.03, "sharpness and noise": 0.1}
"""AUC above that of everything else, from which on a look is told; most patterns differ in their sharpness."""

_SEVERAL, _NO_OTHER = 4, 0.85
"""Classes from which on a look counts that tells one of them and, by this AUC, none of the others: where objects differ
in their light or colour, more than one class does."""

_NO_CLASS = "no other class is distinguished by it (AUC {:.2f} at most)"
_NO_PROPERTY = "no other measured property does so well (AUC {:.2f} at most)"

Bools = NDArray[np.bool_]


def class_told_by_compression(context: Context) -> Finding | None:
    """The images of one class were once saved with another JPEG compression than the others, also if all are alike now.

    It says nothing of the object, and a network can see it: coefficients at multiples of a step, squares of 8 pixels.
    """
    sample = context.sample
    if sample is None:
        return None
    known, steps = coarsest_steps(sample.traits["compression"])
    found = [told for label in _asked(sample) if (told := _by_step(sample.labels == label, known, steps, label))]
    if not found:
        return None
    best = max(found)
    _, label, step, own, rest = _of_the_other(best, sample) if best.rest > best.own else best
    name, of_class = context.dataset.classes[label], sample.labels == label
    return Finding(
        "class-told-by-compression",
        "warning",
        f"{percent(own)} of the images of {named([name])} show traces of JPEG compression with a quantisation step "
        f"of {step} or more, and {percent(rest)} of the others do. That alone separates them with a balanced "
        f"accuracy of {percent((1 + abs(own - rest)) / 2)}, whatever the images show; saving them again does not "
        "remove it.",
        {
            "class": name, "step": step, "share_in_class": round(own, 4), "share_in_others": round(rest, 4),
            "right": round((1 + abs(own - rest)) / 2, 4), "files": sample.examples(of_class, ~of_class),
        },
        "Use sources with the same compression for all classes; downscaling all images by half or more hides most "
        "of the traces.",
    )  # fmt: skip


def coarsest_steps(strengths: Floats) -> tuple[Bools, NDArray[np.int64]]:
    """For each image whether traces can be measured, and the coarsest step that shows; 1 for none."""
    on = strengths >= _TRACE
    last = on.shape[1] - 1 - on[:, ::-1].argmax(axis=1)
    return strengths[:, 0] > -1, np.where(on.any(axis=1), np.array(STEPS)[last], 1)


class _ByStep(NamedTuple):
    difference: float
    label: int
    step: int
    own: float
    rest: float


def _of_the_other(found: _ByStep, sample: Sample) -> _ByStep:
    """Of two classes the one that has the traces; of more, what none of a class has is said of that class."""
    others = [int(label) for label in np.unique(sample.labels) if label != found.label]
    if len(others) > 1:
        return found
    return found._replace(label=others[0], own=found.rest, rest=found.own)


def _by_step(of_class: Bools, known: Bools, steps: NDArray[np.int64], label: int) -> _ByStep | None:
    """The step whose traces tell the class best; None where they do not, or can be measured in too few."""
    one, other = steps[of_class & known], steps[~of_class & known]
    if min(len(one), len(other)) < _FEWEST or min(known[of_class].mean(), known[~of_class].mean()) < _KNOWN:
        return None
    visible = [step for step in STEPS if step >= _FINEST]
    shares = [(step, float((one >= step).mean()), float((other >= step).mean())) for step in visible]
    step, own, rest = max(shares, key=lambda share: (round(abs(share[1] - share[2]), 2), share[0]))
    low, high = (
        wilson(int((side >= step).sum()), len(side)) for side in ((other, one) if own > rest else (one, other))
    )
    is_sound = abs(own - rest) >= _DIFFERENCE and high[0] - low[1] >= _SURE
    return _ByStep(abs(own - rest), label, step, own, rest) if is_sound else None


def class_told_by_looks(context: Context) -> Finding | None:
    """Light, colour or sharpness alone tell a class, far better than anything else that was measured does.

    Or the grain or the corners do, which objects hardly explain (`acquired_looks`). Classes may well differ so by
    nature: it is reported because a network that uses nothing else reaches as much.
    """
    sample = context.sample
    if sample is None:
        return None
    found = _looks(sample)
    if not found:
        return None
    best = max(found, key=lambda look: (look.is_alone, look.auc))
    of_class = sample.labels == best.label
    name, own, rest = _largest(sample, best, of_class)
    called = context.dataset.classes[best.label]
    also = sorted({context.dataset.classes[one.label] for one in found if one.label != best.label})
    tells = f"The {best.look} alone {'distinguish' if ' and ' in best.look else 'distinguishes'}"
    return Finding(
        "class-told-by-looks",
        "info",
        f"{tells} {named([called])} from the other images (balanced accuracy {percent(best.right)}; AUC "
        f"{best.auc:.2f}), {best.than.format(best.next)}. Median {name}: {digits(own, 3)} in this class, "
        f"{digits(rest, 3)} in the others.{f' Other classes stand out, too: {named(also)}.' if also else ''}",
        {
            "class": called, "by": best.look, "auc": round(best.auc, 4), "right": round(best.right, 4),
            "others_auc": round(best.next, 4), "trait": name, "class_median": round(own, 4),
            "others_median": round(rest, 4), "also": also, "files": sample.examples(of_class, ~of_class),
        },
        "If the objects themselves differ so, nothing has to be changed; otherwise acquire the images of all "
        "classes in the same way, or vary the property by augmentation.",
    )  # fmt: skip


def _looks(sample: Sample) -> list[Look]:
    """Looks that tell a class better than all else does, that tell no other one of several classes, or `acquired`."""
    asked = _asked(sample)
    if not asked:
        return []
    targets = np.stack([sample.labels == label for label in asked], axis=1)
    parts = sample.held_out.astype(np.int64)
    kinds = {**_LOOKS, "direction of edges": ("direction of edges",)}
    scores = {
        look: held_out_scores(
            np.concatenate([sample.traits[kind] for kind in own], axis=1), targets, sample.units, parts
        )
        for look, own in kinds.items()
    }
    table = {look: areas(score, targets) for look, score in scores.items()}
    found = [told for k in range(len(asked)) if (told := _stands_out(table, k, asked))]
    found = [
        told._replace(right=balanced_right(scores[told.look][:, asked.index(told.label)], sample.labels == told.label))
        for told in found
    ]
    return found + _alone(sample, asked, targets) + acquired(sample, asked, targets)


def _stands_out(table: dict[str, NDArray[np.float64]], k: int, asked: list[int]) -> Look | None:
    """By which look a class is distinguished; None where none stands out."""
    first, second = sorted(table, key=lambda look: -table[look][k])[:2]
    reached = float(table[first][k])
    if first in _LOOKS and reached >= LOOK_AUC and reached - table[second][k] >= _BEYOND[first]:
        return Look(first, asked[k], reached, 0.0, float(table[second][k]), _NO_PROPERTY)
    return None


def _alone(sample: Sample, asked: list[int], targets: Bools) -> list[Look]:
    """Single traits (the median grey level, the saturation, ...) that tell one class of several and no other."""
    if len(asked) < _SEVERAL:
        return []
    found = []
    for look, kinds in _LOOKS.items():
        for values in np.concatenate([sample.traits[kind] for kind in kinds], axis=1).T:
            sides = areas(np.repeat(values[:, None], len(asked), axis=1), targets)
            reached = np.maximum(sides, 1 - sides)
            k = int(reached.argmax())
            others = float(np.delete(reached, k).max())
            if reached[k] >= LOOK_AUC and others <= _NO_OTHER:
                right = balanced_right(values if sides[k] >= 0.5 else -values, targets[:, k])
                found.append(Look(look, asked[k], float(reached[k]), right, others, _NO_CLASS, is_alone=True))
    return found


def _asked(sample: Sample) -> list[int]:
    """Classes that are asked about, of two the second: it is the same question."""
    labels, counts = np.unique(sample.labels, return_counts=True)
    if len(labels) < 2 or len(sample.files) - counts.max() < _FEWEST:
        return []
    enough = [int(labels[k]) for k in np.argsort(-counts, kind="stable")[:_CLASSES] if counts[k] >= _FEWEST]
    return [max(enough)] if len(labels) == 2 and enough else enough


def _largest(sample: Sample, best: Look, of_class: Bools) -> tuple[str, float, float]:
    """The trait of a look that differs most, and its medians in the class and in the others."""
    if best.values is not None:
        name, values = best.trait, best.values
    else:
        traits = [
            (TRAITS[kind][k], values) for kind in _LOOKS[best.look] for k, values in enumerate(sample.traits[kind].T)
        ]
        name, values = max(traits, key=lambda trait: abs(area(trait[1], of_class) - 0.5))
    return name, float(np.median(values[of_class])), float(np.median(values[~of_class]))
