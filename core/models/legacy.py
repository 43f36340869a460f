"""Inspects an HDF5 model file (.h5) of Keras 2 without Keras: the same list of allowed layers as for .keras files.

Its configuration names classes without modules, so that Keras looks them up among its own: of those the list lets
through what computes. `tf.keras` writes names that the list does not have where a function stands in the graph by
itself (TFOpLambda); such a file has to be saved again.
"""

from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.models.inspector import (
    ALLOWED,
    CONSTRAINTS,
    INITIALIZERS,
    LAYERS,
    MAX_DEPTH,
    MAX_OBJECTS,
    MEMBERS,
    REGULARIZERS,
    check_value,
    check_weights,
    parsed,
    short,
)

SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""How every HDF5 file begins."""

_NAMES = frozenset((*LAYERS, *INITIALIZERS, *REGULARIZERS, *CONSTRAINTS, "Functional", "Model", "Sequential"))
_BARE = ("_initializer", "_regularizer", "_constraint")
_BARE_NAMES = frozenset((
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "l1", "l1_l2", "l2", "lecun_normal",
    "lecun_uniform", "max_norm", "non_neg", "normal", "one", "ones", "orthogonal", "random_normal", "random_uniform",
    "truncated_normal", "uniform", "unit_norm", "variance_scaling", "zero", "zeros",
))  # fmt: skip
"""Names that old versions write in place of an object."""

_AGAIN = 'open it with the Keras that has made it and save it again by model.save("model.keras")'

_TEACHABLE = {"model1", "dense_Dense1", "dense_Dense2"}
"""Layers by whose names a model of Google's Teachable Machine is known."""


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as every HDF5 file does."""
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def inspect_legacy(path: Path) -> dict[str, Any]:
    """Lets an HDF5 model through that names nothing but layers on the list, with arrays that are really there.

    Args:
        path: Path. An HDF5 file.

    Returns:
        `{"teachable_machine": bool}`: whether it comes from there, which decides how pixels are scaled.

    Raises:
        ModelError: one sentence on what is in it that is not allowed, or on the damage.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
        if text is None:
            raise ModelError(f"this .h5 file holds weights alone, no model; {_AGAIN}")
        if not isinstance(text, str | bytes) or len(text) > MEMBERS["config.json"]:
            raise ModelError("the model's configuration in this .h5 file is no text, or is too large")
        config = parsed(text, "its model_config")
        names = _check(config)
        check_weights(path)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"the file is damaged, so it cannot be looked into ({type(error).__name__})") from error
    return {"teachable_machine": names >= _TEACHABLE}


def _check(config: Any) -> set[str]:
    """Checks every object and value of a configuration; returns the names that its layers have."""
    if not isinstance(config, dict) or config.get("class_name") not in ("Sequential", "Functional", "Model"):
        raise ModelError(f"its model_config describes no model of layers; {_AGAIN}")
    names, seen = set[str](), 0
    todo: list[tuple[str, Any, int]] = [("", config, 0)]
    while todo:
        key, value, depth = todo.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > 100 * MAX_OBJECTS:
            raise ModelError(f"its model_config is nested deeper than {MAX_DEPTH} levels or is too large")
        if isinstance(value, dict):
            _check_object(value)
            names.add(str(value.get("name")))
            todo += [(str(name), item, depth + 1) for name, item in value.items()]
        elif isinstance(value, list):
            todo += [(key, item, depth + 1) for item in value]
        elif not (key.endswith(_BARE) and value in _BARE_NAMES):
            check_value(key, value)
    return names


def _check_object(value: dict[str, Any]) -> None:
    if value.get("compile_config"):
        raise ModelError("a part of the model brings its own training (compile_config)")
    if "class_name" not in value:
        if "module" in value or "registered_name" in value:
            raise ModelError("a part of its model_config names a module, but no class")
        return
    name, module = value["class_name"], value.get("module")
    if not isinstance(name, str) or name not in _NAMES or (module is not None and (module, name) not in ALLOWED):
        raise ModelError(f"it uses {short(name)}, which is not on the list of what is let through; {_AGAIN}")
    if value.get("registered_name") not in (None, name):
        raise ModelError(f"{short(name)} is registered as {short(value['registered_name'])}; that is refused")
    config = value.get("config")
    if name == "DepthwiseConv2D" and isinstance(config, dict) and config.get("groups", 1) != 1:
        raise ModelError("a DepthwiseConv2D has several groups, which Keras 3 does not know")
