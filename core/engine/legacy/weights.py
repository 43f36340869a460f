"""Fills the layers of a rebuilt model from the arrays of its file: HDF5 by names, .keras by the order of layers."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from keras.src.utils.naming import to_snake_case

from core.engine.legacy.graph import MODELS, Leaf, Path, is_operation, layers_of
from core.engine.legacy.nodes import Config, name_of
from core.models.old_forms import save_again

Named = list[tuple[str, Any]]


def fill_from_hdf5(leaves: Iterable[Leaf], group: Any) -> None:
    """Fills layers from `model_weights` of an HDF5 model.

    Each layer of the outermost model has a group there; the arrays of a model in it are told apart by their names, or
    where those are of an earlier session by their order.

    Args:
        leaves: The layers.
        group: The HDF5 group.

    Raises:
        ModelError: an array is absent or of another shape.
    """
    by_group: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        by_group.setdefault(leaf.path[0], []).append(leaf)
    for name, found in by_group.items():
        if name in group:
            _fill_group(found, _arrays(group[name]))
        elif weighted := [leaf for leaf in found if _variables(leaf)]:
            raise _unfit(weighted[0], "weights")


def fill_from_keras(leaves: Mapping[Path, Leaf], config: Config, file: Any) -> None:
    """Fills layers from the weights of a .keras file, which count the layers of each kind.

    Args:
        leaves: By its path every layer.
        config: Configuration of the model.
        file: The HDF5 file `model.weights.h5`.

    Raises:
        ModelError: an array is absent or of another shape.
    """
    root = "layers" if "layers" in file else "_layer_checkpoint_dependencies"
    for path, place in _places(config, root):
        if leaf := leaves.get(path):
            stored = file.get(f"{place}/vars", {})
            _set(leaf, [stored[str(k)] for k in range(len(stored))])


def _places(config: Config, root: str, path: Path = (), place: str = "") -> Iterable[tuple[Path, str]]:
    """By the path of a layer the group that holds its variables."""
    seen: dict[str, int] = {}
    for layer in layers_of(config):
        kind = to_snake_case(layer["class_name"])
        count = seen[kind] = seen.get(kind, -1) + 1
        here = (*path, name_of(layer))
        group = f"{place}{root}/{kind}{f'_{count}' if count else ''}"
        if layer["class_name"] in MODELS:
            yield from _places(layer, root, here, f"{group}/")
        elif not is_operation(layer):
            yield here, group


def _arrays(group: Any) -> Named:
    """The arrays of a layer of the outermost model, by name, in the order in which they were saved."""
    return [(path.split(":")[0], group[path]) for path in attribute(group, "weight_names") if "seed_gen" not in path]


def attribute(group: Any, name: str) -> list[str]:
    """A list of names; HDF5 holds 64 kB in one attribute, so that long ones are in several."""
    if name in group.attrs:
        found = list(group.attrs[name])
    else:
        parts = itertools.takewhile(lambda key: key in group.attrs, (f"{name}{k}" for k in itertools.count()))
        found = [value for key in parts for value in group.attrs[key]]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in found]


def _fill_group(leaves: Sequence[Leaf], arrays: Named) -> None:
    by_name = [(leaf, _by_name(leaf, arrays)) for leaf in leaves]
    if all(found is not None for _, found in by_name):
        for leaf, found in by_name:
            _set(leaf, found or [])
        return
    for order in (_trained_first(leaves), [(leaf, k) for leaf in leaves for k in range(len(_variables(leaf)))]):
        if _fits(order, arrays):
            _fill_in_order(leaves, order, arrays)
            return
    raise _unfit(*next((leaf, _missing(leaf, arrays)) for leaf, found in by_name if found is None))


def _by_name(leaf: Leaf, arrays: Named) -> list[Any] | None:
    """Its arrays; None where one is absent or of another shape."""
    found = []
    for variable in _variables(leaf):
        ends = [f"{leaf.path[-1]}/{name}" for name in (variable.name, f"depthwise_{variable.name}")]
        fitting = [array for name, array in arrays if any(name == end or name.endswith(f"/{end}") for end in ends)]
        if len(fitting) != 1 or tuple(fitting[0].shape) != tuple(variable.shape):
            return None
        found += fitting
    return found


def _missing(leaf: Leaf, arrays: Named) -> str:
    names = {name.rpartition("/")[2] for name, _ in arrays}
    absent = [str(variable.name) for variable in _variables(leaf) if variable.name not in names]
    return absent[0] if absent else str(_variables(leaf)[0].name)


def _trained_first(leaves: Sequence[Leaf]) -> list[tuple[Leaf, int]]:
    """Variables as Keras orders those of a model: what is trained of all layers, then the rest."""
    own = [(leaf, k, leaf.trained and variable.trainable) for leaf in leaves
           for k, variable in enumerate(_variables(leaf))]  # fmt: skip
    return [(leaf, k) for wanted in (True, False) for leaf, k, trained in own if trained is wanted]


def _fits(order: Sequence[tuple[Leaf, int]], arrays: Named) -> bool:
    return len(order) == len(arrays) and all(
        tuple(_variables(leaf)[k].shape) == tuple(array.shape)
        for (leaf, k), (_, array) in zip(order, arrays, strict=True)
    )


def _fill_in_order(leaves: Sequence[Leaf], order: Sequence[tuple[Leaf, int]], arrays: Named) -> None:
    values = {(id(leaf), k): array for (leaf, k), (_, array) in zip(order, arrays, strict=True)}
    for leaf in leaves:
        _set(leaf, [values[id(leaf), k] for k in range(len(_variables(leaf)))])


def _variables(leaf: Leaf) -> list[Any]:
    return list(leaf.layers[0].weights) if leaf.layers else []


def _set(leaf: Leaf, arrays: Sequence[Any]) -> None:
    """Gives a layer its arrays; one that derives numbers from them (`Normalization`) derives them again."""
    variables = _variables(leaf)
    if len(variables) > len(arrays):
        raise _unfit(leaf, str(variables[len(arrays)].name))
    for variable, array in zip(variables, arrays, strict=False):
        if tuple(variable.shape) != tuple(array.shape):
            raise _unfit(leaf, str(variable.name))
    if variables:
        leaf.layers[0].set_weights([np.asarray(array) for array in arrays[: len(variables)]])
        getattr(leaf.layers[0], "finalize_state", lambda: None)()


def _unfit(leaf: Leaf, what: str) -> Exception:
    return save_again(f'its layer "{leaf.path[-1][:60]}" has no fitting {what} among the weights')
