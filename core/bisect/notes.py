"""What has to be known beside a bisect's verdict: runs that ended early, and the images that are judged."""

from collections import Counter
from collections.abc import Sequence

from core.bisect.ends import End
from core.bisect.factors import Factors
from core.store.runs import Run

_ENDED = {
    "stopped": "was stopped", "failed": "failed", "interrupted": "was interrupted", "running": "is still running"
}  # fmt: skip
"""Statuses of a run that has not come to its end, in words."""


def note_of(runs: Sequence[Run], factors: Factors, part: str) -> str:
    """Sentences on a bisect's figures; empty where nothing has to be known.

    Args:
        runs: sequence of Run. Run A and run B.
        factors: Factors. Between the two.
        part: str. `val` or `test`: what is judged.
    """
    ends = (factors.a, factors.b)
    early = [_early(f"Run {letter}", run) for letter, run in zip("AB", runs, strict=True)] if factors.keys else []
    return " ".join(filter(None, (*early, _different_images(*ends, part), _chosen_by(ends, part))))


def ended_early(runs: Sequence[Run]) -> str:
    """A sentence on each run that has not come to its end, by its name; empty where both have."""
    return " ".join(filter(None, (_early(f"“{run.title()}”", run) for run in runs)))


def _early(name: str, run: Run) -> str:
    status = run.status().status
    if status not in _ENDED:
        return ""
    training, done = run.config().training, len(run.epochs())
    of = "" if training.mode == "fine_tune" else f" of {training.epochs}"
    return (
        f"{name} {_ENDED[status]} after {done}{of} epochs, which is no setting: its own figures are of that training."
    )


def same_images(a: End, b: End, part: str) -> bool:
    """Whether both ends are judged on the same images; of files whose content is not known, by their paths."""
    return _images(a, b, part)[0] == _images(a, b, part)[1]


def _images(a: End, b: End, part: str) -> tuple[Counter[str], Counter[str]]:
    files = [end.manifest.part(part) for end in (a, b)]
    known = all(file.get("sha256") for listed in files for file in listed)
    one, two = (Counter(file["sha256"] if known else file["path"] for file in listed) for listed in files)
    return one, two


def _different_images(a: End, b: End, part: str) -> str:
    """The effect of images is the same on both sides, and cancels, only where the images are the same."""
    one, two = _images(a, b, part)
    if one == two:
        return ""
    return (
        f"The two runs are evaluated on different images ({one.total()} and {two.total()}, {(one & two).total()} in "
        "both): the gap includes what the choice of the images does, and its interval, which is of training seeds "
        "alone, does not cover that."
    )


def _chosen_by(ends: Sequence[End], part: str) -> str:
    """Whether the images that are judged had a say in what is judged."""
    if part == "test":
        return "The test images are evaluated; no training has used them."
    stopping = [end.config.training.early_stopping for end in ends]
    if not any(stopping):
        return ""
    which = "both runs" if all(stopping) else f"run {'AB'[stopping.index(max(stopping))]}"
    whose = "their accuracies are" if all(stopping) else "its accuracy is"
    return (
        f"Early stopping in {which} chose the epoch on these same validation images, so {whose} slightly too high; a "
        "test folder avoids that."
    )
