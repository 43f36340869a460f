"""An augmentation as random layers of Keras, for a script of a few lines: the same ranges, other random numbers."""

from collections.abc import Callable

from core.notation.augmentation import Step, axes_of, steps_of

_OLD = {
    "none": "keras.layers.Identity()",
    "light": "keras.Sequential([keras.layers.RandomTranslation(0.05, 0.05), keras.layers.RandomRotation(0.02)])",
    "question": "keras.Sequential([keras.layers.RandomZoom(0.2, 0.2), keras.layers.RandomFlip('horizontal')])",
}
"""As reports have always told them."""


_AXES = ("vertical", "horizontal")
"""Of the two factors of a Keras layer the first is the height's."""


def keras_layers(augmentation: str) -> str:
    """The expression.

    Args:
        augmentation: str. A preset or a list of steps, as a configuration has it.
    """
    if augmentation in _OLD:
        return _OLD[augmentation]
    layers = [f"keras.layers.{_LAYERS[step.kind](step)}" for step in steps_of(augmentation)]
    return f"keras.Sequential([{', '.join(layers)}])"


def _flip(step: Step) -> str:
    axes = axes_of(step)
    return f"RandomFlip({'horizontal_and_vertical' if len(axes) == 2 else axes[0]!r})"


def _span(low: float, high: float) -> str:
    """A range as these layers take it; two equal ends they refuse."""
    return f"({low:.6g}, {high if high > low else low + 1e-6:.6g})"


def _rotation(step: Step) -> str:
    return f"RandomRotation({_span(step.low / 360, step.high / 360)})"


def _by_axis(layer: str, step: Step, offset: float) -> str:
    moved = [_span(step.low - offset, step.high - offset) if axis in axes_of(step) else "0.0" for axis in _AXES]
    return f"{layer}({moved[0]}, {moved[1]})"


def _zoom(step: Step) -> str:
    if "same" in step.words:
        return f"RandomZoom({_span(step.low - 1, step.high - 1)})"
    return _by_axis("RandomZoom", step, 1.0)


def _shear(step: Step) -> str:
    """Keras takes a share of the side, at most 1, to either side; small angles in radians are that."""
    share = f"{min(1.0, max(-step.low, step.high, 0.0) * 0.01745):.4g}"
    return f"RandomShear({share}, 0.0)" if "horizontal" in axes_of(step) else f"RandomShear(0.0, {share})"


def _crop(step: Step) -> str:
    """Enlarged by as much, about the middle moved by what was cut off."""
    return f"RandomZoom({_span(step.low - 1, min(0.0, step.high - 1))})"


_LAYERS: dict[str, Callable[[Step], str]] = {
    "flip": _flip,
    "rotation": _rotation,
    "shift": lambda step: _by_axis("RandomTranslation", step, 0.0),
    "zoom": _zoom,
    "shear": _shear,
    "crop": _crop,
    "brightness": lambda step: f"RandomBrightness({_span(max(-1.0, step.low - 1), min(1.0, step.high - 1))})",
    "contrast": lambda step: f"RandomContrast({min(1.0, max(1 - step.low, step.high - 1, 0.0)):.4g})",
    "channel_shift": lambda step: f"RandomBrightness({_span(step.low / 255, step.high / 255)})",
}
