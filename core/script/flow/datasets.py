"""Datasets that read no folder of images: arrays in slices, records, published sets, and several put together."""

from dataclasses import replace

from core.script.flow import numbers, tools
from core.script.flow.batches import TRANSFORMATIONS, flag, third
from core.script.flow.joining import element_of
from core.script.flow.machine import (
    Arguments,
    Handler,
    Machine,
    constant,
    unknown,
)
from core.script.flow.made import Made
from core.script.flow.objects import IMAGES, LABELS, RAW, SHUFFLED, Array, Batches, Function, Items, Source, Unknown
from core.script.flow.value import Value

_DATASETS = {
    "cifar10": (10, (32, 32, 3)), "cifar100": (100, (32, 32, 3)), "mnist": (10, (28, 28)),
    "fashion_mnist": (10, (28, 28)),
}  # fmt: skip
"""Classes and shape of the datasets that Keras fetches."""


def _load_data(machine: Machine, given: Arguments) -> Value:
    module = given.name.rpartition(".")[0].rpartition(".")[2]
    classes, shape = _DATASETS.get(module, (None, None))
    parts: list[Value] = []
    for part in ("train", "test"):
        source = Source(machine.new_number(), given.line, f"{module} {part}", "file")
        x = Array(IMAGES, source, RAW, shape=(None, *shape) if shape else None)
        labels = Source(machine.new_number(), given.line, f"labels of {module} {part}", "file")
        fine = None if constant(given.get("label_mode", 0)) == "coarse" else classes
        parts.append(Items([x, Array(LABELS, labels, encoding="integers", classes=fine, shape=(None, 1))]))
    return Items(parts) if shape else Unknown(given.name, given.line)


def _slices(machine: Machine, given: Arguments) -> Value:
    """`tf.data.Dataset.from_tensor_slices((x, y))`."""
    value = given.positional[0] if given.positional else None
    pair = isinstance(value, Items) and len(value.values) in (2, 3) and not value.more
    x, y = (value.values[0], value.values[1]) if pair and isinstance(value, Items) else (value, None)
    x = element_of(x) if isinstance(x, (Array, Items)) else Unknown("elements", given.line)
    order = getattr(value.values[0] if pair and isinstance(value, Items) else value, "order", "")
    y = element_of(y) if isinstance(y, (Array, Items)) else y
    if isinstance(y, Unknown):
        y = Array(LABELS, Source(machine.new_number(), given.line, y.text or "labels"))
    text = machine.text(given.node) if given.node else given.name
    mixed = order == SHUFFLED
    return Batches("dataset", x, y, given.line, text, machine.new_number(), batched=False,
                   shuffled=True if mixed else None, fixed=given.line if mixed else 0,
                   cached=(given.line, len(x.random)) if isinstance(x, Array) and x.random else (0, 0),
                   weights=third(value, given.line))  # fmt: skip


def _listed(machine: Machine, given: Arguments) -> Value:
    """`tf.data.Dataset.list_files(pattern)`: names of files, shuffled unless told otherwise."""
    names = tools.files(machine, replace(given, positional=given.positional or [*given.named.values()][:1]))
    shuffled = flag(given.get("shuffle", 1), default=True)
    text = machine.text(given.node) if given.node else given.name
    return Batches("dataset", element_of(names), None, given.line, text, machine.new_number(), batched=False,
                   shuffled=shuffled, reshuffles=given.line if shuffled else 0,
                   buffer=(given.line if shuffled else 0, False))  # fmt: skip


def _records(machine: Machine, given: Arguments) -> Value:
    text = machine.text(given.node) if given.node else given.name
    return Batches("dataset", Unknown("records", given.line), None, given.line, text, machine.new_number(), False)


def _published(machine: Machine, given: Arguments) -> Value:
    """`tfds.load(name, split=[...])`."""
    split = given.get("split")
    if isinstance(split, Items):
        one: Value = Items([_published_part(machine, given) for _ in split.values])
    else:
        one = _published_part(machine, given) if split is not None else Unknown("datasets", given.line)
    return Items([one, Unknown("info", given.line)]) if constant(given.get("with_info")) is True else one


def _published_part(machine: Machine, given: Arguments) -> Value:
    source = Source(machine.new_number(), given.line, "tfds.load", "image")
    x, y = Array(IMAGES, source, RAW, shape=None, channels="rgb"), Array(LABELS, source, encoding="integers")
    return Batches("dataset", x, y, given.line, "tfds.load", source.number, batched=False, mixed=given.line)


def _from_generator(machine: Machine, given: Arguments) -> Value:
    made = given.positional[0] if given.positional else None
    if isinstance(made, Function):
        value = machine.apply(made, Arguments("generator", given.line))
        if isinstance(value, Batches):
            return replace(value, kind="dataset", batched=False)
    return _records(machine, given)


def _joined_sets(machine: Machine, given: Arguments) -> Value:
    """`tf.data.Dataset.zip((images, labels))`."""
    value = given.positional[0] if len(given.positional) == 1 else Items(given.positional)
    if not isinstance(value, Items):
        return unknown(given)
    sets = [one for one in value.values if isinstance(one, Batches)]
    if len(sets) not in (2, 3) or len(value.values) != len(sets):
        return unknown(given)
    weights = (sets[2].x, given.line) if len(sets) > 2 else None
    return replace(sets[0], y=sets[1].x, weights=weights, number=machine.new_number())


def _zip(machine: Machine, given: Arguments) -> Value:
    """`zip` of Python, or of datasets."""
    first = given.positional[0] if given.positional else None
    inner = first.values[0] if isinstance(first, Items) and first.values else first
    whole_zip: Handler = _joined_sets if isinstance(inner, Batches) else tools.HANDLERS["zip"]
    return whole_zip(machine, given)


def _load(machine: Machine, given: Arguments) -> Value:
    """`np.load`, or `tfds.load`."""
    is_published = given.name.startswith(("tensorflow_datasets", "tfds"))
    return (_published if is_published else numbers.HANDLERS["load"])(machine, given)


def _transformation(machine: Machine, given: Arguments) -> Value:
    """`tf.data.experimental.map_and_batch(...)`, for `apply`."""
    short = given.name.rpartition(".")[2]
    return Made(short, given.name, *given.bound(TRANSFORMATIONS[short]), given.line, node=given.node)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(TRANSFORMATIONS, _transformation),
    "load_data": _load_data,
    "from_tensor_slices": _slices,
    "list_files": _listed,
    **dict.fromkeys(("TFRecordDataset", "FixedLengthRecordDataset", "list_files_dataset"), _records),
    "from_generator": _from_generator,
    "zip": _zip,
    "load": _load,
}
