"""Any number of runs side by side: curves on one axis, settings that differ, whether they saw the same images."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.notation.head import heads_in_one_form
from core.sentences import listed
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord, ImageRecord

EPOCH, TIME = "epoch", "time"
"""What curves are drawn over."""

HEAVIEST = 0.99
"""Most that smoothing may weigh what came before."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Images:
    """Which images a run used, distinguished by content and class.

    Attributes:
        train: str. Tells one set of training images from another; empty where that is not known, like `val`.
        counts: tuple of int. How many there are for training and for validation.
    """

    train: str = ""
    val: str = ""
    counts: tuple[int, int] = (0, 0)


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Exponential moving average without the pull towards zero at the beginning (Kingma and Ba 2015, section 3).

    Args:
        values: sequence of float.
        weight: float. What came before weighs so much, 0 (as measured) to `HEAVIEST`.
    """
    weight = min(max(weight, 0.0), HEAVIEST)
    found, mean, share = [], 0.0, 1.0
    for value in values:
        mean = weight * mean + (1 - weight) * value
        share *= weight
        found.append(mean / (1 - share))
    return found


def curve(epochs: "Sequence[EpochRecord]", metric: str, across: str = EPOCH) -> tuple[list[float], list[float]]:
    """A metric's values, and where they lie: at the number of the epoch, or at the seconds of training until its end.

    Args:
        epochs: sequence of EpochRecord.
        metric: str. For instance `val_loss`.
        across: str. `EPOCH` or `TIME`; pauses between a stop and a resume count nothing. Defaults to `EPOCH`.
    """
    xs, ys, elapsed = [], [], 0.0
    for epoch in epochs:
        elapsed += epoch.seconds
        if (value := epoch.figure(metric)) is not None:
            xs.append(float(epoch.epoch) if across == EPOCH else elapsed)
            ys.append(float(value))
    return xs, ys


def setting_differences(settings: Sequence[Record | None]) -> list[tuple[str, list[Any]]]:
    """The settings that are not the same in all runs, each with its value in every one.

    Args:
        settings: sequence of dict. Flat settings of each run, in order; None where they cannot be read.
    """
    known = heads_in_one_form([one for one in settings if one is not None])
    rest = iter(known)
    settings = [None if one is None else next(rest) for one in settings]
    keys = dict.fromkeys(key for one in known for key in one)
    rows = [(key, [one.get(key) if one else None for one in settings]) for key in keys]
    return [(key, values) for key, values in rows if len({_form(one.get(key)) for one in known}) > 1]


def images_of(run: Run) -> Images:
    """Which images a run saw; nothing is known before it has a manifest."""
    manifest = run.manifest()
    if not manifest:
        return Images()
    counts = (len(manifest.train), len(manifest.val))
    return Images(_fingerprint(manifest.train), _fingerprint(manifest.val), counts)


def image_differences(names: Sequence[str], images: Sequence[Images]) -> list[str]:
    """Sentences on runs that did not see the same images; empty where all did.

    Args:
        names: sequence of str. What each run is called.
        images: sequence of Images. In the same order.
    """
    said = []
    for part, words, count in (
        ("val", "evaluated on different validation", 1),
        ("train", "trained on different training", 0),
    ):
        groups: dict[str, list[int]] = {}
        for k, one in enumerate(images):
            if found := getattr(one, part):
                groups.setdefault(found, []).append(k)
        if len(groups) > 1:
            told = "; ".join(
                f"{_quoted([names[k] for k in group])}: {images[group[0]].counts[count]:,}" for group in groups.values()
            )
            said.append(f"These runs were {words} images ({told}).")
    if unknown := [name for name, one in zip(names, images, strict=True) if not one.val]:
        said.append(f"The images used by {_quoted(unknown)} are not known.")
    return said


def _fingerprint(files: "Sequence[ImageRecord]") -> str:
    """Differs where a file's content (its path, where no hash is kept) or class does, whatever their order."""
    if not files:
        return ""
    lines = sorted(f"{item.get('sha256') or item.get('path')}\t{item.get('label')}" for item in files)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()


def _form(value: Any) -> str:
    """Tells values apart, whole numbers and others alike: 0 is 0.0."""
    return repr(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def _quoted(names: Sequence[str]) -> str:
    return listed([f"“{name}”" for name in names])
