"""The setting `data.sampling`: images that a script draws several times, or leaves out, before they are trained on."""

import ast
from collections.abc import Callable, Iterator

from core.script.reader import Call, Location, Script
from core.script.settings.collected import Collected
from core.script.settings.story import Story

_KEY = "data.sampling"
_OURS = "a run has each image once in an epoch, or as many of each class"

_DATASETS = ("sample_from_datasets", "choose_from_datasets", "rejection_resample")
_JOINS = ("concat", "concatenate", "vstack", "append")


def fill_sampling(story: Story, found: Collected) -> None:
    """Writes which images an epoch uses, where a script does not use each once."""
    events = [one for one in (story.last, story.asked) if one is not None]
    calls = [call for one in events for call in story.course.behind(one, "x", "generator")]
    grouped = any(one.short == "groupby" for one in calls)
    for call in sorted({id(one): one for one in calls}.values(), key=lambda one: one.location.position):
        how = next((told for read in _READERS if (told := read(found.script, call))), "")
        if how == "part" and not grouped:
            found.note(call.line, f"{call.short}: the training is on a part of the images; a run has all of them")
        elif how == "chance":
            found.note(call.line, f"{call.short}: images are drawn at random; {_OURS}")
        elif how:
            _beyond(found, call.short, call.line)
    for node in _of_lists(found.script):
        _beyond(found, found.script.text(node), node.lineno)


def _beyond(found: Collected, what: str, line: int) -> None:
    told = f"{what}: some images are drawn several times or left out, so that classes have other shares"
    found.beyond(_KEY, f"{told}; {_OURS}", line, nearest="balanced")


_LISTINGS = ("glob", "iglob", "rglob", "listdir", "sorted", "list", "list_images", "iterdir", "list_pictures")


def _of_lists(script: Script) -> Iterator[ast.expr]:
    """`cats + dogs * 3`, and `cats[:len(dogs)]`, of lists of files."""
    listed = {name for (_, name), known in script.assignments.items() if any(_is_list(one.value) for one in known)}
    for node in script.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            named = isinstance(node.left, ast.Name) and node.left.id in listed
            if named and isinstance(node.right, ast.Constant) and isinstance(node.right.value, int):
                yield node
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and isinstance(node.value, ast.Name):
            ends = [script.origin(one, _END)[0] for one in (node.slice.lower, node.slice.upper) if one is not None]
            counted = {name for one in ends for name in _counted(one)}
            if node.value.id in listed and (counted & listed) - {node.value.id}:
                yield node


_END = Location(10**9, ())


def _is_list(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in _LISTINGS
    return isinstance(node, ast.ListComp)


def _counted(node: ast.expr | None) -> Iterator[str]:
    """The lists whose length an end is: `len(cats)`, `min(len(cats), len(dogs))`; a share of it is a split."""
    for one in [node, *(node.args if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "min" else [])]:
        of = one.args[0] if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "len" and one.args else None
        if isinstance(of, ast.Name):
            yield of.id


def _of_library(script: Script, call: Call) -> str:
    """Functions and classes that do nothing else."""
    drawn = call.short in (*_DATASETS, "fit_resample", "fit_sample") or call.name.startswith("imblearn.")
    return "shares" if drawn or (call.short == "resample" and "sklearn" in call.name) else ""


def _of_sample(script: Script, call: Call) -> str:
    """`rows.sample(n, replace=True)`, `random.sample(paths, n)`; all of them in another order are none of this."""
    if call.short != "sample" or not isinstance(call.node.func, ast.Attribute):
        return ""
    share, count = script.argument(call, "frac"), script.argument(call, "n")
    if call.name == "random.sample":
        count = script.argument(call, "k" if "k" in call.arguments else "#1")
    elif not count.stated:
        count = script.argument(call, "#0")
    if script.argument(call, "replace").value is True or script.argument(call, "weights").stated:
        return "shares"
    if share.number == 1 or not (share.stated or count.stated):
        return ""
    if "len(" in count.text or ".shape[0]" in count.text:
        population = call.node.args[0] if call.name == "random.sample" else call.node.func.value
        return "" if script.text(population) in count.text else "shares"
    return "" if _is_split(script) else "part"


def _is_split(script: Script) -> bool:
    """Whether rows that were drawn are left out elsewhere: `rows.drop(ours.index)`."""
    return any(
        isinstance(one, ast.Attribute) and one.attr == "index"
        for call in script.find("drop", "isin")
        for part in call.node.args
        for one in ast.walk(part)
    )


def _of_choice(script: Script, call: Call) -> str:
    """`np.random.choice(paths, n, p=shares)`; one of some words is no image."""
    if call.short not in ("choice", "choices"):
        return ""
    if any(script.argument(call, name).stated for name in ("p", "weights")):
        return "shares"
    size = next((one for name in ("size", "k", "#1") if (one := script.argument(call, name)).stated), None)
    is_list = bool(call.node.args) and isinstance(call.node.args[0], (ast.List, ast.Tuple, ast.Constant))
    if size is None or is_list:
        return ""
    whole = "len(" in size.text and script.argument(call, "replace").value is False
    return "" if whole else "chance"


def _of_filter(script: Script, call: Call) -> str:
    """`ds.filter(function)`."""
    given = [*call.node.args, *(one.value for one in call.node.keywords)]
    is_function = bool(given) and isinstance(given[0], (ast.Lambda, ast.Name))
    return "part" if call.short == "filter" and isinstance(call.node.func, ast.Attribute) and is_function else ""


def _of_copies(script: Script, call: Call) -> str:
    """`np.repeat(x, 3, axis=0)`, `np.tile(x, (3, 1, 1, 1))`, `pd.concat([rows, few, few])`, `[few] * 3` in it."""
    if call.short == "repeat":
        return "shares" if script.argument(call, "axis").whole == 0 and "axis" in call.arguments else ""
    if call.short == "tile":
        times = script.argument(call, "reps" if "reps" in call.arguments else "#1").value
        many = isinstance(times, (list, tuple)) and len(times) > 1 and isinstance(times[0], int) and times[0] > 1
        return "shares" if many else ""
    if call.short not in _JOINS or not _along_images(script, call):
        return ""
    parts = [one for part in call.node.args for one in ast.walk(part)]
    lists = [_names(one) for one in parts if isinstance(one, (ast.List, ast.Tuple))]
    twice = any(len(set(one)) < len(one) for one in lists)
    times = [one for one in parts if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mult)]
    several = any(isinstance(side, ast.List) and _names(side) for one in times for side in (one.left, one.right))
    return "shares" if twice or several else ""


def _along_images(script: Script, call: Call) -> bool:
    """Whether parts are joined one behind the other, as images are; channels have another axis."""
    axis = script.argument(call, "axis" if "axis" in call.arguments else "#1")
    return axis.whole in (None, 0)


def _names(node: ast.List | ast.Tuple) -> list[str]:
    return [one.id for one in node.elts if isinstance(one, ast.Name)]


_READERS: tuple[Callable[[Script, Call], str], ...] = (_of_library, _of_sample, _of_choice, _of_filter, _of_copies)
