"""What a `compile` says of its optimizer and learning rate, and whether the rate is set again behind it."""

import ast

from core.script.facts import Facts
from core.script.reader import Call, Value

_RATES = ("learning_rate", "lr")


def optimizer_of(facts: Facts, compiled: Call | None) -> tuple[str, Call | None, int]:
    """The optimizer of a `compile`: its name in small letters, the call that makes it, the line."""
    value = facts.script.argument(compiled, "optimizer")
    if compiled is None or not value.stated:
        return "", None, 0
    if value.word is not None:
        return value.word.lower(), None, value.line
    call = facts.script.call_of(value.node, compiled.location)
    return (call.short.lower(), call, call.line) if call is not None else ("", None, value.line)


def rate_of(facts: Facts, compiled: Call | None) -> Value:
    """The learning rate of a `compile`, where its optimizer states one."""
    return facts.script.argument(optimizer_of(facts, compiled)[1], "learning_rate")


def sets_rate_later(facts: Facts) -> bool:
    """Whether the script gives an optimizer another rate than it was made with."""
    stored = any(
        isinstance(node, ast.Attribute) and node.attr in _RATES and isinstance(node.ctx, ast.Store)
        for node in facts.script.nodes
    )
    assigned = [one.node.func for one in facts.script.find("assign", "set_value")]
    given = [inner for one in facts.script.find("set_value") for inner in one.node.args[:1]]
    return stored or any(
        isinstance(inner, ast.Attribute) and inner.attr in _RATES
        for node in (*assigned, *given)
        for inner in ast.walk(node)
    )
