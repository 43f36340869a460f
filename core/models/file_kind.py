"""Tells what a file is by its first bytes, so that one which is no Keras model is refused by name."""

from pathlib import Path

from core.errors import ModelError

SAVED_MODEL = (
    "this is a SavedModel, which is refused: it is a program; open it with the Keras that has made it and save it "
    'again by model.save("model.keras")'
)
_GIVE = "give the .keras or .h5 file that it was made from"
_PAGE = "this is a web page, not a model, as a link to a page instead of the file gives it; download the file itself"
_SAFETENSORS = (
    "this is a safetensors file, which holds weights alone, no model; load them into the model that they belong to and "
    'save that whole by model.save("model.keras")'
)
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF", "this is an .h5 file, where a .keras file is wanted; save the model as .keras"),
    (b"(dp", "this is a pickle, which runs as a program when it is opened; save the model as .keras"),
    (b"\x80", "this is a pickle, which runs as a program when it is opened; save the model as .keras"),
    (b"\x89PNG", "this is an image, not a model"),
    (b"\xff\xd8\xff", "this is an image, not a model"),
    (b"GIF8", "this is an image, not a model"),
    (b"\x08\x01\x12", SAVED_MODEL),
    (b"\x08", f"this looks like an ONNX or Core ML file, which is not supported; {_GIVE}"),
    (b"{", f"this is JSON, as TensorFlow.js has it: a description without the weights; {_GIVE}"),
    (
        b"version https://git-lfs",
        "this is a pointer of Git LFS, not the file itself; fetch it by git lfs pull, and give that",
    ),
    (b"<?xml", f"this is XML, as OpenVINO has it: a description without the weights; {_GIVE}"),
    (b"<net", f"this is XML, as OpenVINO has it: a description without the weights; {_GIVE}"),
    (b"<!doctype html", _PAGE),
    (b"<html", _PAGE),
    (b"\x1f\x8b", "this is packed by gzip; unpack it and give the .keras or .h5 file in it"),
)
_UNKNOWN = "this is not a .keras file, nor an .h5 file or a zip with one; give the file that model.save has written"
_LITERT = b"TFL3"


def check_kind(path: Path) -> None:
    """Lets a zip through, which a .keras file is.

    Raises:
        ModelError: it is something else, which is said, with what to do where that is known.
    """
    with path.open("rb") as file:
        start = file.read(32)
    if not start:
        raise ModelError("the file is empty")
    if start.startswith(b"PK\x03\x04"):
        return
    if start[4:8] == _LITERT:
        raise ModelError(f"this is a LiteRT (TensorFlow Lite) file, which is not supported; {_GIVE}")
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= path.stat().st_size:
        raise ModelError(_SAFETENSORS)
    begins = start.lstrip() if start.lstrip().startswith(b"<") else start
    known = (words for sign, words in _STARTS if begins.startswith(sign) or begins.lower().startswith(sign))
    raise ModelError(next(known, _UNKNOWN))
