"""Tries an imported model in a limited process: loads it, says its input size and number of outputs.

    python -m core.engine.jobs.try_model FILE PIXELS OUT LOADER [others]

Prints one JSON object: `image_size`, `outputs` (numbers it gives for an image), `parameters`, `answers` (what it made
of images of our own; see `core.models.trial.Answers`). PIXELS is a key of `trial.PIXELS`; where the model wants others
than 0 to 255, or grey images, or was rebuilt as LOADER says (see `load`), a .keras file that takes RGB pixels from 0 to
255 is written to OUT and `converted` is true. With `others`, other scales are tried where the answers do not vary. The
limits are set on the process itself before TensorFlow is imported; whoever starts it limits the time.
"""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.preprocessing import PREPROCESSING
from core.engine.jobs.unsuited import candidates, fixed_batch, unsuited
from core.environment import quieten_tensorflow
from core.errors import ModelError
from core.models.legacy import is_hdf5
from core.models.trial import PIXELS

MEMORY, SECONDS, FILE, HANDLES = 8 * 2**30, 90, 2**20, 256
"""Address space (TensorFlow alone takes 3 GB of it), processor time, largest file written (beyond twice the model's
size), open files."""

_BATCH = 4
_SATURATED = 0.999
_SCALING = (
    *("Rescaling", "Normalization", "BatchNormalization", "LayerNormalization"),
    *("TrueDivide", "Divide", "Multiply", "Subtract", "Add"),
)
"""Layers and operations that scale pixels."""

_LARGEST_RANGE = 300.0
"""Range of pixels behind scaling layers that is taken for scaled: that of raw ones, with room for means taken away."""

_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R 601), as Pillow has them."""

_NOT_COMPUTED = (ValueError, TypeError, RuntimeError)
"""What Keras raises where a model cannot compute its answers."""

Pixels = NDArray[np.uint8]


def limit(largest_file: int = FILE) -> None:
    """Takes from this process what loading a model does not need; does nothing where the system cannot."""
    with contextlib.suppress(ImportError):
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, MEMORY),
            (resource.RLIMIT_CPU, SECONDS),
            (resource.RLIMIT_FSIZE, largest_file),
            (resource.RLIMIT_NOFILE, HANDLES),
            (resource.RLIMIT_CORE, 0),
        ):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))


def trial_images(size: int) -> dict[str, Pixels]:
    """Images by their names, of `size` pixels a side: what no classifier should answer alike, or without reason."""
    rng = np.random.default_rng(20)
    flat = {
        "black": (0, 0, 0), "white": (255, 255, 255), "dark grey": (64, 64, 64), "grey": (128, 128, 128),
        "light grey": (192, 192, 192), "red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255),
        "yellow": (255, 255, 0), "magenta": (255, 0, 255), "cyan": (0, 255, 255),
    }  # fmt: skip
    images = {name: np.full((size, size, 3), color, np.uint8) for name, color in flat.items()}
    images["noise"] = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
    coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    steps = np.arange(size) * 4 // size
    images["coloured squares"] = coarse[steps][:, steps]
    return images


def describe(
    path: Path, pixels: str = "0..255", out: Path | None = None, *, others: bool = False, loader: str = "either"
) -> dict[str, object]:
    """What the model takes and gives; `error` instead, in words, where it is no classifier of RGB images.

    Args:
        path: Path. A .keras or HDF5 file.
        pixels: A key of `PIXELS`.
        out: Path. Where a model of pixels from 0 to 255 goes if this one is none. Defaults to nowhere.
        others: bool. Whether to try other scales where the answers do not vary. Defaults to no.
        loader: See `load`.
    """
    try:
        model, rebuilt = load(path, loader)
    except ModelError as error:
        return {"error": str(error)}
    if error_words := unsuited(model, pixels):
        return {"error": error_words}
    size, gray, outputs = int(model.input_shape[1]), model.input_shape[3] == 1, int(model.output_shape[1])
    asked = of_raw_pixels(model, size, pixels, gray=gray)
    try:
        found = _answers(asked, size)
    except _NOT_COMPUTED:
        if model.input_shape[0] is None:
            raise
        return {"error": fixed_batch(model.input_shape[0])}
    answers = {**found, "scales": _scales(model), "ends_in": _end(model)}
    if others and not answers["not_finite"] and answers["spread"] <= 1e-7:
        rest = [name for name in candidates(gray=gray) if name != pixels]
        answers["varies_with"] = [name for name in rest if _varies(of_raw_pixels(model, size, name, gray=gray), size)]
    converted = rebuilt or asked is not model
    if out is not None and converted:
        asked.save(out)
    facts = {"image_size": size, "outputs": outputs, "parameters": int(model.count_params()), "gray": gray}
    return {**facts, "answers": answers, "converted": converted}


def plain_output(model: Any) -> Any:
    """The model, or one that gives alone the one output that it gives in a dictionary or list."""
    import keras

    held = getattr(model, "_outputs_struct", None)
    if not isinstance(held, dict | list | tuple) or len(model.outputs) != 1 or len(model.inputs) != 1:
        return model
    return keras.Model(model.inputs[0], model.outputs[0])


def load(path: Path, loader: str = "either") -> tuple[Any, bool]:
    """The model of a file, and whether it was changed: rebuilt layer by layer, or its output taken out of a dictionary.

    Args:
        path: Path. A file that was let through.
        loader: `keras` (which has to load it), `rebuild`, or `either` where Keras fails.

    Raises:
        ModelError: it cannot be rebuilt.
    """
    import keras

    from core.engine.legacy.model import load_legacy

    if loader == "rebuild" or is_hdf5(path):
        return load_legacy(path), True
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        plain = plain_output(model)
        return plain, plain is not model
    except (TypeError, ValueError, KeyError, AttributeError):
        if loader == "keras":
            raise
        return load_legacy(path), True  # what one version of Keras 3 writes another may not read


def _answers(model: Any, size: int) -> dict[str, Any]:
    """The fields of `trial.Answers`, of a model of RGB pixels from 0 to 255; those of its layers are to follow."""
    images = trial_images(size)
    names, found = list(images), ask(model, np.stack(list(images.values())))
    finite = np.isfinite(found).all(axis=1)
    facts = {"images": len(names), "outputs": found.shape[1], "varies_with": []}
    if not finite.all():
        return {**facts, "not_finite": names[int(np.argmin(finite))], "sums": [1.0, 1.0], "spread": 1.0}
    low, high, sums = found.min(axis=1), found.max(axis=1), found.sum(axis=1)
    sureness = np.maximum(high, 1 - high) if found.shape[1] == 1 else high
    return {
        **facts, "not_finite": "",
        "lowest": float(low.min()), "lowest_image": names[int(low.argmin())],
        "highest": float(high.max()), "highest_image": names[int(high.argmax())],
        "sums": [float(sums.min()), float(sums.max())],
        "spread": float((found.max(axis=0) - found.min(axis=0)).max()),
        "saturated": int((sureness > _SATURATED).sum()),
    }  # fmt: skip


def _varies(model: Any, size: int) -> bool:
    """Whether the answers differ between a few images."""
    images = trial_images(size)
    found = ask(model, np.stack([images[name] for name in ("black", "grey", "red", "noise")]))
    return bool(np.isfinite(found).all() and (found.max(axis=0) - found.min(axis=0)).max() > 1e-4)


def ask(model: Any, images: Pixels) -> NDArray[np.float64]:
    """What a model makes of RGB images with pixels from 0 to 255, a few at a time."""
    found = []
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH].astype(np.float32)
        found.append(np.asarray(model(batch, training=False), np.float64))
    return np.concatenate(found)


def _scales(model: Any) -> bool:
    """Whether something scales the pixels before the first layer that multiplies them by weights, to a range that is
    not larger: what makes 509 of 255 was made for pixels from 0 to 1."""
    last = None
    for layer in _in_order(model):
        if type(layer).__name__ in _SCALING:
            last = layer
        elif getattr(layer, "weights", None):
            break
    return last is not None and _range_behind(model, last) <= _LARGEST_RANGE


def _range_behind(model: Any, layer: Any) -> float:
    """Between the least and the greatest number that a layer makes of black and of white; 0 where it lies in a model
    inside of this one, and cannot be looked at."""
    import keras

    if layer not in getattr(model, "operations", []):
        return 0.0
    size, channels = model.input_shape[1], model.input_shape[3]
    ends = np.stack([np.full((size, size, channels), level, np.float32) for level in (0, 255)])
    found = np.asarray(keras.Model(model.inputs[0], layer.output)(ends, training=False), np.float64)
    return float(found.max() - found.min())


def _end(model: Any) -> str:
    """The activation of the last layer where it has one that gives no probabilities; else empty."""
    last = list(_in_order(model))[-1]
    name = getattr(getattr(last, "activation", None), "__name__", "")
    return name if name not in ("sigmoid", "softmax", "hard_sigmoid") else ""


def _in_order(model: Any) -> Iterator[Any]:
    """All layers and operations, those inside of models in place of the models."""
    for layer in getattr(model, "operations", model.layers):
        if hasattr(layer, "layers"):
            yield from _in_order(layer)
        else:
            yield layer


def of_raw_pixels(model: Any, size: int, pixels: str, *, gray: bool) -> Any:
    """The model behind layers that make of RGB pixels from 0 to 255 what it was trained on; itself where that is it.

    Args:
        model: A Keras model.
        size: Side of its images.
        pixels: One of `candidates`.
        gray: Whether it takes one channel.
    """
    import keras

    rule, kind = PREPROCESSING[PIXELS[pixels]], PIXELS[pixels]
    if kind == "raw" and not gray:
        return model
    inputs = x = keras.Input((size, size, 3), dtype="float32", name="image")
    if gray:
        x = _mixed(x, np.array([[_LUMA]], np.float32).reshape(1, 1, 3, 1), "rgb_to_gray")
    if kind != "raw":
        scale, offset = (rule.scale[0], rule.offset[0]) if gray else (list(rule.scale), list(rule.offset))
        x = keras.layers.Rescaling(scale, offset, dtype="float32", name="pixels")(x)
    if rule.bgr:
        x = _mixed(x, np.eye(3, dtype=np.float32)[::-1].reshape(1, 1, 3, 3), "rgb_to_bgr")
    return keras.Model(inputs, model(x))


def _mixed(x: Any, kernel: Any, name: str) -> Any:
    """The channels of an image mixed by fixed weights."""
    import keras

    mix = keras.layers.Conv2D(kernel.shape[3], 1, use_bias=False, trainable=False, dtype="float32", name=name)
    mixed = mix(x)
    mix.set_weights([kernel])
    return mixed


def main() -> int:
    """Tries the model that the command line names."""
    path, pixels, out, loader, *more = sys.argv[1:]
    limit(FILE + 2 * Path(path).stat().st_size)
    quieten_tensorflow(3, always=True)
    print(json.dumps(describe(Path(path), pixels, Path(out), others="others" in more, loader=loader)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
