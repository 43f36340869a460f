"""Random arguments of an ImageDataGenerator as steps of `data.augmentation`, in the order in which it applies them."""

from typing import Any

from core.errors import ConfigError
from core.notation.augmentation import read_augmentation

_MOVES = {
    "rotation_range": "rotation {} {fill}",
    "width_shift_range": "shift {} horizontal {fill}",
    "height_shift_range": "shift {} vertical {fill}",
    "shear_range": "shear {} {fill}",
    "zoom_range": "zoom {} {fill}",
}
_REST = {
    "channel_shift_range": "channel_shift {}",
    "horizontal_flip": "flip horizontal",
    "vertical_flip": "flip vertical",
    "brightness_range": "brightness {}",
}
RANDOM_ARGUMENTS = (*_MOVES, *_REST)
"""Arguments of an ImageDataGenerator that change images at random."""

_FILLS = {"nearest": "", "reflect": "reflect", "wrap": "wrap", "constant": "black"}


def generator_steps(arguments: dict[str, Any], fill_mode: Any = "nearest", cval: Any = 0.0) -> str:
    """The steps, as `data.augmentation` has them; empty where they have no counterpart here.

    Args:
        arguments: dict. Value by name of the argument, those that change images at random.
        fill_mode: As the generator has it. Defaults to Keras' default.
        cval: The grey level of `fill_mode="constant"`; only black has a counterpart. Defaults to Keras' default.
    """
    fill = _FILLS.get(fill_mode) if isinstance(fill_mode, str) else None
    if fill is None or (fill == "black" and cval != 0):
        return ""
    steps = []
    shifts = [arguments.get(name) for name in ("width_shift_range", "height_shift_range")]
    together = shifts[0] == shifts[1]  # each side is drawn by itself in one step, too
    for name, pattern in {**_MOVES, **_REST}.items():
        if together and "_shift_range" in name and "channel" not in name:
            pattern = "" if "height" in name else "shift {} {fill}"  # noqa: PLW2901
        if name in arguments and pattern:
            numbers = "flip" if pattern.startswith("flip") else _range(name, arguments[name])
            if not numbers:
                return ""
            steps.append(pattern.format(numbers, fill=fill))
    try:
        return read_augmentation(steps)
    except ConfigError:
        return ""


def _range(name: str, value: Any) -> str:
    """A number or a pair of them as the notation has it; empty where it means something else, such as pixels."""
    numbers = list(value) if isinstance(value, tuple | list) else [value]
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        return ""
    if len(numbers) == 2 and name in ("zoom_range", "brightness_range"):
        return f"{numbers[0]:g}..{numbers[1]:g}"
    if len(numbers) != 1 or name == "brightness_range" or ("shift" in name and "channel" not in name and value >= 1):
        return ""
    return f"{abs(numbers[0]):g}"
