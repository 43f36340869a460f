"""The setting `training.label_smoothing`: by the loss, or by hand on the labels."""

import ast

from core.script.flow.made import Made
from core.script.flow.objects import NUMBERS, Array, Out, Unknown
from core.script.flow.value import Value
from core.script.fold import combine
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.story import Story

_KEY = "training.label_smoothing"
_MOST = 0.8
"""Labels that are closer together than by this share are of another kind."""


def fill_smoothing(story: Story, found: Collected, out: Out | None) -> None:
    """Writes how much softer than 0 and 1 the labels are.

    Args:
        story: Story. What the script trains in the end.
        found: Collected. Takes the setting.
        out: The output; None where it is not known.
    """
    fit = story.last
    compiled = (fit.compiled if fit is not None else None) or story.compiled
    value = compiled.arguments.get("loss") if compiled is not None else None
    given = argument(found.script, value if isinstance(value, Made) else None, "label_smoothing")
    if given.stated:
        found.take(_KEY, given, 0.0, "")
    labels = fit.y if fit is not None else None
    soft = _softened(labels) if isinstance(labels, Array) else _of_text(labels)
    if soft is not None:
        units = out.units if out is not None and isinstance(out.units, int) else None
        _by_hand(found, soft, units, by_loss=bool(given.stated and given.known != 0))


def _softened(labels: Array) -> tuple[float | None, float | None, int] | None:
    """What 0 and 1 become, and the line; of labels that are known as numbers alone by the steps on them."""
    if labels.soft is not None or labels.role != NUMBERS or not labels.steps:
        return labels.soft
    low, high = 0.0, 1.0
    for step in labels.steps:
        if step.scale is None:
            return None
        low, high = low * step.scale + step.offset, high * step.scale + step.offset
    return low, high, labels.steps[-1].line


def _of_text(labels: Value | None) -> tuple[float, float, int] | None:
    """What `self.marks[rows] * 0.9 + 0.05` makes of 0 and 1, where no more is known of the labels than their text."""
    if not isinstance(labels, Unknown) or "*" not in labels.text:
        return None
    try:
        body = ast.parse(labels.text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    ends = [_of_node(body, start, _DEEPEST) for start in (0.0, 1.0)]
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1], labels.line)


_DEEPEST = 8


def _of_node(node: ast.expr, start: float, depth: int) -> float | None:
    """The value of an expression of numbers and one thing else, which is `start`."""
    if isinstance(node, ast.Constant):
        return float(node.value) if isinstance(node.value, (int, float)) else None
    if not isinstance(node, ast.BinOp) or not depth:
        return start if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)) else None
    left, right = (_of_node(one, start, depth - 1) for one in (node.left, node.right))
    if left is None or right is None:
        return None
    known = combine(node.op, left, right)
    return float(known) if isinstance(known, (int, float)) else None


def _by_hand(
    found: Collected, soft: tuple[float | None, float | None, int], units: int | None, *, by_loss: bool
) -> None:
    """Labels of 0 and 1 that arithmetic changes: the same as label smoothing where their ends are those of it."""
    *ends, line = soft
    if ends[0] is None or ends[1] is None:
        told = f"{found.script.where(line)}: what the labels become is known only when the script runs"
        found.ask(_KEY, told, line)
        return
    low, high = sorted(float(end) for end in ends if end is not None)
    share = round(1 - (high - low), 6)
    if not 0 < share < _MOST:
        return
    rest = share / max(units or 2, 2)
    if by_loss:
        found.beyond(_KEY, "the labels are made softer by hand, and by the loss once more", line, nearest=share)
    elif abs(low - rest) < 1e-4:
        found.state(_KEY, share, line)
    else:
        told = f"the labels are {low:g} and {high:g}; by a label smoothing of {share:g} they are {rest:g} and "
        found.beyond(_KEY, f"{told}{1 - share + rest:g}", line, nearest=share)
