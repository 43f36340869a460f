"""Share of the images that a script holds out by itself: splits and folds of scikit-learn, take and skip, slices."""

import ast

from core.script.flow.objects import Array, Batches
from core.script.flow.training_calls import images_of
from core.script.reader import Call, Location
from core.script.settings.collected import Collected
from core.script.settings.given import Given
from core.script.settings.story import Story
from core.script.values import as_int, as_number

_SPLITS = ("GroupShuffleSplit", "StratifiedShuffleSplit", "ShuffleSplit")
_FOLDS = ("KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold")
_USUAL_FOLDS = 5
_CUTS = ("take", "skip")
_LEAST, _MOST = 0.01, 0.9
"""Shares that are taken for one of a split."""


def of_split(story: Story, found: Collected) -> Given:
    """`test_size` of the `train_test_split` that the images, or the rows of their table, went through."""
    splits = found.script.find("train_test_split")
    if not splits:
        return Given()
    array = images_of(story.feed) if story.feed is not None else None
    lines = [array.part.line] if isinstance(array, Array) and array.part is not None else []
    call = next((one for one in splits if one.line in lines), None)
    origin = story.batches.origin if story.batches is not None else None
    if call is None and (origin is None or origin.kind == "flow_from_dataframe"):
        call = splits[-1]
    made = next((one for one in story.course.machine.told if call is not None and one.node is call.node), None)
    if made is None:
        return Given()
    value = made.named.get("test_size")
    line = made.lines.get("test_size", made.line)
    return Given(value, line, "", f"{found.script.where(line)}: the share is known only when the script runs")


def share_of_cut(story: Story, found: Collected) -> tuple[float, int] | None:
    """The share for validation and its line, where it is not an argument of Keras or of `train_test_split`.

    Args:
        story: Story. What the script trains in the end.
        found: Collected. Holds the text.

    Returns:
        The share, above 0 and below 1, and the line; None where there is none, or parts of parts are taken.
    """
    if found.script.find("train_test_split"):
        return None
    share = _of_classes(found) or _of_datasets(story, found) or _of_slices(story, found)
    return share if share is not None and _LEAST <= share[0] <= _MOST else None


def _of_classes(found: Collected) -> tuple[float, int] | None:
    """`GroupShuffleSplit(test_size=0.2)`; a fold of five is a fifth."""
    calls = found.script.find(*_SPLITS, *_FOLDS)
    if len(calls) != 1:
        return None
    call = calls[0]
    if call.short in _SPLITS:
        size = found.script.argument(call, "test_size")
        return (float(size.number), size.line) if size.number is not None and 0 < size.number < 1 else None
    count = found.script.argument(call, "n_splits" if "n_splits" in call.arguments else "#0")
    folds = count.whole if count.stated else _USUAL_FOLDS
    return (round(1 / folds, 4), count.line or call.line) if folds is not None and folds > 1 else None


def _of_datasets(story: Story, found: Collected) -> tuple[float, int] | None:
    """`take` and `skip` of one dataset."""
    x, val = story.feed, story.last.val if story.last is not None else None
    if not isinstance(x, Batches) or not isinstance(val, Batches) or x.cut is None or val.cut is None:
        return None
    if x.cut[0] != val.cut[0] or {x.cut[1], val.cut[1]} != set(_CUTS):
        return None
    shares = [_share(found, *_counted(call)) for call in found.script.find(*_CUTS)]
    known = {round(one, 6) for one in shares if one is not None}
    share = known.pop() if len(known) == 1 else None
    return None if share is None else (_held_out(share, first=x.cut[1] == "take"), x.cut[2])


def _counted(call: Call) -> tuple[ast.expr | None, Location]:
    given = [*call.node.args, *(one.value for one in call.node.keywords)]
    return (given[0] if given else None), call.location


def _of_slices(story: Story, found: Collected) -> tuple[float, int] | None:
    """`x[:n]` for training and `x[n:]` for validation, or the other way round."""
    x = images_of(story.feed) if story.feed is not None else None
    part = x.part if isinstance(x, Array) else None
    if part is None or part.how != "slice":
        return None
    borders = [
        node.slice.upper or node.slice.lower
        for node in found.script.nodes
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and node.lineno == part.line
        and (node.slice.lower is None) != (node.slice.upper is None)
    ]  # fmt: skip
    place = Location(len(found.script.lines) * 1000, ())
    shares = {_share(found, one, place) for one in borders}
    share = shares.pop() if len(shares) == 1 else None
    return None if share is None else (_held_out(share, first=part.index == 0), part.line)


def _held_out(share: float, *, first: bool) -> float:
    """What is left for validation where the training has the first `share`, or what comes after it."""
    return round(1 - share if first else share, 6)


def _share(found: Collected, node: ast.expr | None, location: Location, depth: int = 6) -> float | None:
    """The share in `int(0.8 * n)`, `n // 5` or `n - int(0.2 * n)`; None for any other count."""
    node, location = found.script.origin(node, location)
    if isinstance(node, ast.Call) and len(node.args) == 1 and depth:
        return _share(found, node.args[0], location, depth - 1)  # int, round, math.ceil
    if not isinstance(node, ast.BinOp) or not depth:
        return None
    left, right = (as_number(found.script.fold(one, location)) for one in (node.left, node.right))
    if isinstance(node.op, ast.Mult) and (left is None) != (right is None):
        factor = left if left is not None else right
        return float(factor) if factor is not None and 0 < factor < 1 else None
    if isinstance(node.op, (ast.FloorDiv, ast.Div)) and left is None:
        parts = as_int(right)
        return 1 / parts if parts is not None and parts > 1 else None
    if isinstance(node.op, ast.Sub):
        rest = _share(found, node.right, location, depth - 1)
        return None if rest is None else 1 - rest
    return None
