"""Small edits of a script that might give a setting another value; which of them does is for the reader to say.

Each edit replaces, adds or takes away one argument or constant at the lines that decide the setting. None is trusted:
`repair.py` reads every edited script again and keeps the first whose configuration is the one that was wanted.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.why.editable import tree_of
from core.why.side import CALLS

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "data.shuffle": ("shuffle",),
    "data.preprocessing": ("rescale", "preprocessing_function", "scale"),
    "data.batch_size": ("batch_size",),
    "data.image_size": ("target_size", "image_size"),
    "training.learning_rate": ("learning_rate", "lr"),
    "training.optimizer": ("optimizer",),
    "training.label_smoothing": ("label_smoothing", "loss"),
    "training.focal_gamma": ("gamma",),
    "training.focal_alpha": ("alpha",),
    "training.class_weight": ("class_weight",),
    "training.epochs": ("epochs", "nb_epoch"),
}
"""Names under which Keras takes a setting."""

_BOTH_PARTS = ("data.preprocessing", "data.image_size")
"""What training and validation images must have alike: all calls are edited together."""

_OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"}


def spellings(key: str, value: Any) -> list[str]:
    """How a value may stand in a script."""
    if key == "data.shuffle":
        return ["True" if value == "samples" else "False"]
    if key == "data.preprocessing":
        return ["1.0 / 255"] if value == "rescale" else ["None"] if value == "none" else []
    if key == "data.image_size":
        return [f"({value}, {value})", str(value)]
    if key == "training.optimizer" and value in _OPTIMIZERS:
        return [repr(value), _OPTIMIZERS[value]]
    return [repr(value)]


class Source:
    """A script that can be edited by the places of its syntax tree.

    Args:
        text: str. As `Editable` has it.

    Raises:
        SyntaxError: it is no Python.
    """

    def __init__(self, text: str) -> None:
        self.content = text.encode()
        self.tree = tree_of(text)
        self.nodes = list(ast.walk(self.tree))
        self._starts = [0]
        for line in self.content.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def span(self, node: ast.expr | ast.keyword) -> tuple[int, int]:
        """First byte of an expression and the byte after its last."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[end_line - 1] + end_column

    def segment(self, node: ast.expr) -> str:
        """Its text."""
        start, end = self.span(node)
        return self.content[start:end].decode()

    def calls(self, lines: Iterable[int], names: Sequence[str] = ()) -> list[ast.Call]:
        """Calls that reach over one of these lines, the innermost first; of these names only, where some are given."""
        wanted = set(lines)
        found = [node for node in self.nodes if isinstance(node, ast.Call)
                 and (not wanted or wanted & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)))
                 and (not names or short_name(node) in names)]  # fmt: skip
        return sorted(found, key=lambda node: (self.span(node)[1] - self.span(node)[0], node.lineno))

    def edited(self, edits: Iterable[tuple[int, int, str]]) -> str:
        """The text with bytes replaced; the edits do not overlap."""
        content = self.content
        for start, end, text in sorted(edits, reverse=True):
            content = content[:start] + text.encode() + content[end:]
        return content.decode()

    def replacing(self, node: ast.expr, text: str) -> tuple[int, int, str]:
        """The edit that puts a text in the place of an expression."""
        return (*self.span(node), text)

    def adding(self, call: ast.Call, argument: str) -> tuple[int, int, str]:
        """The edit that adds an argument at the end of a call."""
        end = self.span(call)[1] - 1
        before = self.content[self.span(call)[0] : end].rstrip()
        place = self.span(call)[0] + len(before)
        comma = "" if before.endswith((b"(", b",")) else ","
        return (place, place, f"{comma}{'' if before.endswith(b'(') else ' '}{argument}")

    def removing(self, call: ast.Call, keyword: ast.keyword) -> tuple[int, int, str]:
        """The edit that takes an argument away, with the comma beside it."""
        start, end = self.span(keyword)
        rest = self.content[end : self.span(call)[1]]
        after = len(rest) - len(rest.lstrip(b" \t"))
        if rest[after : after + 1] == b",":
            spaces = rest[after + 1 :]
            return (start, end + after + 1 + len(spaces) - len(spaces.lstrip(b" \t")), "")
        before = self.content[:start].rstrip()
        return (len(before) - 1 if before.endswith(b",") else start, end, "")


def short_name(call: ast.Call) -> str:
    """`Adam` of `keras.optimizers.Adam(...)`."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def candidates(source: Source, key: str, value: Any, lines: Sequence[int], good: Source | None) -> Iterator[str]:
    """Edited scripts, the likeliest first.

    Args:
        source: Source. The script to be edited.
        key: str. The setting.
        value: Its wanted value.
        lines: sequence of int. Lines that decide it.
        good: Source or None. The other script, whose own words for it are tried too.
    """
    names, words = ARGUMENTS.get(key, ()), spellings(key, value)
    calls = source.calls((), CALLS.get(key, ()))
    if key in _BOTH_PARTS:
        yield from _together(source, calls, names, words)
    # Where a value comes from is changed rather than where it is used: else its name would say something else.
    yield from _constants(source, lines[1:], words)
    at = source.calls(lines) if lines else []
    for call in [*at, *(one for one in calls if one not in at)]:
        yield from _in_call(source, call, names, words)
    yield from _constants(source, lines, words)
    if good:
        yield from _as_in_the_other(source, good, at or calls, names)


def lists_made_alike(source: Source, lines: Sequence[int]) -> Iterator[str]:
    """Edited scripts in which a list at one of the lines has the order of its twin at another, or of the alphabet."""
    lists = [node for node in source.nodes if isinstance(node, ast.List | ast.Tuple) and node.lineno in lines]
    for mine in sorted(lists, key=lambda node: lines.index(node.lineno)):
        for twin in lists:
            if twin is not mine and sorted(map(ast.dump, mine.elts)) == sorted(map(ast.dump, twin.elts)):
                yield source.edited([source.replacing(mine, source.segment(twin))])
        words = sorted(source.segment(one) for one in mine.elts)
        ends = "[]" if isinstance(mine, ast.List) else "()"
        yield source.edited([source.replacing(mine, f"{ends[0]}{', '.join(words)}{ends[1]}")])


def _in_call(source: Source, call: ast.Call, names: Sequence[str], words: Sequence[str]) -> Iterator[str]:
    known = [keyword for keyword in call.keywords if keyword.arg in names]
    for keyword in known:
        for word in words:
            yield source.edited([source.replacing(keyword.value, word)])
        yield source.edited([source.removing(call, keyword)])
    if not known:
        for name in names[:2]:
            for word in words:
                yield source.edited([source.adding(call, f"{name}={word}")])


def _together(source: Source, calls: Sequence[ast.Call], names: Sequence[str], words: Sequence[str]) -> Iterator[str]:
    """The same edit in every call: an argument replaced, added where it is absent, or taken away."""
    stated = [(call, keyword) for call in calls for keyword in call.keywords if keyword.arg in names]
    for word in words:
        if stated:
            yield source.edited([source.replacing(keyword.value, word) for _, keyword in stated])
        bare = [call for call in calls if call not in [one for one, _ in stated]]
        for name in names[:1]:
            yield source.edited([source.adding(call, f"{name}={word}") for call in bare])
    if stated:
        yield source.edited([source.removing(call, keyword) for call, keyword in stated])


def _constants(source: Source, lines: Sequence[int], words: Sequence[str]) -> Iterator[str]:
    """Numbers and words at the deciding lines, one after the other."""
    for line in lines:
        for node in source.nodes:
            is_value = isinstance(node, ast.Constant | ast.Tuple | ast.BinOp | ast.UnaryOp)
            if is_value and isinstance(node, ast.expr) and node.lineno == line == node.end_lineno:
                for word in words:
                    yield source.edited([source.replacing(node, word)])


def _as_in_the_other(source: Source, good: Source, calls: Sequence[ast.Call], names: Sequence[str]) -> Iterator[str]:
    """Arguments and whole calls as the other script has them."""
    for call in calls:
        twins = good.calls((), (short_name(call),))
        for twin in twins[:2]:
            for keyword in twin.keywords:
                if keyword.arg not in names:
                    continue
                mine = next((one for one in call.keywords if one.arg == keyword.arg), None)
                text = good.segment(keyword.value)
                edit = source.replacing(mine.value, text) if mine else source.adding(call, f"{keyword.arg}={text}")
                yield source.edited([edit])
            yield source.edited([source.replacing(call, good.segment(twin))])
