"""Graphs are traced from Python as it stands: translating it first took a third of a second in every worker."""

import ast
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent.parent / "core" / "engine"
TRANSLATED = {"core/engine/jobs/head_fit.py"}
"""Its graph has a loop whose length only the graph knows."""


def graphs(path: Path) -> list[ast.Call]:
    """The calls of `tf.function` in a file."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == "tf.function"]


def says(call: ast.Call, name: str) -> bool:
    """Whether a call says `name=False`."""
    return any(one.arg == name and ast.unparse(one.value) == "False" for one in call.keywords)


def test_no_graph_is_translated_but_one_with_a_loop_of_its_own() -> None:
    found = {path.relative_to(ENGINE.parent.parent).as_posix(): graphs(path) for path in ENGINE.rglob("*.py")}
    assert sum(map(len, found.values())) > 6
    assert {name for name, calls in found.items() for call in calls if not says(call, "autograph")} == TRANSLATED
