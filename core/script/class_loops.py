"""Which of two classes a script counts as 1, by loops over the files of one folder each that give them one label."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from core.script.class_texts import Numbered, folder_in, number_in
from core.script.reader import Script

_LISTINGS = ("listdir", "glob", "iglob", "iterdir", "scandir", "rglob", "list_images")
_SAME = ("sorted", "list", "tqdm", "enumerate", "tuple", "reversed")
"""Calls that give what they are given."""
_TAKES = ("append", "insert", "extend")


def of_loops(script: Script) -> Iterator[Numbered]:
    """`for name in listdir("d/cat"): ...; labels.append(0)`, and the same of the other folder with 1."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for node in script.nodes:
        if isinstance(node, (ast.For, ast.AsyncFor)) and (folder := _folder(script, node.iter)):
            labels = _labels(script, node.body)
            if len(labels) == 1:
                found[labels.pop()].setdefault(folder, node.lineno)
    if set(found) == {0, 1} and len(found[0]) == len(found[1]) == 1:
        (zero, _), (one, line) = next(iter(found[0].items())), next(iter(found[1].items()))
        if zero != one:
            yield Numbered(line, one, zero)


def _folder(script: Script, node: ast.expr) -> str:
    """The class of the folder whose files an expression lists; empty where it lists none."""
    call = script.at(node)
    if call is None and isinstance(node, ast.Name):
        values = [one.value for (_, name), known in script.assignments.items() if name == node.id for one in known]
        return _folder(script, values[0]) if len(values) == 1 and isinstance(values[0], ast.Call) else ""
    if call is None:
        return ""
    if call.short in _SAME and call.node.args:
        return _folder(script, call.node.args[0])
    if call.short not in _LISTINGS:
        return ""
    owner = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    given = [*call.node.args, *([owner] if not call.node.args and owner is not None else [])]
    return next((name for one in given if (name := folder_in(script, one))), "")


def _labels(script: Script, body: list[ast.stmt]) -> set[int]:
    """The labels that the statements of a loop put into a list: as they are, in a pair, or by a name."""
    nodes = [one for statement in body for one in ast.walk(statement)]
    names = {
        target.id: one.value
        for one in nodes if isinstance(one, ast.Assign)
        for target in one.targets if isinstance(target, ast.Name) and isinstance(one.value, ast.Constant)
    }  # fmt: skip
    found: set[int] = set()
    for one in nodes:
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in _TAKES:
            for given in one.args:
                parts = given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
                values = [names.get(part.id, part) if isinstance(part, ast.Name) else part for part in parts]
                numbers = [number_in(script, part) for part in values if isinstance(part, (ast.Constant, ast.List))]
                found.update(number for number in numbers if number is not None)
    return found
