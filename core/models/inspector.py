"""Inspects an untrusted .keras file without Keras: layers that are not on a list are refused; nothing is run.

A .keras file is a program: while Keras loads it, it calls what the file names, and `safe_mode=True` alone does not
prevent that (measured on 3.15.1: a node of the graph called a public function of Keras with arguments of its choice).
So only layers that compute, with plain numbers as their settings, are let through; then a limited process tries it.
"""

import json
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.data.zip_end import zip_end
from core.errors import ModelError
from core.models.allowed_layers import ACTIVATIONS, ALLOWED
from core.models.file_kind import check_kind
from core.models.hdf5_check import MAX_DEPTH, MAX_OBJECTS, check_weights, short

MEMBERS = {"config.json": 8_000_000, "metadata.json": 65_536, "model.weights.h5": 1_000_000_000}
"""What a .keras file holds, and the most bytes of each."""

DAMAGED = (
    "the file is damaged or cut off, as an interrupted download or copy leaves it; download or copy it again, or save "
    "the model again"
)
"""What is said of a file that cannot be read to its end."""

MAX_LAYERS = 3_000
MAX_NUMBER, MAX_UNITS = 10**9, 65_536
MAX_RATIO = 200  # of a member's size to its compressed size, above 1 MB

_NAMED = {
    "activation": ACTIVATIONS,
    "dtype": frozenset(
        (
            "float32",
            "float16",
            "bfloat16",
            "mixed_bfloat16",
            "mixed_float16",
            "float64",
            "int32",
            "int64",
            "uint8",
            "bool",
        )
    ),
}
_MOST_LIST_BYTES = 10**6  # of the list of contents: 64 names of any length, or 10,000 usual ones
_LARGE = ("units", "filters", "target_shape", "depth_multiplier", "height", "width")

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)
"""What reading a damaged zip raises."""


def inspect_model(path: Path, check: Callable[[Any], object] | None = None) -> None:
    """Lets a file through that names nothing but layers on the list, with arrays that are really there.

    Args:
        path: Path. A file of whatever kind; a file beside it holds the unpacked weights for a moment.
        check: callable of what config.json says. Raises what `check_config` does, which is its default.

    Raises:
        ModelError: one sentence on what is in it that is not allowed, or on the damage.
    """
    check_kind(path)
    weights = path.with_name(f"{path.name}.weights")
    try:
        with opened_model(path) as archive:
            _check_members(archive.infolist())
            config = parsed(_read(archive, "config.json"), "config.json")
            parsed(_read(archive, "metadata.json"), "metadata.json")
            (check or check_config)(config)
            _unpack(archive, "model.weights.h5", weights)
        check_weights(weights)
    except ModelError:
        raise
    except DAMAGE as error:
        raise ModelError(DAMAGED) from error
    finally:
        weights.unlink(missing_ok=True)


@contextmanager
def opened_model(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens a .keras file, or a zip around a model, whose list of contents is of a sane length.

    Raises:
        ModelError: it is longer than that of any model.
        BadZipFile, OSError: it is no zip, or damaged.
    """
    with path.open("rb") as file:
        end = zip_end(file)
        if end and end.length > _MOST_LIST_BYTES:
            raise ModelError(
                f"it is a zip whose list of contents has {end.length / 1e6:,.0f} MB, and that of a model has less than "
                "1 kB; give the .keras or .h5 file of the model alone"
            )
        with zipfile.ZipFile(file) as archive:
            yield archive


def check_config(config: Any) -> None:
    """Refuses a config.json that names anything but what is on the list.

    Args:
        config: Whatever the JSON says.

    Raises:
        ModelError: one sentence that names the class, function or number.
    """
    if not isinstance(config, dict) or "class_name" not in config:
        raise ModelError("config.json describes no model")
    # Loading with compile=False leaves the outermost compile_config alone, and only that one.
    outermost = {key: value for key, value in config.items() if key != "compile_config"}
    check_parts(outermost, "config.json", {"shared_object_id"}, _check_object, check_value)


def check_parts(
    config: Any,
    name: str,
    unused: Collection[str],
    check_object: Callable[[dict[str, Any]], bool],
    check_plain: Callable[[str, Any], None],
) -> None:
    """Checks every object and value of a configuration, an object before what lies in it.

    Args:
        config: Whatever the JSON says.
        name: What it is called where it is refused.
        unused: Keys that nothing reads.
        check_object: callable. Refuses a dictionary, or returns whether it is a layer.
        check_plain: callable of a key and what it says that is neither object nor list.

    Raises:
        ModelError: one of them is refused, or they are too many, or nested too deeply.
    """
    todo: list[tuple[str, Any, int]] = [("", config, 0)]
    seen = layers = 0
    while todo:
        key, value, depth = todo.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > 100 * MAX_OBJECTS:
            raise ModelError(f"{name} is nested deeper than {MAX_DEPTH} levels or is too large")
        if isinstance(value, dict):
            layers += check_object(value)
            if layers > MAX_LAYERS:
                raise ModelError(f"it has more than {MAX_LAYERS:,} layers, the most that are taken")
            todo += [(str(word), item, depth + 1) for word, item in value.items() if word not in unused]
        elif isinstance(value, list):
            todo += [(key, item, depth + 1) for item in value]
        else:
            check_plain(key, value)


def _check_members(infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    if sorted(names) != sorted(MEMBERS):
        odd = sorted(set(names) - MEMBERS.keys()) or sorted(MEMBERS.keys() - set(names)) or ["a part twice"]
        raise ModelError(f"a .keras file holds {', '.join(MEMBERS)} and nothing else; here: {short(odd[0])}")
    for info in infos:
        check_member(info, info.filename)


def check_member(info: zipfile.ZipInfo, name: str) -> None:
    """Refuses a part of a .keras file that cannot be read, or that declares more than it may have.

    Args:
        info: ZipInfo.
        name: A key of `MEMBERS`.

    Raises:
        ModelError: one sentence.
    """
    if info.flag_bits & 0x1:
        raise ModelError("the file is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ModelError(f"{name} is packed in an unusual way (method {info.compress_type})")
    if info.file_size > MEMBERS[name]:
        most = MEMBERS[name] / 1e6
        raise ModelError(f"{name} has {info.file_size / 1e6:,.0f} MB; at most {most:,.1f} MB are taken")
    if info.file_size > 10**6 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise ModelError(f"{name} unpacks to more than {MAX_RATIO} times its size")


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member, but no more of it than it may have, whatever its entry says."""
    with archive.open(name) as file:
        content = file.read(MEMBERS[name] + 1)
    if len(content) > MEMBERS[name]:
        raise ModelError(f"{name} is larger than it says")
    return content


def _unpack(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    left = archive.getinfo(name).file_size
    with archive.open(name) as file, target.open("wb") as out:
        while chunk := file.read(2**20):
            left -= len(chunk)
            if left < 0:
                raise ModelError(f"{name} is larger than it says")
            out.write(chunk)


def parsed(content: bytes | str, name: str) -> Any:
    """JSON out of a model; raises ModelError where it is none."""
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ModelError(f"{name} is nested too deeply") from error
    except ValueError as error:
        raise ModelError(f"{name} is not JSON") from error


def _check_object(value: dict[str, Any]) -> bool:
    """Refuses a dictionary that Keras would turn into something that is not on the list; whether it is a layer."""
    if value.get("compile_config"):
        raise ModelError("a part of the model brings its own training (compile_config); only the whole model may")
    if "class_name" not in value:
        if "module" in value or "registered_name" in value:
            raise ModelError("a part of config.json names a module, but no class")
        return False
    module, name = value.get("module"), value["class_name"]
    if not isinstance(name, str) or not isinstance(module, str | None):
        raise ModelError(f"{short(name)} of {short(module)} is not a class name")
    if module is None and is_constant(name, value):
        return False
    if (module, name) not in ALLOWED:
        raise ModelError(f"it uses {short(name)} of {short(module)}, which is not on the list of allowed classes")
    if value.get("registered_name") not in (None, name):
        raise ModelError(f"{short(name)} is registered as {short(value['registered_name'])}; that is refused")
    return module == "keras.layers"


def is_constant(name: Any, value: dict[str, Any]) -> bool:
    """Whether it is plain data of a graph: a tensor of it, a constant array of numbers, or an index."""
    config = value.get("config")
    if set(value) != {"class_name", "config"} or not isinstance(config, dict):
        return False
    if name in ("__tensor__", "__numpy__"):
        return set(config) == {"value", "dtype"} and isinstance(config["dtype"], str) and _is_numbers(config["value"])
    if name == "__slice__":
        return all(value is None or isinstance(value, int) for value in config.values())
    return name == "__keras_tensor__" or (name == "__ellipsis__" and not config)


def _is_numbers(value: Any, depth: int = 8) -> bool:
    if isinstance(value, list):
        return depth > 0 and all(_is_numbers(item, depth - 1) for item in value)
    return isinstance(value, int | float)


def check_value(key: str, value: Any) -> None:
    """Refuses a number or a word that no layer of the list needs."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        if not abs(value) <= (2**63 if key == "seed" else MAX_NUMBER):  # true of no number, infinity and any digits
            raise ModelError(f"{short(key)} is {str(value)[:30]}; such a number is refused")
        if key in _LARGE and abs(value) > MAX_UNITS:
            raise ModelError(f"{short(key)} is {value}; at most {MAX_UNITS} are taken")
    elif key in _NAMED and str(value) not in _NAMED[key]:
        raise ModelError(f"{key} is {short(value)}, which is not among the allowed ones")
    elif key.endswith(("_initializer", "_regularizer", "_constraint")):
        raise ModelError(f"{short(key)} is the bare name {short(value)}; save the model with Keras 3")
