"""Share of the images that a script holds out by itself: splits and folds of scikit-learn, take and skip, slices."""

import ast
import re
from itertools import takewhile

from core.script.flow.machine import is_none, number, word
from core.script.flow.objects import Array, Batches, Const, Part, Unknown
from core.script.flow.training_calls import images_of
from core.script.parts import PARTS
from core.script.reader import Call, Location
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.story import Story
from core.script.values import as_int, as_number

_SPLITS = {"GroupShuffleSplit": 0.2, "StratifiedShuffleSplit": 0.1, "ShuffleSplit": 0.1}
"""Classes of scikit-learn that split once or several times, and the share for the test where none is given."""
_FOLDS = ("KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold")
_USUAL_FOLDS = 5
USUAL_TEST_SIZE = 0.25
"""What scikit-learn takes where neither `test_size` nor `train_size` is given."""
_CUTS = ("take", "skip")
_PERCENT = re.compile(r"train\[(?:(?P<start>\d{1,3})%)?:(?:(?P<stop>\d{1,3})%)?\]")
"""A part of a set of TensorFlow Datasets."""
_LEAST, _MOST = 0.01, 0.9
"""Shares that are taken for one of a split."""


def of_split(story: Story, found: Collected) -> Given:
    """The share that `train_test_split` cuts off the images, or the rows of their table; not known where it is a count
    of images."""
    splits = found.script.find("train_test_split")
    if not splits:
        return Given()
    array = images_of(story.feed) if story.feed is not None else None
    lines = [array.part.line] if isinstance(array, Array) and array.part is not None else []
    call = next((one for one in splits if one.line in lines), None)
    origin = story.batches.origin if story.batches is not None else None
    if call is None and (origin is None or origin.kind == "flow_from_dataframe"):
        call = splits[-1]
    elif call is None and origin is not None and origin.kind == "flow" and len(_sizes(found, splits)) == 1:
        call = splits[-1]  # of arrays that are put together of parts, or come from elsewhere
    made = next((one for one in story.course.machine.told if call is not None and one.node is call.node), None)
    if made is None:
        return Given()
    size, rest = made.named.get("test_size"), made.named.get("train_size")
    name, value = ("train_size", rest) if is_none(size) and not is_none(rest) else ("test_size", size)
    line = made.lines.get(name, made.line)
    if is_none(value):
        return Given(Const(USUAL_TEST_SIZE), line)
    share = number(value)
    if share is None:
        return Given(value, line, "", f"{found.script.where(line)}: the share is known only when the script runs")
    if share >= 1:
        why = f"{found.script.where(line)}: {name}={share:g} is a count of images; a run needs the share for validation"
        return Given(Unknown(name, line), line, "", why)
    held = round(1 - share if name == "train_size" else share, 6)  # 1 - 0.8 is 0.2
    return Given(value if held == share else Const(held), line)


def _sizes(found: Collected, splits: list[Call]) -> set[str]:
    """The shares of several calls of `train_test_split`, as they stand there."""
    given = [[found.script.argument(one, name) for name in ("test_size", "train_size")] for one in splits]
    return {str([one.value if one.known else one.text for one in both]) for both in given}


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
    ways = (
        _of_classes(found),
        _of_datasets(story, found),
        _of_slices(story, found),
        _of_halved_lists(found),
        _of_halves(found),
        _of_tfds(found),
    )
    share = next((one for one in ways if one is not None), None)
    return share if share is not None and _LEAST <= share[0] <= _MOST else None


def line_of_cut(story: Story, found: Collected) -> int:
    """Where images are cut into those for training and those for validation in a way that tells no share; 0 where they
    are not, or have a folder of their own.

    Of one folder a run cuts them off itself: then it is the line of the training that is given any for validation.
    """
    fit, x = story.last, story.feed
    if fit is None or is_none(fit.val) or _has_own_folder(story, found):
        return 0
    if calls := found.script.find(*_SPLITS, *_FOLDS):
        return calls[-1].line
    if isinstance(x, Batches) and isinstance(fit.val, Batches) and _is_cut(x, fit.val) and x.cut is not None:
        return x.cut[2]
    if (part := _sliced(story)) is not None:
        return part.line
    if given := _parts_of_tfds(found):
        return given[1]
    return fit.lines.get("validation_data", fit.line) if found.dataset is not None else 0


def _has_own_folder(story: Story, found: Collected) -> bool:
    """Whether the script names a folder of a part of the images, or the folders of several sources."""
    machine = story.course.machine
    given = {word(argument(found.script, one.origin, "directory").value) for one in machine.sources} - {None}
    listed = {word(one.value) for one in machine.folders}
    paths = [re.split(r"[\\/]", path.lower()) for path in given | listed if path]
    above = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
    shared = len(list(above)) if len(paths) > 1 else 0
    own = {part for path in paths for part in path[shared or -1 :]}
    return len(given) > 1 or bool(own & set(PARTS))


def _is_cut(x: Batches, val: Batches) -> bool:
    """Whether these are what `take` and `skip` leave of one dataset."""
    if x.cut is None or val.cut is None or x.cut[0] != val.cut[0]:
        return False
    return {x.cut[1], val.cut[1]} == set(_CUTS)


def _of_classes(found: Collected) -> tuple[float, int] | None:
    """`GroupShuffleSplit(test_size=0.2)`; a fold of five is a fifth."""
    calls = found.script.find(*_SPLITS, *_FOLDS)
    if len(calls) != 1:
        return None
    call = calls[0]
    if call.short in _SPLITS:
        name = "test_size" if found.script.argument(call, "test_size").stated else "train_size"
        size = found.script.argument(call, name)
        if not size.stated:
            return _SPLITS[call.short], call.line
        if size.number is None or not 0 < size.number < 1:
            return None
        return _held_out(float(size.number), first=name == "train_size"), size.line
    count = found.script.argument(call, "n_splits" if "n_splits" in call.arguments else "#0")
    folds = count.whole if count.stated else _USUAL_FOLDS
    return (round(1 / folds, 4), count.line or call.line) if folds is not None and folds > 1 else None


def _of_datasets(story: Story, found: Collected) -> tuple[float, int] | None:
    """`take` and `skip` of one dataset."""
    x, val = story.feed, story.last.val if story.last is not None else None
    if not isinstance(x, Batches) or not isinstance(val, Batches) or not _is_cut(x, val) or x.cut is None:
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
    part = _sliced(story)
    if part is None:
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


def _of_halved_lists(found: Collected) -> tuple[float, int] | None:
    """`paths[:n]` and `paths[n:]` of lists whose images come by a way of the script's own: the smaller part is for
    validation."""
    ends: dict[str, set[bool]] = {}
    shares: dict[float, int] = {}
    for node in found.script.nodes:
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Slice) or node.slice.step is not None:
            continue
        lower, upper = node.slice.lower, node.slice.upper
        if (border := upper or lower) is None or (lower is not None and upper is not None):
            continue
        sides = ends.setdefault(f"{ast.dump(node.value)} {ast.dump(border)}", set())
        sides.add(upper is None)
        share = _share(found, border, Location(len(found.script.lines) * 1000, ()))
        if len(sides) == 2 and share is not None:
            shares.setdefault(round(min(share, 1 - share), 6), node.lineno)
    return next(iter(shares.items())) if len(shares) == 1 else None


def _of_halves(found: Collected) -> tuple[float, int] | None:
    """`split_dataset(x, left_size=0.8)`: the right one is for validation."""
    calls = found.script.find("split_dataset")
    if len(calls) != 1:
        return None
    for place, (name, first) in enumerate((("left_size", True), ("right_size", False)), 1):
        size = found.script.argument(calls[0], name if name in calls[0].arguments else f"#{place}")
        if size.stated:
            known = size.number is not None and 0 < size.number < 1
            return (_held_out(float(size.number or 0), first=first), size.line) if known else None
    return None


def _of_tfds(found: Collected) -> tuple[float, int] | None:
    """`tfds.load(name, split=["train[:80%]", "train[80%:]"])`: the second is for validation."""
    if (given := _parts_of_tfds(found)) is None:
        return None
    cuts = [_PERCENT.fullmatch(part) for part in given[0]]
    sizes = [int(cut["stop"] or 100) - int(cut["start"] or 0) for cut in cuts if cut]
    return (round(sizes[1] / sum(sizes), 6), given[1]) if len(sizes) == 2 and min(sizes) > 0 else None


def _parts_of_tfds(found: Collected) -> tuple[list[str], int] | None:
    """The first two parts that a set's training images are cut into, and the line."""
    for call in found.script.find("load"):
        given = found.script.argument(call, "split")
        parts = (
            [part for part in given.value if isinstance(part, str)] if isinstance(given.value, (list, tuple)) else []
        )
        if len(parts) > 1 and all(part.startswith("train[") for part in parts[:2]):
            return parts[:2], given.line
    return None


def _sliced(story: Story) -> Part | None:
    """The slice of an array that is trained on."""
    x = images_of(story.feed) if story.feed is not None else None
    part = x.part if isinstance(x, Array) else None
    return part if part is not None and part.how == "slice" else None


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
