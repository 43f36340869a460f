"""Tells what a file is by its first bytes, so that one which is no Keras model is refused by name."""

from pathlib import Path

from core.errors import ModelError

SAVED_MODEL = (
    "this is a SavedModel, which is refused: it is a program; open it with the Keras that has made it and save it "
    'again by model.save("model.keras")'
)
_GIVE = "give the .keras or .h5 file that it was made from"
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF", "this is an .h5 file, where a .keras file is wanted; save the model as .keras"),
    (b"(dp", "this is a pickle, which runs as a program when it is opened; save the model as .keras"),
    (b"\x80", "this is a pickle, which runs as a program when it is opened; save the model as .keras"),
    (b"\x89PNG", "this is an image, not a model"),
    (b"\xff\xd8\xff", "this is an image, not a model"),
    (b"GIF8", "this is an image, not a model"),
    (b"\x08\x01\x12", SAVED_MODEL),
    (b"\x08", f"this looks like an ONNX file, which is not supported; {_GIVE}"),
    (b"{", f"this is JSON, as TensorFlow.js has it: a description without the weights; {_GIVE}"),
    (b"\x1f\x8b", "this is packed by gzip; unpack it and give the .keras or .h5 file in it"),
)
_LITERT = b"TFL3"


def check_kind(path: Path) -> None:
    """Lets a zip through, which a .keras file is.

    Raises:
        ModelError: it is something else, which is said, with what to do where that is known.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise ModelError("the file is empty")
    if start.startswith(b"PK\x03\x04"):
        return
    if start[4:8] == _LITERT:
        raise ModelError(f"this is a LiteRT (TensorFlow Lite) file, which is not supported; {_GIVE}")
    raise ModelError(next((words for sign, words in _STARTS if start.startswith(sign)), "this is not a .keras file"))
