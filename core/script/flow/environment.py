"""Variables of the environment that a script sets, and options of TensorFlow: told, for they hold for all networks."""

from dataclasses import replace

from core.script.flow.machine import Arguments, Handler, Machine, constant, unknown
from core.script.flow.objects import External, Mapping
from core.script.flow.value import Value

VARIABLE = "environ "
"""Beginning of what is told of a variable: its name follows."""


def set_variable(machine: Machine, owner: External, key: Value, value: Value, line: int) -> None:
    """`os.environ["NAME"] = value`."""
    if owner.short == "environ":
        machine.told.append(Arguments(f"{VARIABLE}{constant(key)}", line, [value]))


def _told(machine: Machine, given: Arguments) -> Value:
    machine.told.append(given)
    return unknown(given)


def _rewritten(machine: Machine, given: Arguments) -> Value:
    """`enable_mixed_precision_graph_rewrite(optimizer)` gives the optimizer."""
    machine.told.append(given)
    return given.get("opt", 0) or unknown(given)


def _put(machine: Machine, given: Arguments) -> Value:
    """`os.environ.setdefault("NAME", value)`, `os.putenv("NAME", value)`, `os.environ.update({"NAME": value})`."""
    first = given.positional[0] if given.positional else Mapping(dict(given.named))
    if "environ" in given.name or given.name.endswith("putenv"):
        pairs = first.values if isinstance(first, Mapping) else {constant(first): given.get("value", 1)}
        for name, value in pairs.items():
            machine.told.append(replace(given, name=f"{VARIABLE}{name}", positional=[value] if value else [], named={}))
    return unknown(given)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("set_global_policy", "set_policy", "set_dtype_policy", "set_floatx"), _told),
    "set_experimental_options": _told,
    "enable_mixed_precision_graph_rewrite": _rewritten,
    **dict.fromkeys(("setdefault", "putenv", "update"), _put),
}
