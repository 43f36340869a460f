"""Settings of a script from outside it: options of the command line, namespaces, the environment, data classes."""

from collections.abc import Callable

from core.script.flow import mappings
from core.script.flow.machine import (
    Arguments,
    Handler,
    Machine,
    constant,
    method_name,
    unknown,
)
from core.script.flow.made import Made
from core.script.flow.objects import Class, Const, Function, Instance, Items, Mapping, Unknown
from core.script.flow.value import Value

SETTINGS = "settings"
"""Kind of an object whose attributes are settings: what a parser of the command line gives, or a namespace."""


def _parser(machine: Machine, given: Arguments) -> Value:
    return Made("ArgumentParser", given.name, {}, {}, given.line)


def _option(machine: Machine, owner: Made, given: Arguments) -> Value:
    """`parser.add_argument("--size", default=224)`."""
    flags = [text for one in given.positional if isinstance(text := constant(one), str)]
    named = constant(given.get("dest"))
    longest = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    name = named if isinstance(named, str) else longest.lstrip("-").replace("-", "_")
    action = constant(given.get("action"))
    value = given.get("default")
    if value is None and action in ("store_true", "store_false"):
        value = Const(action == "store_false", (given.line,))
    owner.arguments[name] = value if value is not None else Unknown(f"the option {longest}", given.line)
    return unknown(given)


def _options(machine: Machine, owner: Made, given: Arguments) -> Value:
    made = Made(SETTINGS, "args", owner.arguments, {}, given.line)
    return Items([made, Unknown("further arguments")]) if method_name(given) == "parse_known_args" else made


def _defaults(machine: Machine, owner: Made, given: Arguments) -> Value:
    if given.unread:
        owner.arguments.update(dict.fromkeys(owner.arguments, Unknown("options", given.line)))
    owner.arguments.update(given.named)
    return Const(None)


def _namespace(machine: Machine, given: Arguments) -> Value:
    first = given.positional[0] if given.positional else None
    inner = first.values if isinstance(first, Mapping) else {}
    return Made(SETTINGS, given.name, {**{str(key): one for key, one in inner.items()}, **given.named}, {}, given.line)


def _variables(machine: Machine, given: Arguments) -> Value:
    """`vars(args)`: a change of it is one of the object."""
    owner = given.positional[0] if given.positional else None
    members = members_of(owner)
    return unknown(given) if members is None else Mapping(members)


def members_of(owner: Value | None) -> dict[str, Value] | None:
    """The attributes of an object of options, or of a class of the script; None for anything else."""
    if isinstance(owner, Made) and owner.kind == SETTINGS:
        return owner.arguments
    if isinstance(owner, Instance):
        own = {name: one for name, one in owner.made_by.attributes.items() if not isinstance(one, Function)}
        owner.attributes.update({name: one for name, one in own.items() if name not in owner.attributes})
    return owner.attributes if isinstance(owner, (Class, Instance)) else None


def _globals(machine: Machine, given: Arguments) -> Value:
    """`globals()`: a change of it is one of the names of the script."""
    scope = given.scope
    while scope is not None and scope.outer is not None:
        scope = scope.outer
    return unknown(given) if scope is None else Mapping(scope.names)


def _environment(machine: Machine, given: Arguments) -> Value:
    """`os.environ.get(name, default)`, `os.getenv(name, default)`: what it is where nobody sets it."""
    if "environ" not in given.name and not given.name.endswith("getenv"):
        return unknown(given)
    return given.get("default", 1) or unknown(given)


def _member(machine: Machine, given: Arguments) -> Value:
    """`getattr(keras.applications, "VGG16")`."""
    owner, name = given.get("object", 0), constant(given.get("name", 1))
    if owner is None or not isinstance(name, str) or given.node is None:
        return unknown(given)
    found = machine.attribute(owner, name, given.node)
    return found if not isinstance(found, Unknown) else given.get("default", 2) or found


def set_option(machine: Machine, owner: Made, name: str, value: Value, line: int) -> None:
    """`args.epochs = 5`, or `stops.patience = 3`: of a callback only where no training had it before."""
    known = owner.kind == SETTINGS or name in owner.arguments
    if known:
        later = bool(machine.unsure) or (owner.kind != SETTINGS and bool(machine.events))
        owner.arguments[name] = Unknown(f"{owner.name}.{name}", line) if later else value
        owner.lines[name] = line


def set_member(machine: Machine, given: Arguments) -> Value:
    """`setattr(base, "trainable", False)`."""
    owner, name, value = given.get("object", 0), constant(given.get("name", 1)), given.get("value", 2)
    members = members_of(owner)
    if members is not None and value is not None:
        mappings.put(Mapping(members), name if isinstance(name, str) else None, value)
    elif owner is not None and isinstance(name, str) and value is not None:
        machine.set_attribute(owner, name, value, given.line)
    return Const(None)


def _field(machine: Machine, given: Arguments) -> Value:
    """`field(default_factory=list)` of a data class."""
    factory = given.get("default_factory")
    if factory is not None:
        return machine.apply(factory, Arguments("default_factory", given.line))
    return given.get("default") or unknown(given)


OF_PARSER: dict[str, Callable[[Machine, Made, Arguments], Value]] = {
    "add_argument": _option,
    **dict.fromkeys(("parse_args", "parse_known_args"), _options),
    **dict.fromkeys(("add_argument_group", "add_mutually_exclusive_group"), lambda machine, owner, given: owner),
    "set_defaults": _defaults,
}
"""Methods of a parser of the command line."""

HANDLERS: dict[str, Handler] = {
    "ArgumentParser": _parser,
    **dict.fromkeys(("SimpleNamespace", "Namespace", "EasyDict", "Munch", "DotMap", "ConfigDict"), _namespace),
    "vars": _variables,
    "globals": _globals,
    "getattr": _member,
    **dict.fromkeys(("setattr", "__setattr__"), set_member),
    "field": _field,
    **dict.fromkeys(("getenv", "get"), _environment),
}
