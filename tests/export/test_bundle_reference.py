"""Features from outside: what a run writes passes, what claims more than is there is refused before numpy opens it."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.errors import DataError
from core.export.bundle_reference import checked_reference

Arrays = dict[str, Any]


def arrays(**changes: Any) -> Arrays:
    rows = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float16)
    return {
        "features": rows, "positions": np.arange(6, dtype=np.int32), "validation": np.ones(3, np.float32), "k": 5,
        "augmented": False, **changes,
    }  # fmt: skip


def packed(values: Arrays, save: Callable[..., None] = np.savez) -> bytes:
    out = io.BytesIO()
    save(out, **values)
    return out.getvalue()


def test_what_a_run_writes_comes_back() -> None:
    given, found = arrays(), checked_reference(packed(arrays()), 6)
    assert set(found) == set(given)
    for name, value in given.items():
        np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize(
    "values",
    [
        arrays(positions=np.arange(1, 7, dtype=np.int32)),
        arrays(positions=np.arange(-1, 5, dtype=np.int32)),
        arrays(positions=np.arange(5, dtype=np.int32)),
        arrays(k=7),
        arrays(k=0),
        arrays(validation=np.array([np.nan], np.float32)),
        arrays(features=np.zeros((0, 4), np.float16), positions=np.zeros(0, np.int32)),
    ],
)
def test_what_does_not_fit_the_run_is_refused(values: Arrays) -> None:
    with pytest.raises(DataError, match=r"its reference\.npz does not match its list of images$"):
        checked_reference(packed(values), 6)


def with_header(shape: str) -> bytes:
    """A small file whose header claims another shape."""
    text = f"{{'descr': '<f2', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + b"\0" * 48
    out = io.BytesIO(packed({key: value for key, value in arrays().items() if key != "features"}))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("features.npy", array)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (with_header("(10000000000, 1000)"), "has another type or size than in a run"),
        (with_header("(6, 5)"), "has another type or size than in a run"),
        (with_header("__import__('os')"), "is damaged"),
        (packed(arrays(features=np.zeros((6, 4)))), "has another type or size"),
        (packed(arrays(extra=1)), "its arrays are not those of a run"),
        (packed({"features": np.zeros((6, 4), np.float16)}), "its arrays are not those of a run"),
        (packed(arrays(), np.savez_compressed), "its arrays are not those of a run"),
        (packed(arrays(features=np.array([[{"a": 1}]], dtype=object))), "has another type or size|damaged"),
        (b"no zip", "is damaged"),
    ],
)  # fmt: skip
def test_a_header_that_lies_or_a_strange_file_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        checked_reference(content, 6)


def test_a_header_that_claims_what_is_there_passes() -> None:
    assert checked_reference(with_header("(6, 4)"), 6)["features"].shape == (6, 4)
