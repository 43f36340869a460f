"""What accuracies do not show of two runs: a class that is never predicted, recalls that differ, answers by chance."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from core.compare.cases import Key
from core.compare.paired import SIGNIFICANT, Pairs, outcome, right, rows_of, tested
from core.sentences import listed
from core.stats.grouped_gap import sign_flip
from core.stats.paired_seeds import holm
from core.stats.percent import percent
from core.stats.reader_case import Reading, accuracy_reading, auc_reading
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.predictions import PredictionRow

_NAMED = 5
"""Most classes that a sentence names."""

_Z = 1.959964


class ClassesCompared(TypedDict):
    """The classes of two runs; see `compare_classes`."""

    never_predicted: dict[str, list[str]]
    recall: dict[str, list[float | None]]
    sentences: list[str]


def compare_classes(a: Run, b: Run, pairs: Pairs | str) -> ClassesCompared:
    """The validation images of two runs, class by class.

    Args:
        a: Run.
        b: Run.
        pairs: Pairs, or why there are none. What `core.compare.paired.pair` says of the two.

    Returns:
        `never_predicted`: of `a` and of `b` the classes that have images and are the answer for none. `recall`: of each
        class that of `a` and of `b`, None without images. `sentences`: what of it a person should know.
    """
    sides = [list(rows_of(run).values()) for run in (a, b)] if isinstance(pairs, str) else list(_rows(pairs))
    recalls = [_recall(rows) for rows in sides]
    never = [sorted(set(found) - {row.predicted for row in rows}) for found, rows in zip(recalls, sides, strict=True)]
    sentences = _never_words(never, recalls)
    if not isinstance(pairs, str):
        told = {name for names in never for name in names}
        sentences += [*_recall_words(pairs, recalls, told), *_chance_words(pairs, [a.classes(), b.classes()])]
    names = sorted({name for found in recalls for name in found})
    return {
        "never_predicted": {"a": never[0], "b": never[1]},
        "recall": {name: [found.get(name) for found in recalls] for name in names},
        "sentences": sentences,
    }


def _rows(pairs: Pairs) -> "Iterable[list[PredictionRow]]":
    """The rows of both runs, in the order of their images."""
    return ([rows[key] for key in sorted(pairs.a)] for rows in (pairs.a, pairs.b))


def _recall(rows: "Sequence[PredictionRow]") -> dict[str, float]:
    counts, hits = Counter(row.label for row in rows), Counter(row.label for row in rows if right(row))
    return {name: hits[name] / count for name, count in counts.items()}


def _never_words(never: Sequence[list[str]], recalls: Sequence[Mapping[str, float]]) -> list[str]:
    both = [name for name in never[0] if name in never[1]]
    said = [f"Neither run ever predicts {_some(both)}: recall 0.0 % in both."] if both else []
    for k, side in enumerate("AB"):
        for name in [name for name in never[k] if name not in both][:_NAMED]:
            other = recalls[1 - k].get(name)
            beside = "" if other is None else f", where {'BA'[k]} has {percent(other)}"
            said.append(f"{side} never predicts “{name}”: its recall is 0.0 %{beside}.")
        if (more := len(never[k]) - len(both) - _NAMED) > 0:
            said.append(f"{side} never predicts {more} other {'class' if more == 1 else 'classes'} either.")
    return said


def _some(names: Sequence[str]) -> str:
    quoted, more = [f"“{name}”" for name in names[:_NAMED]], len(names) - _NAMED
    return listed([*quoted, f"{more} other {'class' if more == 1 else 'classes'}"] if len(names) > _NAMED else quoted)


def _recall_words(pairs: Pairs, recalls: Sequence[Mapping[str, float]], told: set[str]) -> list[str]:
    """Recalls that differ by more than chance where the accuracies do not tell it, or against them."""
    names, differences = sorted(recalls[0]), _differences(pairs)
    p_values = [sign_flip(differences[name]) for name in names]
    result = tested(pairs)
    gap = result["gap"] if outcome(result) == "real" else 0.0
    rows = [
        f"“{name}” {percent(one)} in A and {percent(other)} in B"
        for name, clear in zip(names, holm(p_values, SIGNIFICANT), strict=True)
        if clear and name not in told and ((one := recalls[0][name]) - (other := recalls[1][name])) * gap <= 0
    ]
    if not rows:
        return []
    more = f", and {len(rows) - _NAMED} other classes" if len(rows) > _NAMED else ""
    return [f"Recall differs by more than chance, which accuracy does not show: {'; '.join(rows[:_NAMED])}{more}."]


def _differences(pairs: Pairs) -> dict[str, list[int]]:
    """Of each class and case, how many images only A calls right, less those that only B does."""
    found: dict[str, list[int]] = {}
    for case in pairs.cases:
        gaps: Counter[str] = Counter()
        for key in case:
            gaps[key[1]] += right(pairs.a[key]) - right(pairs.b[key])
        for name, gap in gaps.items():
            found.setdefault(name, []).append(gap)
    return found


def _chance_words(pairs: Pairs, classes: Sequence[list[str]]) -> list[str]:
    """That neither run is shown to have learned anything, where so: no accuracy is above the share of the largest
    class, and no AUC other than chance."""
    counts = Counter(key[1] for key in pairs.a)
    if len(counts) < 2:
        return []
    largest, most = counts.most_common(1)[0]
    share, said = most / len(pairs.a), []
    case_of = {key: k for k, case in enumerate(pairs.cases) for key in case}
    for side, rows, names in zip("AB", (pairs.a, pairs.b), classes, strict=True):
        accuracy, auc = _readings(rows, names, case_of)
        if accuracy.value - _reach(accuracy) > share or (auc and abs(auc.value - 0.5) > _reach(auc)):
            return []
        said.append(f"{side} is right on {percent(accuracy.value)}" + (f" (AUC {auc.value:.3f})" if auc else ""))
    return [
        f"That either run has learned to tell the classes apart is not shown by these {len(pairs.a)} images: always "
        f"naming “{largest}” is right on {percent(share)}; {listed(said)}."
    ]


def _readings(
    rows: "Mapping[Key, PredictionRow]", names: Sequence[str], case_of: Mapping[Key, int]
) -> tuple[Reading, Reading | None]:
    """Accuracy and AUC, with each case's part in their uncertainty; no AUC where a probability is not a number."""
    cases = [case_of[key] for key in rows]
    accuracy = accuracy_reading(cases, np.array([right(row) for row in rows.values()]))
    probabilities = np.array([row.probabilities for row in rows.values()])
    if np.isnan(probabilities).any() or any(row.label not in names for row in rows.values()):
        return accuracy, None
    return accuracy, auc_reading(cases, np.array([names.index(row.label) for row in rows.values()]), probabilities)


def _reach(reading: Reading) -> float:
    """Half the length of an approximate 95 % CI over other cases."""
    count = len(reading.parts)
    return _Z * math.sqrt(sum(part**2 for part in reading.parts.values()) * count / max(1, count - 1))
