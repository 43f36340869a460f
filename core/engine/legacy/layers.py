"""Layers of an old model as Keras 3 has them: old names and settings, and what old versions computed otherwise."""

import inspect
from typing import Any

import keras

from core.models.allowed_layers import LAYERS, RANDOM
from core.models.old_forms import OLD_LAYERS, save_again

Config = dict[str, Any]

_TRAINING = ("_initializer", "_regularizer", "_constraint")
_GONE = frozenset((
    "autocast", "batch_input_shape", "batch_shape", "batch_size", "dtype", "fused", "implementation", "input_dtype",
    "input_shape", "input_spec", "module", "name", "optional", "ragged", "registered_name", "renorm",
    "renorm_clipping", "renorm_momentum", "sparse", "synchronized", "trainable", "virtual_batch_size",
))  # fmt: skip
"""Settings that no answer depends on."""

_RENAMED = {("LeakyReLU", "alpha"): "negative_slope", ("ThresholdedReLU", "theta"): "threshold"}
_BY_KEYWORD = {"LayerNormalization": {"rms_scaling"}}
"""Settings that a layer of this Keras takes without naming them in its signature."""


def make_layers(config: Config, name: str | None, *, keras_2: bool) -> list[keras.Layer]:
    """The layers that do what one of the file does; the first holds its weights, no layers where it does nothing.

    Args:
        config: Configuration of the layer.
        name: What to call it; None leaves that to Keras.
        keras_2: Whether Keras 2 has made the file.

    Raises:
        ModelError: there is no such layer, or a setting has no counterpart.
    """
    kind, settings = config["class_name"], config["config"]
    if kind == "RandomCrop" and keras_2:  # it resizes the middle where it is not training
        return [_resizing(settings, name)]
    if kind in RANDOM and kind != "RandomCrop":
        return []
    known = OLD_LAYERS.get(kind, kind)
    if not known:
        return []
    if known not in LAYERS:
        raise save_again(f'its layer "{str(kind)[:60]}" is not read')
    made = getattr(keras.layers, known)
    kept, after = _settings(kind, made, settings, keras_2=keras_2)
    return [made(**kept, name=name, dtype="float32"), *after]


def _resizing(settings: Config, name: str | None) -> keras.Layer:
    height, width = int(settings["height"]), int(settings["width"])
    resizing: keras.Layer = keras.layers.Resizing(height, width, crop_to_aspect_ratio=True, name=name, dtype="float32")
    return resizing


def _settings(
    kind: str, made: type[keras.Layer], settings: Config, *, keras_2: bool
) -> tuple[Config, list[keras.Layer]]:
    """A layer's settings as Keras 3 has them, and the layers that are to follow it."""
    known, kept = _parameters(made), {}
    for key, value in settings.items():
        name = _RENAMED.get((kind, key), key)
        if key in _GONE or key.endswith(_TRAINING):
            continue
        if name in known:
            kept[name] = value
        elif not _is_inactive(value):
            raise save_again(f"its {kind} has the setting {key[:40]}, which this Keras does not know")
    if issubclass(made, keras.layers.BatchNormalization) and isinstance(kept.get("axis"), list):
        (kept["axis"],) = kept["axis"]
    after = _activation(kept.get("activation"), keras_2=keras_2)
    return kept | ({"activation": "linear"} if after else {}), after


def _parameters(made: type[keras.Layer]) -> set[str]:
    """Names of the arguments that a layer takes, from its own and its parents' signatures."""
    found: set[str] = set()
    for parent in made.__mro__:
        if issubclass(parent, keras.Layer) and "__init__" in vars(parent):
            found |= set(inspect.signature(parent).parameters)
    return (found | _BY_KEYWORD.get(made.__name__, set())) - {"kwargs", "args"}


def _is_inactive(value: Any) -> bool:
    """Whether a setting that Keras 3 does not have does nothing; `True`, which equals 1, switches one on."""
    if value is None or isinstance(value, bool):
        return not value
    return isinstance(value, int | float | str) and value in (0, 1, "channels_last")


def _activation(activation: Any, *, keras_2: bool) -> list[keras.Layer]:
    """Layers that take the place of an activation which Keras 3 does not compute alike, or which is a layer itself."""
    if isinstance(activation, dict):
        settings = activation.get("config")
        if not isinstance(settings, dict):
            raise save_again(f"an activation of it is in an unknown form ({str(settings)[:40]})")
        return make_layers(activation, None, keras_2=keras_2)
    if activation == "hard_sigmoid" and keras_2:  # 0.2 x + 0.5 between 0 and 1; Keras 3 has x / 6 + 0.5
        layers = keras.layers
        return [layers.Rescaling(0.2, 0.5, dtype="float32"), layers.ReLU(max_value=1.0, dtype="float32")]
    return []
