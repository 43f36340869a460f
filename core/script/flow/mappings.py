"""Dictionaries as a script makes, changes and asks them, where some of their keys are not known."""

from core.script.flow.joining import join
from core.script.flow.machine import Arguments, Machine, constant, unknown
from core.script.flow.objects import Const, Items, Mapping, Unknown
from core.script.flow.value import Value

_PLAIN = (Const, Items, Mapping, Unknown)
"""What a file or an option may hold: no function, module or network."""


def put(owner: Mapping, key: object, value: Value) -> None:
    """`owner[key] = value`: where the key is not known, each entry may be that one."""
    if isinstance(key, (str, int)):
        owner.values[key] = value
        return
    if key is None:
        for known, before in owner.values.items():
            owner.values[known] = join([before, value]) if isinstance(before, _PLAIN) else before
    owner.rest = value if owner.rest is None else join([owner.rest, value])


def update(owner: Mapping, more: Value | None, line: int) -> None:
    """`owner.update(more)`: what cannot be read, a file say, may overwrite every entry."""
    if isinstance(more, Mapping):
        owner.values.update(more.values)
        if more.rest is not None:
            put(owner, None, more.rest)
    elif isinstance(more, Items) and all(isinstance(one, Items) and len(one.values) == 2 for one in more.values):
        for pair in more.values:
            key, value = pair.values if isinstance(pair, Items) else (Unknown(), Unknown())
            put(owner, None if more.more else constant(key), value)
    elif more is not None:
        owner.rest = Unknown("an update", line)
        plain = [key for key, before in owner.values.items() if isinstance(before, _PLAIN)]
        owner.values.update(dict.fromkeys(plain, owner.rest))


def entry(owner: Mapping, key: object) -> Value | None:
    """The value of a key; None where there is none."""
    return owner.values.get(key, owner.rest)


def table(machine: Machine, given: Arguments) -> Value:
    """`dict(pairs)`, `dict(a=1)`."""
    made = Mapping({})
    _updated(machine, made, given)
    return made


def _updated(machine: Machine, owner: Mapping, given: Arguments) -> Value:
    update(owner, given.positional[0] if given.positional else None, given.line)
    owner.values.update(given.named)
    if given.unread:
        update(owner, Unknown("options", given.line), given.line)
    return Const(None)


def of_mapping(machine: Machine, owner: Mapping, name: str, given: Arguments) -> Value:
    """Methods of a dictionary."""
    more = owner.rest is not None
    others = [owner.rest] if owner.rest is not None else []
    if name == "items":
        known = [Items([Const(key), value]) for key, value in owner.values.items()]
        return Items([*known, *(Items([Unknown("a key"), one]) for one in others)], more=more)
    if name == "keys":
        return Items([*(Const(key) for key in owner.values), *(Unknown("a key") for _ in others)], more=more)
    if name == "values":
        return Items([*owner.values.values(), *others], more=more)
    if name in ("get", "setdefault"):
        return _asked(owner, name, given)
    return _updated(machine, owner, given) if name == "update" else unknown(given)


def _asked(owner: Mapping, name: str, given: Arguments) -> Value:
    key = constant(given.get("key", 0))
    default = given.get("default", 1) or Const(None)
    if key in owner.values:
        return owner.values[key]
    if owner.rest is not None:
        return join([owner.rest, default])
    if name == "setdefault":
        put(owner, key, default)
    return default
