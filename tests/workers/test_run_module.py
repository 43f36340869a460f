"""A module in a process of its own: what it says, how it ends, and that there is one way to start it."""

import ast
from pathlib import Path

from core.workers.run_module import bare_environment, run_module

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_told_a_question_and_what_it_says_comes_back() -> None:
    ended = run_module("core.workers.script_child", seconds=30, question=b'{"name": "x.py", "keras": null}\nx = (\n')
    assert (ended.code, ended.in_time, ended.err) == (0, True, "")
    assert ended.out.startswith(b'{"')


def test_one_that_fails_leaves_its_last_line() -> None:
    ended = run_module("core.no_such_module", seconds=30)
    assert ended.code == 1
    assert ended.last_line.endswith("No module named core.no_such_module")


def test_one_that_takes_too_long_is_ended() -> None:
    ended = run_module("http.server", "0", seconds=0.5)
    assert ended.is_over_time and not ended.in_time


def test_a_bare_environment_holds_no_secret(monkeypatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("PARITY_HOME", "/x")
    environment = bare_environment(HOME="/scratch")
    assert environment["HOME"] == "/scratch"
    assert {"AWS_SECRET_ACCESS_KEY", "PARITY_HOME"}.isdisjoint(environment)


def test_processes_are_started_in_few_places() -> None:
    """Workers (here and kept ready), modules, and the pattern that may never end."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py")]
        if "subprocess" in (text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("Popen", "run")
        if ast.unparse(node.func) in ("subprocess.Popen", "subprocess.run")
    }
    assert found == {
        "core/data/name_groups.py", "core/workers/local.py", "core/workers/run_module.py", "core/workers/warm.py",
    }  # fmt: skip
