"""Random orders of arrays and lists: shuffles in place, permutations, and the seeds that fix them."""

from dataclasses import replace

from core.script.flow.machine import Arguments, Handler, Machine, constant
from core.script.flow.objects import IMAGES, LABELS, SHUFFLED, Array, Const, Items, Source
from core.script.flow.value import Value


def shuffle_in_place(machine: Machine, given: Arguments, seed: Value | None = None) -> Value:
    """`np.random.shuffle(x)`: x itself is in another order from here on."""
    if not given.nodes or given.scope is None or not given.positional:
        return Const(None)
    value = given.positional[0]
    by = ("seed", machine.seeded) if machine.seeded is not None else machine.new_number()
    machine.seeded = None
    if isinstance(value, Items):
        value.order, value.perm = SHUFFLED, (*value.perm, by)
    elif isinstance(value, Array):
        moved = replace(value, order=SHUFFLED, perm=(*value.perm, (by, given.line)))
        machine.assign(given.nodes[0], moved, given.scope)
    return Const(None)


def shuffled(machine: Machine, given: Arguments) -> Value:
    """`np.random.permutation(n)`, or of an array."""
    value = given.positional[0] if given.positional else None
    by = machine.new_number()
    if isinstance(value, Array) and value.role in (IMAGES, LABELS):
        return replace(value, order=SHUFFLED, perm=(*value.perm, by))
    return Array("permutation", order=SHUFFLED, perm=(by,))


def _seed(machine: Machine, given: Arguments) -> Value:
    machine.seeded = constant(given.positional[0]) if given.positional else None
    machine.told.append(given)
    return Const(None)


def _range_array(machine: Machine, given: Arguments) -> Value:
    """`np.arange(n)`: indices, which a shuffle makes a permutation."""
    return Array("permutation", source=Source(machine.new_number(), given.line, "arange"))


HANDLERS: dict[str, Handler] = {
    "permutation": shuffled,
    **dict.fromkeys(("seed", "set_seed", "set_random_seed"), _seed),
    "arange": _range_array,
}
