"""Export formats: one row each (Keras, SavedModel, LiteRT, ONNX, script, card, zip), with what it is for."""

from dataclasses import dataclass

from core.errors import RunError


@dataclass(frozen=True)
class Format:
    """One way of taking a run away.

    Attributes:
        name: str. As the command line has it.
        suffix: str. What the file's name ends with; empty for a folder.
        title: str. What a person calls it.
        purpose: str. What it is for, one sentence.
        converts: bool. Whether a process that loads TensorFlow has to make it.
        of_model: bool. Whether it holds the trained model, so that the run must have one.
        mime: str. The kind of file, as a browser knows it.
    """

    name: str
    suffix: str
    title: str
    purpose: str
    converts: bool
    of_model: bool
    mime: str


_ROWS = (
    Format(
        "keras", ".keras", "Keras model",
        "For Python with Keras 3: one file that Keras opens without Parity.",
        converts=False, of_model=True, mime="application/octet-stream",
    ),
    Format(
        "savedmodel", "", "TensorFlow SavedModel",
        "For servers: the folder for TensorFlow Serving and `tf.saved_model.load`, without Keras.",
        converts=True, of_model=True, mime="application/zip",
    ),
    Format(
        "litert", ".tflite", "LiteRT (TensorFlow Lite)",
        "For phones and small devices: one file for the LiteRT interpreter.",
        converts=True, of_model=True, mime="application/octet-stream",
    ),
    Format(
        "litert-float16", ".tflite", "LiteRT in float16",
        "Half the size of LiteRT, for devices with little storage; measured on the validation images first.",
        converts=True, of_model=True, mime="application/octet-stream",
    ),
    Format(
        "litert-int8", ".tflite", "LiteRT in int8",
        "A quarter of the size, faster on most phones; calibrated on training images, measured on validation images.",
        converts=True, of_model=True, mime="application/octet-stream",
    ),
    Format(
        "onnx", ".onnx", "ONNX",
        "For other platforms: ONNX Runtime loads it in Python, C++, C#, Java and the browser.",
        converts=True, of_model=True, mime="application/octet-stream",
    ),
    Format(
        "script", ".py", "Training script",
        "To reproduce the training: one commented Keras script that does not need Parity.",
        converts=True, of_model=False, mime="text/x-python",
    ),
    Format(
        "card", ".md", "Model card",
        "To publish: a README.md in Hugging Face's format, from the run's records.",
        converts=False, of_model=False, mime="text/markdown",
    ),
    Format(
        "zip", ".zip", "The whole run",
        "To archive or share: settings, history, evaluation, model and card; can be imported into another Parity.",
        converts=False, of_model=False, mime="application/zip",
    ),
)  # fmt: skip

FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}
"""Every format by its name."""

SMALL = ("litert-float16", "litert-int8")
"""Those that lose something, which is measured on the validation images."""


def find_format(name: str) -> Format:
    """The format of that name.

    Raises:
        RunError: there is none.
    """
    if name not in FORMATS:
        raise RunError(f'there is no format "{name[:40]}"; the formats are {", ".join(FORMATS)}')
    return FORMATS[name]
