"""Plan of a head: class, arguments and seed of each layer, as build.py and exported scripts make it; no Keras here."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.notation.head import Head
from core.notation.steps import Step

_OUTPUT_SEED, _FIRST_FREE = 3, 4
_SHORT_FORM = {("dropout", 0): 0, ("dense", 0): 1, ("dropout", 1): 2}
"""Kind of layer and Dense layers before it -> which number of the seed's sequence it has, once each: so a list that
says what the short form says has the same seeds."""


@dataclass(frozen=True)
class PlannedLayer:
    """A layer before it is made: its class in `keras.layers`, its arguments, and what decides its random numbers."""

    keras_name: str
    arguments: dict[str, Any]
    seed: int | None = None
    name: str = ""


def plan_layers(head: Head, classes: int, seed: int) -> list[PlannedLayer]:
    """The layers of a head up to and with the output.

    Args:
        head: Head.
        classes: int. At least 2; for two there is one sigmoid unit, the probability of the second class.
        seed: int. Of the training.
    """
    seeds = _seeds(head, seed)
    named: Counter[str] = Counter()
    planned = []
    for layer, own in zip(head.layers, seeds, strict=False):
        named[layer.kind] += 1
        planned.append(_planned(layer, own, _name(layer.kind, named[layer.kind])))
    units, activation = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    return [*planned, _dense(units, activation, head.output_l2, seeds[-1], "head_output")]


def _seeds(head: Head, seed: int) -> list[int]:
    """A seed for each layer, and the output's at the end."""
    numbers = [int(s) for s in np.random.SeedSequence(seed).generate_state(_FIRST_FREE + len(head.layers)) >> 1]
    free, taken, dense, found = _FIRST_FREE, set[int](), 0, []
    for layer in head.layers:
        place = _SHORT_FORM.get((layer.kind, dense), free)
        if place in taken or place == free:
            place, free = free, free + 1
        taken.add(place)
        found.append(numbers[place])
        dense += layer.kind == "dense"
    return [*found, numbers[_OUTPUT_SEED]]


def _planned(layer: Step, seed: int, name: str) -> PlannedLayer:
    match layer.kind:
        case "dense":
            return _dense(layer["units"], layer["activation"], layer["l2"], seed, name)
        case "dropout":
            return PlannedLayer("Dropout", {"rate": layer["rate"], "seed": seed}, None, name)
        case "batch_norm":
            return PlannedLayer("BatchNormalization", {key: layer[key] for key in ("momentum", "epsilon")}, None, name)
        case _:
            return PlannedLayer("Activation", {"activation": layer["activation"]}, None, name)


def _dense(units: int, activation: str, l2: float, seed: int, name: str) -> PlannedLayer:
    penalty = {"kernel_regularizer": l2} if l2 else {}
    return PlannedLayer("Dense", {"units": units, "activation": activation, **penalty}, seed, name)


def _name(kind: str, number: int) -> str:
    """Names of the short form's layers are those that saved runs have."""
    return "head_dense" if kind == "dense" and number == 1 else f"head_{kind}_{number}"


def layer_source(planned: PlannedLayer, *, seeded: bool = True) -> str:
    """The layer as an expression of plain Keras; of short ones without seeds."""
    arguments = [
        f"{key}={value!r}"
        for key, value in planned.arguments.items()
        if key != "kernel_regularizer" and (seeded or key != "seed")
    ]
    if "kernel_regularizer" in planned.arguments:
        arguments.append(f"kernel_regularizer=keras.regularizers.L2({planned.arguments['kernel_regularizer']!r})")
    if planned.seed is not None and seeded:
        arguments.append(f"kernel_initializer=keras.initializers.GlorotUniform(seed={planned.seed})")
    if seeded:
        arguments.append('dtype="float32"')
    return f"keras.layers.{planned.keras_name}({', '.join(arguments)})"
