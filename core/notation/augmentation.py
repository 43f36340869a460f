"""Steps of `data.augmentation` as people write them: names, ranges, what is allowed, presets. Light, numbers only.

A list of steps is kept as one line of text, `flip horizontal, rotation -20..20, zoom 0.8..1.2`, which is what a person
types, what config.json holds and what stands in a report. What the steps do: `core/data/augment_steps.py`.
"""

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from core.errors import ConfigError
from core.setting import LONGEST_TEXT, shortened

KEY = "data.augmentation"
DRAWN_TOGETHER = ("light", "question")
"""Presets older than the steps: `core/data/augment.py` draws them as it always has, to the bit."""

STEPS_OF_PRESET = {
    "none": "",
    "light": "rotation -5..5, zoom 0.95..1.05 same, shift -0.03..0.03, brightness 0.9..1.1",
    "medical": "rotation -7..7, shift -0.05..0.05, zoom 0.9..1.1 same, brightness 0.9..1.1, contrast 0.9..1.1",
    "strong": (
        "crop 0.6..1, flip horizontal, rotation -20..20, shear -10..10, brightness 0.7..1.3, contrast 0.7..1.3, "
        "channel_shift -20..20"
    ),
    "question": "shear -0.2..0.2, zoom 0.8..1.2, flip horizontal",
}
"""What each preset stands for; fixed for ever, since runs keep the name. The older two say here what they draw."""

PRESETS = tuple(STEPS_OF_PRESET)

_PRESET_OF = {steps: name for name, steps in STEPS_OF_PRESET.items() if name not in (*DRAWN_TOGETHER, "none")}
"""A list that is what a preset stands for is that preset: two runs with it do not differ."""

MOST_STEPS = 16
AXES = ("horizontal", "vertical")
FILLS = ("nearest", "reflect", "wrap", "black")


@dataclass(frozen=True)
class Kind:
    """One kind of step.

    Attributes:
        title: str. For a list.
        unit: str. What its numbers are.
        low: float. Smallest number allowed.
        high: float. Largest number allowed.
        usual: tuple of float. The range it begins with where a person adds it.
        around: float. A single number `v` means this value minus and plus `v`.
        words: tuple of str. What may follow the range.
    """

    title: str
    unit: str
    low: float
    high: float
    usual: tuple[float, float]
    around: float
    words: tuple[str, ...] = ()


KINDS = {
    "flip": Kind("Flip", "", 0, 0, (0, 0), 0, (*AXES, "both")),
    "rotation": Kind("Rotation", "degrees, positive is counter-clockwise", -180, 180, (-15, 15), 0, FILLS),
    "shift": Kind("Shift", "fraction of the side, positive is right and down", -1, 1, (-0.1, 0.1), 0, (*AXES, *FILLS)),
    "zoom": Kind(
        "Zoom",
        "source pixels per pixel: below 1 enlarges, above 1 shows more",
        0.2,
        3,
        (0.8, 1.2),
        1,
        ("same", *AXES, *FILLS),
    ),
    "shear": Kind("Shear", "degrees", -45, 45, (-10, 10), 0, (*AXES, *FILLS)),
    "crop": Kind("Crop", "fraction of the side that is kept, at a random position, then enlarged", 0.1, 1, (0.8, 1), 1),
    "brightness": Kind("Brightness", "factor on pixel values", 0, 4, (0.8, 1.2), 1),
    "contrast": Kind("Contrast", "factor on the distance to each channel's mean", 0, 4, (0.8, 1.2), 1),
    "channel_shift": Kind("Channel shift", "added to pixel values", -255, 255, (-20, 20), 0, ("each",)),
}
"""Every kind of step. Units and signs are those of Keras: degrees and factors of `ImageDataGenerator`."""


class Step(NamedTuple):
    """One step. `low` and `high` are 0 for a flip."""

    kind: str
    low: float
    high: float
    words: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As it is written: `zoom 0.8..1.2 same`."""
        span = "" if self.kind == "flip" else f"{_number(self.low)}..{_number(self.high)}"
        return " ".join(part for part in (self.kind, span, *self.words) if part)


def read_augmentation(value: Any) -> str:
    """The one way to write an augmentation, from any way in which people write it.

    Args:
        value: str or list. A preset; text such as `flip horizontal, rotation 20`; JSON or a list of such texts and of
            objects such as `{"rotation": [-20, 20]}`. A single number stands for a range around no change.

    Returns:
        A preset's name, also where its steps were written out, or the steps with their ranges written out, at most
        `LONGEST_TEXT` characters.

    Raises:
        ConfigError: names the step, what came and what is allowed.
    """
    if isinstance(value, str) and value.strip().lower() in PRESETS:
        return value.strip().lower()
    items = _items(value)
    if not items:
        return "none"
    if len(items) > MOST_STEPS:
        raise ConfigError(f"{KEY} has {len(items)} steps; it may have {MOST_STEPS} at most")
    text = ", ".join(_read_step(item, place).text for place, item in enumerate(items, start=1))
    if len(text) > LONGEST_TEXT:
        raise ConfigError(f"{KEY} has {len(text)} characters; it may have {LONGEST_TEXT} at most")
    return _PRESET_OF.get(text, text)


def augmentation_record(augmentation: str) -> str | list[str]:
    """As config.json has it: a preset's name, or a list of steps, which `read_augmentation` accepts."""
    return augmentation if augmentation in PRESETS else [step.text for step in steps_of(augmentation)]


@lru_cache(maxsize=128)
def steps_of(augmentation: str) -> tuple[Step, ...]:
    """The steps of an augmentation, a preset's name or text as `read_augmentation` gives it; of `none` no step.

    Raises:
        ConfigError: it is neither.
    """
    text = STEPS_OF_PRESET.get(augmentation, augmentation)
    return tuple(_read_step(item, place) for place, item in enumerate(_items(text), start=1))


def is_list(augmentation: str) -> bool:
    """Whether it is drawn step by step: a list of a person's, or a preset that is one."""
    return augmentation != "none" and augmentation not in DRAWN_TOGETHER


def mirrored(augmentation: str) -> str:
    """Along which axis images are mirrored: `horizontal`, `vertical`, `both`, or empty."""
    axes = {axis for step in steps_of(augmentation) if step.kind == "flip" for axis in axes_of(step)}
    return "both" if len(axes) == 2 else next(iter(axes), "")


def axes_of(step: Step) -> tuple[str, ...]:
    """The axes along which a flip, shift, zoom or shear acts; a shear without a word is horizontal, as Keras' is."""
    named = tuple(axis for axis in AXES if axis in step.words)
    if named or step.kind not in ("flip", "shear"):
        return named or AXES
    return AXES if "both" in step.words else ("horizontal",)


def _items(value: Any) -> list[Any]:
    """The steps of a list, of text with commas between them, or of JSON."""
    if isinstance(value, str):
        if len(value) > 4 * LONGEST_TEXT:
            raise ConfigError(f"{KEY} has {len(value):,} characters; it may have {LONGEST_TEXT} at most")
        if value.strip().startswith("["):
            return _items(_from_json(value))
        return [part for part in value.replace(";", ",").replace("\n", ",").split(",") if part.strip()]
    if isinstance(value, Sequence):
        return list(value)
    raise ConfigError(f'{KEY} is a preset or a list of steps, but "{shortened(value)}" came')


def _from_json(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{KEY} is not a list of steps in JSON: {error}") from error
    return list(found)


def _read_step(item: Any, place: int) -> Step:
    where = f'{KEY}: step {place}, "{shortened(_shown(item))}"'
    words = _words(item, where)
    kind = words[0].lower().replace("-", "_") if words else ""
    if kind in PRESETS and len(words) == 1:
        raise ConfigError(
            f"{where}: a preset cannot be combined with steps; write its steps instead: "
            f"{STEPS_OF_PRESET[kind] or 'none'}"
        )
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, (*KINDS, *PRESETS), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(
            f"{where}: no such step; {hint}steps are {', '.join(KINDS)}; presets are {', '.join(PRESETS)}"
        )
    spans = [word for word in words[1:] if _is_number(word.partition("..")[0])]
    options = [word.lower() for word in words[1:] if word not in spans]
    low, high = _span(kind, spans, where)
    return Step(kind, low, high, _options(kind, options, where))


def _words(item: Any, where: str) -> list[str]:
    """A step's words: its kind, then numbers and options."""
    if isinstance(item, str):
        return item.replace("=", " ").replace(":", " ").split()
    if isinstance(item, Mapping) and len(item) == 1:
        ((kind, value),) = item.items()
        if isinstance(value, str):
            return [str(kind), *value.replace("=", " ").split()]
        if _is_plain_number(value):
            return [str(kind), _number(value)]
        if isinstance(value, Sequence) and len(value) == 2 and all(map(_is_plain_number, value)):
            return [str(kind), f"{_number(value[0])}..{_number(value[1])}"]
    raise ConfigError(
        f'{where}: a step is text such as "rotation -20..20" or an object such as {{"rotation": [-20, 20]}}'
    )


def _span(kind: str, spans: list[str], where: str) -> tuple[float, float]:
    """The range of a step, from `0.8..1.2` or from one number around no change."""
    row = KINDS[kind]
    if kind == "flip":
        if spans:
            raise ConfigError(f"{where}: a flip has no range; write flip horizontal, flip vertical or flip both")
        return 0.0, 0.0
    if len(spans) != 1:
        raise ConfigError(f"{where}: it needs one range ({row.unit}), such as {kind} {_range_text(row.usual)}")
    first, dots, second = spans[0].partition("..")
    if dots and not _is_number(second):
        raise ConfigError(f'{where}: "{second}" is not a number; write {kind} {_range_text(row.usual)}')
    ends = (float(first), float(second)) if dots else _around(kind, float(first))
    low, high = (float(_number(end)) for end in ends)
    if low > high:
        raise ConfigError(f"{where}: the range starts above its end; write {_number(high)}..{_number(low)}")
    if low < row.low or high > row.high:
        raise ConfigError(
            f"{where}: {_range_text((low, high))} is outside {_number(row.low)} to {_number(row.high)} ({row.unit})"
        )
    return low, high


def _around(kind: str, value: float) -> tuple[float, float]:
    """What one number means: 20 degrees to either side; of a crop the smallest part that is kept."""
    around = KINDS[kind].around
    if kind == "crop":
        return value, 1.0
    return around - abs(value), around + abs(value)


def _options(kind: str, found: list[str], where: str) -> tuple[str, ...]:
    allowed = KINDS[kind].words
    for word in found:
        if word not in allowed:
            what = f"allowed after the range: {', '.join(allowed)}" if allowed else "nothing may follow the range"
            what = f"write {', '.join(f'flip {word}' for word in allowed)}" if kind == "flip" else what
            raise ConfigError(f'{where}: "{word}" is not allowed here; {what}')
    chosen = tuple(word for word in allowed if word in found)
    places = [word for word in chosen if word not in FILLS]
    if len(places) > 1 or len(chosen) - len(places) > 1:
        raise ConfigError(f"{where}: {' and '.join(chosen)} exclude each other; keep one")
    if kind == "flip":
        return chosen or ("horizontal",)
    return tuple(word for word in chosen if word != "nearest")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_plain_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6


def _range_text(span: tuple[float, float]) -> str:
    return f"{_number(span[0])}..{_number(span[1])}"


def _number(value: float) -> str:
    """Six digits are more than any range needs, and what is written is what is drawn from."""
    return f"{value:.6g}"


def _shown(item: Any) -> str:
    """A step as a sentence repeats it, whatever came in its place."""
    if isinstance(item, Mapping):
        return ", ".join(str(key) for key in list(item)[:4])
    return item.strip() if isinstance(item, str) else type(item).__name__
