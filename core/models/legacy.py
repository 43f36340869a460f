"""Inspects a model that is rebuilt rather than loaded: HDF5 of any Keras, .keras of Keras 2; nothing of it is run.

The rebuilding looks up every layer by its name in a table of ours (`core.engine.legacy`), so that the file's modules,
registered names and what it says of its training are never used. What it names is held against the same list of layers
as a .keras file of Keras 3, and is bounded in the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.models.allowed_layers import ARITHMETIC, CONSTRAINTS, INITIALIZERS, LAYERS, REGULARIZERS
from core.models.hdf5_check import check_weights, short
from core.models.inspector import (
    DAMAGED,
    MEMBERS,
    check_config,
    check_parts,
    check_value,
    inspect_model,
    is_constant,
    parsed,
)
from core.models.old_forms import OLD_LAYERS, TF_FUNCTIONS, TF_LAYERS, TF_OPS, save_again, why_not

SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""How every HDF5 file begins."""

_MODELS = ("Functional", "Model", "Sequential")
_LAID = frozenset((*LAYERS, *OLD_LAYERS, *ARITHMETIC, *TF_LAYERS, *_MODELS))
_POLICIES = ("DTypePolicy", "Policy", "PolicyV1")
_NAMES = _LAID | {*INITIALIZERS, *REGULARIZERS, *CONSTRAINTS, *_POLICIES}
_BARE = ("_initializer", "_regularizer", "_constraint")
_BARE_NAMES = frozenset((
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "l1", "l1_l2", "l2", "lecun_normal",
    "lecun_uniform", "max_norm", "non_neg", "normal", "one", "ones", "orthogonal", "random_normal", "random_uniform",
    "truncated_normal", "uniform", "unit_norm", "variance_scaling", "zero", "zeros",
))  # fmt: skip
"""Names that old versions write in place of an object."""

_HOUSES = ("keras", "tf_keras", "tensorflow")
_UNUSED = ("build_config", "compile_config", "shared_object_id")
"""What the rebuilding never looks at: above all optimizer, loss and metrics, whatever they are."""

_TEACHABLE = {"model1", "dense_Dense1", "dense_Dense2"}
"""Layers by whose names a model of Google's Teachable Machine is known."""


@dataclass(frozen=True)
class Origin:
    """What a look into a file has shown.

    Attributes:
        rebuild: Whether Keras itself must not or cannot load it, so that it is rebuilt layer by layer.
        teachable_machine: Whether it comes from there, which decides how pixels are scaled.
    """

    rebuild: bool
    teachable_machine: bool = False


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as every HDF5 file does."""
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def is_keras_2(metadata: Any) -> bool:
    """Whether the metadata of a .keras file, or the attributes of an HDF5 one, say that Keras 2 has made it."""
    version = metadata.get("keras_version", "") if isinstance(metadata, Mapping) else ""
    text = version.decode(errors="replace") if isinstance(version, bytes) else str(version)
    return text[:2] in ("1.", "2.")


def model_config(file: Any) -> tuple[dict[str, Any], bool]:
    """The configuration in an HDF5 model, and whether Keras 2 has written it.

    Args:
        file: The opened `h5py.File`.

    Raises:
        ModelError: there is none, or it is too large.
    """
    text = file.attrs.get("model_config")
    if text is None:
        raise ModelError(
            "this .h5 file holds weights alone, no model; load them into the model that they belong to and save that "
            'whole by model.save("model.keras")'
        )
    if not isinstance(text, str | bytes) or len(text) > MEMBERS["config.json"]:
        raise ModelError("the model's configuration in this .h5 file is not text, or is too large")
    config: dict[str, Any] = parsed(text, "its model_config")
    return config, is_keras_2(dict(file.attrs)) or "keras_version" not in file.attrs


def inspect_foreign(path: Path) -> Origin:
    """Lets a file of whatever Keras through that names nothing but layers on the list.

    Args:
        path: Path. A file of whatever kind.

    Raises:
        ModelError: one sentence on what is in it that is not allowed, or on the damage.
    """
    if is_hdf5(path):
        return inspect_legacy(path)
    found: list[Origin] = []
    inspect_model(path, lambda config: found.append(_of_config(config)))
    return found[0]


def inspect_legacy(path: Path) -> Origin:
    """Lets an HDF5 model through that names nothing but layers on the list, with arrays that are really there.

    Args:
        path: Path. An HDF5 file.

    Raises:
        ModelError: one sentence on what is in it that is not allowed, or on the damage.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            config, _ = model_config(file)
        names = check_old_config(config)
        check_weights(path)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(DAMAGED) from error
    return Origin(rebuild=True, teachable_machine=names >= _TEACHABLE)


def _of_config(config: Any) -> Origin:
    """Whether Keras may load a .keras file with this config.json itself; else it is to be one that is rebuilt."""
    try:
        check_config(config)
    except ModelError as error:
        try:
            check_old_config(config)
        except ModelError as other:
            raise (other if "model_config describes no model" not in str(other) else error) from error
        return Origin(rebuild=True)
    return Origin(rebuild=False)


def check_old_config(config: Any) -> set[str]:
    """Checks every object and value of a configuration that is to be rebuilt.

    Returns:
        The names that its layers have.

    Raises:
        ModelError: one sentence.
    """
    if not isinstance(config, dict) or config.get("class_name") not in _MODELS:
        raise save_again("its model_config describes no model of layers")
    names = set[str]()

    def check_object(value: dict[str, Any]) -> bool:
        is_layer = _check_object(value)
        names.add(str(value.get("name")))
        return is_layer

    def check_plain(key: str, value: Any) -> None:
        if not (key.endswith(_BARE) and value in _BARE_NAMES):
            check_value(key, value)

    check_parts(config, "its model_config", _UNUSED, check_object, check_plain)
    return names


def _check_object(value: dict[str, Any]) -> bool:
    """Refuses an object that is not on the list; returns whether it is a layer."""
    if "class_name" not in value:
        if "module" in value or "registered_name" in value:
            raise ModelError("a part of its model_config names a module, but no class")
        return False
    name, module = value["class_name"], value.get("module")
    if module is None and (is_constant(name, value) or value == {"class_name": "__ellipsis__"}):
        return False
    if not isinstance(name, str) or name not in _NAMES or not _is_of_keras(module):
        raise ModelError(f"it uses {short(name)}, which is not on the list of allowed classes; {why_not(name)}")
    if value.get("registered_name") not in (None, name):
        raise ModelError(f"{short(name)} is registered as {short(value['registered_name'])}; that is refused")
    config = value.get("config")
    if name in TF_LAYERS:
        _check_function(name, config)
    if name == "DepthwiseConv2D" and isinstance(config, dict) and config.get("groups", 1) != 1:
        raise ModelError("a DepthwiseConv2D has several groups, which Keras 3 does not know")
    return name in _LAID


def _is_of_keras(module: Any) -> bool:
    return module is None or (isinstance(module, str) and module.split(".")[0] in _HOUSES)


def _check_function(layer: str, config: Any) -> None:
    """Refuses a function or an operation of TensorFlow in the graph that is not on the list."""
    settings = config if isinstance(config, dict) else {}
    if layer == "TensorFlowOpLayer":
        node = settings.get("node_def")
        name, known = node.get("op") if isinstance(node, dict) else None, TF_OPS
    else:
        name, known = settings.get("function"), TF_FUNCTIONS
    if not isinstance(name, str) or name not in known:
        raise save_again(f"it uses {short(name)} of TensorFlow, which is not on the list of allowed classes")
