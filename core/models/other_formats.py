"""Names the format of a zip that holds no Keras model, and says what to give instead."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from core.errors import ModelError
from core.models.hdf5_check import short
from core.models.inspector import MEMBERS

MODELS = (".keras", ".h5", ".hdf5")
"""How files of models end."""

_KERAS = 'give the .keras or .h5 file that it was made from, saved by model.save("model.keras")'
_TEACHABLE = "from Teachable Machine, choose Export Model, Tensorflow, Keras, and give that zip"
_ENDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("cvexport.manifest",),
        "this is an export of Custom Vision, which is not supported in any of its formats, as none holds a Keras "
        "model; train on the same images here",
    ),
    (
        ("data.pkl", "constants.pkl"),
        "this is a PyTorch file, which is not supported: it is a pickle, which runs as a program when it is opened; "
        "build and train the model in Keras, or train on the same images here",
    ),
    (
        (".tflite",),
        f"this zip holds a LiteRT (TensorFlow Lite) model, which is not supported; {_TEACHABLE}; else {_KERAS}",
    ),
    ((".onnx",), f"this zip holds an ONNX model, which is not supported; {_KERAS}"),
    (("model.json",), f"this zip holds a TensorFlow.js model, which is not supported; {_TEACHABLE}; else {_KERAS}"),
    ((".mlmodel",), f"this zip holds a Core ML model, which is not supported; {_KERAS}"),
)
"""How a part of such a zip ends, and what is said; the first that fits is right."""


_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")


def refuse_other_formats(names: Sequence[str]) -> None:
    """Refuses a zip by the names in it; one that may be a damaged .keras file is left to whoever looks further.

    Raises:
        ModelError: the format, and what to give.
    """
    for ends, words in _ENDS:
        if any(name.endswith(ends) for name in names):
            raise ModelError(words)
    if _has_openvino(names):
        raise ModelError(f"this zip holds an OpenVINO model, which is not supported; {_KERAS}")
    if any(PurePosixPath(name).name in MEMBERS for name in names):
        return
    lower = [name.lower() for name in names]
    if any(name.endswith(MODELS) for name in lower):
        raise ModelError(
            f"this zip holds a model and {len(names) - 1:,} other files; unpack it and give the model alone"
        )
    if archives := [name for name in names if name.lower().endswith(_ARCHIVES)]:
        raise ModelError(f"this zip holds {short(archives[0])}; unpack it and give the model's file")
    raise ModelError("this zip holds no .keras or .h5 file; give the file of the model, or a zip with it")


def _has_openvino(names: Sequence[str]) -> bool:
    """Whether a description and its weights lie side by side, as in no folder of images."""
    return any(name.endswith(".xml") and f"{name.removesuffix('.xml')}.bin" in names for name in names)
