"""The static look into a .keras file: what is known to be dangerous is refused by name, what we save is let through."""

import copy
import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ModelError, UserError
from core.models.allowed_layers import ALLOWED
from core.models.inspector import check_config, inspect_model
from core.store.examples import EXAMPLES

DENSE: dict[str, Any] = {
    "module": "keras.layers", "class_name": "Dense", "registered_name": None, "name": "d", "inbound_nodes": [],
    "config": {"name": "d", "units": 2, "activation": "softmax", "use_bias": True,
               "kernel_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
                                      "registered_name": None}},
}  # fmt: skip


def model_of(*layers: dict[str, Any], **facts: Any) -> dict[str, Any]:
    config = {"name": "m", "layers": list(layers), "input_layers": [], "output_layers": []}
    return {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
            "config": config, "build_config": {"input_shape": [None, 8, 8, 3]}, "compile_config": None,
            **facts}  # fmt: skip


def layer(name: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "registered_name": None, "config": config}


def weights(fill: Callable[[h5py.File], None] | None = None) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("layers/d/vars/0", data=np.ones((4, 2), np.float32))
        if fill:
            fill(file)
    return out.getvalue()


def keras_file(folder: Path, config: Any = None, h5: bytes | None = None, **members: bytes) -> Path:
    path = folder / "model.keras"
    parts = {
        "config.json": config if isinstance(config, bytes) else json.dumps(config or model_of(DENSE)).encode(),
        "metadata.json": b'{"keras_version": "3.15.1"}',
        "model.weights.h5": weights() if h5 is None else h5,
        **members,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def linked(file: h5py.File) -> None:
    file["away"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft(file: h5py.File) -> None:
    file["soft"] = h5py.SoftLink("/layers")


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), np.float32)
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("virtual", layout)


def external(file: h5py.File) -> None:
    file.create_dataset("external", (4,), np.float32, external=[("/etc/passwd", 0, 16)])


def bomb(file: h5py.File) -> None:
    file.create_dataset("bomb", (400_000_000,), np.float32, chunks=(2**20,), compression="gzip", fillvalue=1.0)


def text(file: h5py.File) -> None:
    file.create_dataset("text", data=np.array([b"x", b"y"]))


def circle(file: h5py.File) -> None:
    file["layers/again"] = file["layers"]


def deep(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"units": 1}
    for _ in range(levels):
        inner = {"x": inner}
    return model_of({**DENSE, "config": inner})


ACTIVATION = {**DENSE, "config": {"activation": layer("function", "builtins")}}
CONFIGS: dict[str, tuple[Any, str]] = {
    "lambda": (model_of(layer("Lambda", function="x")), 'it uses "Lambda" of "keras.layers"'),
    "lambda of a public function": (
        model_of(layer("Lambda", function={"module": "keras.ops", "class_name": "function", "config": "abs"})),
        "which is not on the list of allowed classes",
    ),
    "foreign module": (model_of(layer("system", "os")), 'it uses "system" of "os"'),
    "a function of Keras": (model_of(layer("get_file", "keras.utils")), '"get_file" of "keras.utils"'),
    "dead operation node": (model_of(layer("Switch", "keras.src.ops.core")), '"Switch" of "keras.src.ops.core"'),
    "another operation": (model_of(layer("Matmul", "keras.src.ops.numpy")), '"Matmul"'),
    "function as activation": (model_of(ACTIVATION), '"function" of "builtins"'),
    "activation by an odd name": (
        model_of({**DENSE, "config": {"activation": "keras.config.enable_unsafe_deserialization"}}),
        'activation is "keras.config.enable_unsafe_deserialization"',
    ),
    "TFSMLayer": (model_of(layer("TFSMLayer", filepath="/x")), '"TFSMLayer"'),
    "StringLookup": (model_of(layer("StringLookup", vocabulary="/etc/passwd")), '"StringLookup"'),
    "TorchModuleWrapper": (model_of(layer("TorchModuleWrapper", module="x")), '"TorchModuleWrapper"'),
    "no module": (model_of({"class_name": "Dense", "config": {}}), 'it uses "Dense" of "None"'),
    "module without class": (model_of({"module": "os", "config": {}}), "names a module, but no class"),
    "registered as another": (model_of({**DENSE, "registered_name": "my>Evil"}), 'is registered as "my>Evil"'),
    "tensor by value": (model_of({"class_name": "__tensor__", "config": {"value": [1]}}), '"__tensor__" of "None"'),
    "keras tensor with a module": (
        model_of({"module": "os", "class_name": "__keras_tensor__", "config": {}}), '"__keras_tensor__" of "os"',
    ),
    "nested compile": (
        model_of({**model_of(DENSE), "compile_config": {"loss": "x"}}), "brings its own training (compile_config)",
    ),
    "400 million units": (model_of({**DENSE, "config": {"units": 400_000_000}}), '"units" is 400000000; at most 65536'),
    "a number of 400 digits": (model_of({**DENSE, "config": {"x": int("9" * 400)}}), f'"x" is {"9" * 30}; such'),
    "no number": (model_of({**DENSE, "config": {"x": float("nan")}}), '"x" is nan; such a number'),
    "a number too large": (model_of({**DENSE, "config": {"axis": 10**12}}), '"axis" is 1000000000000'),
    "infinity": (b'{"module": "keras", "class_name": "Sequential", "config": {"rate": Infinity}}', '"rate" is inf'),
    "an initializer by name": (
        model_of({**DENSE, "config": {"kernel_initializer": "zeros"}}), "is the bare name",
    ),
    "an odd dtype": (model_of({**DENSE, "config": {"dtype": "string"}}), 'dtype is "string"'),
    "nested deeply": (deep(100), "nested deeper than 60 levels"),
    "nested beyond Python": (b'{"class_name":' + b"[" * 100_000, "nested too deeply"),
    "no JSON": (b"{", "config.json is not JSON"),
    "no model": (b"[1]", "config.json describes no model"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_that_names_anything_else_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    config, words = CONFIGS[name]
    path = keras_file(tmp_path, config)
    with pytest.raises(ModelError) as error:
        inspect_model(path)
    assert words in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (linked, 'has a link ("away")'), (soft, 'has a link ("soft")'),
        (virtual, 'takes the array "virtual" from another file'),
        (external, 'takes the array "external" from another file'),
        (bomb, "declares larger arrays than it stores"), (text, 'has an array that is not numeric ("text")'),
        (circle, "runs in a circle"),
    ],
)  # fmt: skip
def test_weights_that_are_not_just_arrays_are_refused(tmp_path: Path, fill: Any, words: str) -> None:
    with pytest.raises(ModelError) as error:
        inspect_model(keras_file(tmp_path, h5=weights(fill)))
    assert words in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\x89HDF\r\n\x1a\n", "this is an .h5 file, where a .keras file is wanted; save the model as .keras"),
        (b"\x80\x04\x95", "this is a pickle, which runs as a program when it is opened"),
        (b"\x89PNG\r\n\x1a\n", "this is an image, not a model"),
        (b"hello there", "this is not a .keras file"),
        (b"PK\x03\x04 and no more", "the file is damaged"),
        (b"\x08\x0e:\xb1\x01\n", "looks like an ONNX or Core ML file"),
        (b"\x02" + bytes(7) + b"{}", "this is a safetensors file, which holds weights alone"),
        (b"<?xml version='1.0'?><net>", "as OpenVINO has it"),
        (b"\n<!DOCTYPE html><html>", "this is a web page, not a model"),
        (b"version https://git-lfs.github.com/spec/v1\n", "this is a pointer of Git LFS"),
    ],
)
def test_what_is_no_keras_file_has_a_sentence_of_its_own(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError) as error:
        inspect_model(path)
    assert words in str(error.value)


def test_members_are_these_three_and_no_larger_than_they_may_be(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'and nothing else; here: "assets/x.txt"'):
        inspect_model(keras_file(tmp_path, **{"assets/x.txt": b"x"}))
    with pytest.raises(ModelError, match=r"config.json has 9 MB; at most 8.0 MB are taken"):
        inspect_model(keras_file(tmp_path, b" " * 9_000_000))
    path = tmp_path / "twice.keras"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        for name in ("config.json", "config.json", "metadata.json", "model.weights.h5"):
            archive.writestr(name, b"{}")
    with pytest.raises(ModelError, match="a part twice"):
        inspect_model(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("config.json", "metadata.json"):
            archive.writestr(name, b"{}")
        archive.writestr("model.weights.h5", bytes(50_000_000))
    with pytest.raises(ModelError, match=r"model.weights.h5 unpacks to more than 200 times its size"):
        inspect_model(path)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that the program has saved."""
    path = tmp_path_factory.mktemp("real") / "model.keras"
    path.write_bytes(gzip.decompress(next(EXAMPLES.rglob("model.keras.gz")).read_bytes()))
    return path


def test_a_model_of_the_program_is_let_through_and_so_is_a_small_one(real: Path, tmp_path: Path) -> None:
    inspect_model(real)
    inspect_model(keras_file(tmp_path))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.999])
def test_a_file_that_is_cut_off_is_damaged(real: Path, tmp_path: Path, share: float) -> None:
    content = real.read_bytes()
    path = tmp_path / "cut.keras"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError):
        inspect_model(path)


def test_looking_into_a_bomb_takes_little_memory_and_never_keras(tmp_path: Path) -> None:
    path = keras_file(tmp_path, h5=weights(bomb))
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom core.models.inspector import inspect_model\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    inspect_model(Path(sys.argv[1]))\nexcept Exception as error:\n    print(error)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
        "print(sorted({'keras', 'tensorflow'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    said, megabytes, heavy = done.stdout.splitlines()
    assert said == "the weights file declares larger arrays than it stores"
    assert int(megabytes) < 30  # beyond what h5py itself takes
    assert heavy == "[]"


def mutate(value: Any, choose: Callable[[int], int], fresh: Any) -> Any:
    """A copy in which one part, chosen by numbers, is another."""
    value = copy.deepcopy(value)
    node: Any = value
    for _ in range(choose(12)):
        keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        if not keys:
            break
        key = keys[choose(len(keys))]
        if not isinstance(node[key], dict | list) or choose(4) == 0:
            node[key] = fresh
            break
        node = node[key]
    return value


def classes_in(value: Any, *, outermost: bool = True) -> set[tuple[Any, Any]]:
    found: set[tuple[Any, Any]] = set()
    if isinstance(value, dict):
        if "class_name" in value and value["class_name"] != "__keras_tensor__":
            found.add((value.get("module"), value["class_name"]))
        for key, item in value.items():
            if not (outermost and key == "compile_config"):
                found |= classes_in(item, outermost=False)
    elif isinstance(value, list):
        for item in value:
            found |= classes_in(item, outermost=False)
    return found


FRESH = st.one_of(
    st.sampled_from(["Lambda", "keras.utils", "os", "system", "function", "__lambda__", None, 10**10, float("nan")]),
    st.builds(lambda m, c: {"module": m, "class_name": c, "config": {}}, st.text(max_size=9), st.text(max_size=9)),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    ),
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(numbers=st.lists(st.integers(0, 10**6), min_size=40, max_size=40), fresh=FRESH)
def test_whatever_is_changed_in_a_real_config_no_class_off_the_list_passes(numbers: list[int], fresh: Any) -> None:
    queue = list(numbers)
    config = mutate(REAL, lambda most: queue.pop() % most if queue else 0, fresh)
    try:
        check_config(config)
    except ModelError:
        return
    assert all(pair in ALLOWED for pair in classes_in(config) if all(isinstance(part, str) for part in pair))


with gzip.open(next(EXAMPLES.rglob("model.keras.gz"))) as packed, zipfile.ZipFile(io.BytesIO(packed.read())) as opened:
    REAL = json.loads(opened.read("config.json"))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"PK\x03\x04", b"\x89HDF"]))
def test_any_bytes_are_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "model.keras"
    path.write_bytes(start + content)
    with pytest.raises(UserError) as error:
        inspect_model(path)
    assert "Traceback" not in str(error.value)
