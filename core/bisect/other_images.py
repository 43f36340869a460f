"""Would the gap hold on other images of this kind? The second question of a bisect, in figures and in a sentence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.bisect.reading import Readings
from core.stats.power import cases_to_settle
from core.stats.reader_case import Crossed, crossed

if TYPE_CHECKING:
    from core.store.bisect_record import OtherImages


def other_images(good: Sequence[Readings], bad: Sequence[Readings], part: str) -> "OtherImages | None":
    """The gap over seeds and images, good minus bad.

    Args:
        good: sequence of Readings. One a seed.
        bad: sequence of Readings. The same seeds in the same order.
        part: str. What the images are called: `validation` or `test`.

    Returns:
        `{"value", "interval", "images", "groups", "seeds", "images_needed", "auc", "sentence"}`; `groups` is None where
        every image stands for itself, `images_needed` None where nothing more is needed or more would not help. None
        with fewer than two seeds.
    """
    found = crossed([one.accuracy for one in good], [one.accuracy for one in bad])
    if found is None:
        return None
    pairs = [(one.auc, other.auc) for one, other in zip(good, bad, strict=True) if one.auc and other.auc]
    auc = crossed([one for one, _ in pairs], [other for _, other in pairs]) if len(pairs) == len(good) else None
    images, grouped = good[0].images, good[0].grouped
    needed = None if _settled(found) else cases_to_settle(found)
    more = round(needed * images / found.cases) if needed else None
    return {
        "value": found.value,
        "interval": [found.low, found.high],
        "images": images,
        "groups": found.cases if grouped else None,
        "seeds": found.seeds,
        "images_needed": more,
        "auc": {"value": auc.value, "interval": [auc.low, auc.high]} if auc else None,
        "sentence": _sentence(found, images, part, more, grouped=grouped),
    }


def _settled(found: Crossed) -> bool:
    return found.low > 0 or found.high < 0


def _sentence(found: Crossed, images: int, part: str, needed: int | None, *, grouped: bool) -> str:
    of = f"{images} {part} images" + (f" of {found.cases} groups" if grouped else "")
    span = f"{100 * found.low:.1f} to {100 * found.high:.1f} points of accuracy (95 % CI)"
    begin = f"On other images of this kind the expected gap is {span}"
    if _settled(found):
        return f"{begin}: the gap would hold ({of}, {found.seeds} seeds)."
    if needed:
        return (
            f"{begin}: these {of} cannot tell whether it would hold. About {needed} images in all would settle it "
            f"in four of five cases, if the gap stays at {100 * found.value:.1f}."
        )
    return (
        f"{begin}: these {of} cannot tell whether it would hold, and at a gap of {100 * found.value:.1f} more images "
        "alone would not settle it."
    )
