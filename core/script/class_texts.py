"""Names of classes in the text of a script: in texts, paths and lists, also behind names that are given one value."""

import ast
import re
from dataclasses import dataclass
from typing import Any

from core.script.parts import PARTS
from core.script.reader import Location, Script
from core.script.values import UNKNOWN

_NO_CLASSES = (*PARTS, "__main__")
"""Texts that name a part of the images, or a script, and no class."""
_ARRAYS = ("array", "asarray", "constant", "list", "tuple", "convert_to_tensor")
_WILD = re.compile(r"[*?\[\]{}]")
_ENDING = re.compile(r"\.[A-Za-z]{2,5}$")
_DEEPEST = 5


@dataclass(frozen=True)
class Numbered:
    """A line that tells which names count as 1 and as 0; empty where it does not tell one of them.

    Attributes:
        turns: Whether it exchanges the numbers of labels that are there already.
        listed: The call whose order numbers the classes, which only the disk knows; else empty.
    """

    line: int
    one: str = ""
    zero: str = ""
    turns: bool = False
    listed: str = ""

    @property
    def of_classes(self) -> bool:
        """Whether no name is that of a part of the images."""
        return self.one.lower() not in _NO_CLASSES and self.zero.lower() not in _NO_CLASSES


def class_name(text: str) -> str:
    """The class that a name or a path stands for: `cats` of `data/train/cats/*.jpg`; empty for the end of a file."""
    parts = [part for part in re.split(r"[\\/]", text) if part and not _WILD.search(part)]
    if parts and _ENDING.search(parts[-1]) and (len(parts) > 1 or parts[-1].startswith(".")):
        parts.pop()
    return parts[-1].strip("._- ") if parts else ""


def behind(script: Script, node: ast.AST | None) -> ast.AST | None:
    """The expression that a name stands for, where it is given one value only."""
    for _ in range(_DEEPEST):
        if not isinstance(node, ast.Name):
            break
        values = [one.value for (_, name), known in script.assignments.items() if name == node.id for one in known]
        if len(values) != 1 or values[0] is None:
            break
        node = values[0]
    return node


def value_of(script: Script, node: ast.AST | None) -> Any:
    """The value of an expression that does not depend on where it stands."""
    node = behind(script, node)
    return script.fold(node, Location(len(script.lines) * 1000, ())) if isinstance(node, ast.expr) else UNKNOWN


def number_in(script: Script, node: ast.AST | None) -> int | None:
    """0 or 1, also as 1.0, [1] or one-hot; None for anything else, and True is no number."""
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == 1:
        node = node.elts[0]
    value = value_of(script, node)
    if value in ((1, 0), (0, 1)):
        return int(value[1])
    return int(value) if not isinstance(value, bool) and isinstance(value, (int, float)) and value in (0, 1) else None


def text_in(script: Script, node: ast.AST | None) -> str:
    """The class of a text; empty for anything else."""
    value = value_of(script, node)
    return class_name(value) if isinstance(value, str) else ""


def folder_in(script: Script, node: ast.AST | None) -> str:
    """The class of the last folder that an expression names, as `glob(root + "/cats/*.jpg")` does."""
    node = behind(script, node)
    whole = value_of(script, node)
    if isinstance(whole, str):
        return class_name(whole)
    inner = [one for one in ast.walk(node) if isinstance(one, ast.Constant)] if node is not None else []
    texts = sorted((one for one in inner if isinstance(one.value, str)), key=lambda one: (one.lineno, one.col_offset))
    names = [name for one in texts if (name := class_name(str(one.value)))]
    return names[-1] if names else ""


def two_texts(script: Script, node: ast.AST | None) -> tuple[str, str] | None:
    """Two texts in a list, array or tuple; None for anything else."""
    node = behind(script, node)
    call = script.at(node)
    if isinstance(node, ast.Call) and call is not None:
        inner = two_texts(script, node.args[0]) if node.args and call.short in (*_ARRAYS, "sorted") else None
        return (min(inner), max(inner)) if inner is not None and call.short == "sorted" else inner
    value = value_of(script, node)
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(one, str) for one in value):
        return class_name(value[0]), class_name(value[1])
    return None
