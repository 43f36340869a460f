"""Labels that a script makes softer by hand: 0 and 1 become values between them, as label smoothing does."""

from dataclasses import replace

from core.script.flow.machine import number
from core.script.flow.objects import Array
from core.script.flow.value import Value

_LEAST = 0.2
"""A factor below makes shares of something else of the labels, such as 1 / 255 of masks."""


def by_factor(array: Array, scale: float | None, offset: float, line: int) -> Array:
    """`y * 0.9`, `y + 0.05`; only what has become softer stays so by an addend that is not known."""
    ends = _ends(array)
    if scale is None:
        return array if array.soft is None else replace(array, soft=(None, None, line))
    if abs(scale) < _LEAST:
        return array
    low, high = (None if end is None else end * scale + offset for end in ends)
    return _with(array, low, high, line)


def by_ends(array: Array, low: Value | None, high: Value | None, line: int) -> Array:
    """What 0 and 1 become, as `tf.one_hot(y, n, 0.9, 0.05)` and `np.clip(y, 0.05, 0.95)` have them."""
    least, most = number(low), number(high)
    if least is None or most is None or {least, most} <= {0, 1}:
        return array
    return _with(array, least, most, line)


def one_end(array: Array, value: Value, line: int) -> Array:
    """`y[y == 1] = 0.9`."""
    low, high = _ends(array)
    known = number(value)
    if known is None or not 0 < known < 1:
        return array
    return _with(array, low if known > 1 / 2 else known, known if known > 1 / 2 else high, line)


def by_unknown(array: Array, line: int) -> Array:
    """`y * (1 - options.share)`."""
    return replace(array, soft=(None, None, line))


def bounded(array: Array, name: str, value: Value | None, line: int) -> Array:
    """`tf.maximum(y, 0.1)`, `tf.minimum(y, 0.9)`, `tf.abs(y - 0.1)`."""
    low, high = _ends(array)
    known = number(value)
    if low is None or high is None:
        return array
    if name == "abs":
        return _with(array, abs(low), abs(high), line)
    if known is None:
        return array
    pick = max if name == "maximum" else min
    return _with(array, float(pick(low, known)), float(pick(high, known)), line)


def _ends(array: Array) -> tuple[float | None, float | None]:
    return array.soft[:2] if array.soft is not None else (0.0, 1.0)


def _with(array: Array, low: float | None, high: float | None, line: int) -> Array:
    """Labels with these ends; whole numbers are labels of another kind."""
    is_soft = low is None or high is None or round(low, 9) % 1 or round(high, 9) % 1
    return replace(array, soft=(low, high, line) if is_soft else None)
