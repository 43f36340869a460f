"""Random layers of Keras and functions on images as steps of a run; what no step does, and what comes nearest."""

from collections.abc import Callable
from typing import Any

from core.script.flow.chance import DRAWN, TURNED, axis_of
from core.script.flow.machine import constant, number
from core.script.flow.made import Layer, Made

_FILLS = {"reflect": "reflect", "nearest": "nearest", "wrap": "wrap", "constant": "black"}
_TURN = 360
_RANGE = (0, 255)
_SCALED = 2.0
"""Largest value of pixels that were divided by what they go up to."""


class NoStep(Exception):
    """No step of a run does it; the text says what, `near` is the step that comes nearest, or empty."""

    def __init__(self, text: str, near: str = "") -> None:
        super().__init__(text)
        self.near = near


def _factors(one: Layer | Made, name: str) -> tuple[float, float]:
    """Lowest and highest of a factor: a number is a range around nothing."""
    value = one.arguments.get(name)
    known = constant(value)
    single = number(value)
    if single is not None:
        return -abs(single), abs(single)
    if isinstance(known, tuple) and len(known) == 2 and all(isinstance(part, (int, float)) for part in known):
        return float(known[0]), float(known[1])
    raise NoStep(f"{one.kind}: its {name.replace('_', ' ')} is known only when the script runs")


def _fill(one: Layer | Made) -> str:
    value = constant(one.arguments["fill_mode"]) if "fill_mode" in one.arguments else "reflect"
    fill = _FILLS.get(str(value), "")
    grey = one.arguments.get("fill_value")
    if fill == "black" and grey is not None and number(grey) != 0:
        raise NoStep(f"{one.kind}: a run fills with black, not with a fill_value of its own")
    if not fill:
        raise NoStep(f"{one.kind}: there is no fill {value}")
    return "" if fill == "nearest" else fill


def _flip(one: Layer | Made) -> list[str]:
    mode = constant(one.arguments["mode"]) if "mode" in one.arguments else "horizontal_and_vertical"
    axes = {"horizontal": "horizontal", "vertical": "vertical", "horizontal_and_vertical": "both"}
    if mode not in axes:
        raise NoStep("RandomFlip: its mode is known only when the script runs")
    return [f"flip {axes[str(mode)]}"]


def _rotation(one: Layer | Made) -> list[str]:
    low, high = _factors(one, "factor")
    return [f"rotation {low * _TURN:g}..{high * _TURN:g} {_fill(one)}"]


def _zoom(one: Layer | Made) -> list[str]:
    low, high = _factors(one, "height_factor")
    width = one.arguments.get("width_factor")
    if width is None or constant(width) is None:
        return [f"zoom {1 + low:g}..{1 + high:g} same {_fill(one)}"]
    if _factors(one, "width_factor") == (low, high):
        return [f"zoom {1 + low:g}..{1 + high:g} {_fill(one)}"]
    left, right = _factors(one, "width_factor")
    fill = _fill(one)
    return [f"zoom {1 + low:g}..{1 + high:g} vertical {fill}", f"zoom {1 + left:g}..{1 + right:g} horizontal {fill}"]


def _translation(one: Layer | Made) -> list[str]:
    fill = _fill(one)
    up, left = _factors(one, "height_factor"), _factors(one, "width_factor")
    if up == left:
        return [f"shift {up[0]:g}..{up[1]:g} {fill}"]
    found = {"vertical": up, "horizontal": left}
    return [f"shift {low:g}..{high:g} {axis} {fill}" for axis, (low, high) in found.items() if (low, high) != (0, 0)]


def _mixing(one: Layer | Made) -> list[str]:
    raise NoStep("MixUp is given images without their labels, which then stay as they are; a run mixes both")


def _contrast(one: Layer | Made) -> list[str]:
    value = constant(one.arguments.get("factor"))
    low, high = (value[0], value[1]) if isinstance(value, tuple) and len(value) == 2 else (None, None)
    if isinstance(value, (int, float)):
        low = high = value
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        raise NoStep(f"{one.kind}: its factor is known only when the script runs")
    return [f"contrast {1 - low:g}..{1 + high:g}"]


def _brightness(one: Layer | Made) -> list[str]:
    low, high = _factors(one, "factor")
    bounds = constant(one.arguments["value_range"]) if "value_range" in one.arguments else _RANGE
    span = one.span if isinstance(one, Layer) else None
    if span is not None and bounds == _RANGE and span[1] <= _SCALED:
        told = f"RandomBrightness takes pixels of {span[0]:g} to {span[1]:g} for 0 to 255 (its value_range)"
        raise NoStep(f"{told}: it adds up to {high * _RANGE[1]:g} to them")
    near = f"brightness {max(0, 1 + low):g}..{1 + high:g}"
    raise NoStep("RandomBrightness adds the same to all grey levels; a run multiplies them", near)


def _of_image(axis: str) -> Callable[[Layer | Made], list[str]]:
    return lambda one: [f"flip {axis}"]


def _contrast_of_image(one: Layer | Made) -> list[str]:
    low, high = (
        number(one.arguments.get(name) or one.arguments.get(other))
        for name, other in (("lower", "first"), ("upper", "second"))
    )
    if low is None or high is None:
        raise NoStep(f"{one.kind}: its range is known only when the script runs")
    return [f"contrast {low:g}..{high:g}"]


def _brightness_of_image(one: Layer | Made) -> list[str]:
    delta = number(one.arguments.get("max_delta") or one.arguments.get("first"))
    near = f"brightness {max(0, 1 - delta):g}..{1 + delta:g}" if delta is not None and delta < 1 else ""
    raise NoStep("random_brightness adds the same to all grey levels; a run multiplies them", near)


def _for_all(one: Layer | Made) -> list[str]:
    """A change that is the same for all images, or copies of them that are changed."""
    axis = axis_of(one)
    near = "" if axis is None else ("flip horizontal" if axis else "flip vertical")
    what = getattr(one, "name", one.kind)
    raise NoStep(f"{what} changes images in a fixed way, or adds changed copies; a run changes each at random", near)


def _by_chance(one: Layer | Made) -> list[str]:
    """By something drawn that is no function of Keras; a flip in some of the cases is nearly that of a run."""
    of = one.state.get("of") if isinstance(one, Made) else None
    axis = axis_of(of) if isinstance(of, (Layer, Made)) else None
    near = "" if axis is None else ("flip horizontal" if axis else "flip vertical")
    what = getattr(one, "name", "")
    told = f"images are changed at random by {what}" if what else "images are changed at random"
    raise NoStep(f"{told}, in a way of the script's own", near)


def _seeded(one: Layer | Made) -> list[str]:
    raise NoStep(f"{one.kind} with a fixed seed changes all images in the same way; a run draws for each image")


def _random_crop(one: Layer | Made) -> list[str]:
    kept, whole_image = (constant(one.arguments.get(name)) for name in ("size", "of"))
    share = _share(kept, whole_image)
    near = f"crop {share:g}..{share:g}" if share is not None and 0.1 <= share <= 1 else ""
    raise NoStep("random_crop cuts out a number of pixels; a run's crop is a share of the side, then enlarged", near)


def _share(kept: Any, whole_image: Any) -> float | None:
    """The part of the side that is kept, where it is the same for both sides."""
    if not all(isinstance(one, tuple) and len(one) == 2 and all(one) for one in (kept, whole_image)):
        return None
    shares = {part / side for part, side in zip(kept, whole_image, strict=True)}
    return round(shares.pop(), 4) if len(shares) == 1 else None


STEPS_OF: dict[str, Callable[[Layer | Made], list[str]]] = {
    "RandomFlip": _flip,
    "RandomRotation": _rotation,
    "RandomZoom": _zoom,
    "RandomTranslation": _translation,
    "RandomContrast": _contrast,
    "MixUp": _mixing,
    "RandomBrightness": _brightness,
    "random_flip_left_right": _of_image("horizontal"),
    "random_flip_up_down": _of_image("vertical"),
    "random_contrast": _contrast_of_image,
    "random_brightness": _brightness_of_image,
    **dict.fromkeys(
        (
            TURNED,
            "flip_left_right",
            "flip_up_down",
            "fliplr",
            "flipud",
            "flip",
            "mirror",
            "rot90",
            "rotate",
            "warpAffine",
            "warpPerspective",
            "transpose",
        ),
        _for_all,
    ),
    DRAWN: _by_chance,
    **dict.fromkeys(
        (
            "stateless_random_flip_left_right",
            "stateless_random_flip_up_down",
            "stateless_random_contrast",
            "stateless_random_brightness",
        ),
        _seeded,
    ),
    "random_crop": _random_crop,
}
