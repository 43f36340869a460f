"""Arrays of images: kept by content, made again where they are lost or damaged."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core import paths
from core.data.array_cache import ArrayCache


@dataclass(frozen=True)
class File:
    """A file as the scan knows it."""

    path: str
    sha256: str


FILES = [File("a", "1"), File("b", "2"), File("x/a", "1")]


class Made:
    """Arrays of two numbers, and which files were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, path: Path) -> NDArray[np.float32]:
        self.asked.append(path.name)
        return np.array([ord(path.name), 0.5], np.float32)


@pytest.fixture
def maker() -> Made:
    return Made()


@pytest.fixture
def cache(maker: Made) -> ArrayCache[np.float32]:
    return ArrayCache("numbers", version=1, shape=(2,), dtype=np.float32, make=maker)


def kept() -> Path:
    (file,) = (paths.cache_folder() / "numbers").iterdir()
    return file


def test_each_content_is_made_once_and_then_kept(tmp_path, cache, maker):
    seen: list[tuple[int, int]] = []
    found = cache.stacked(tmp_path, FILES, lambda done, total: seen.append((done, total)))
    assert found.tolist() == [[97, 0.5], [98, 0.5], [97, 0.5]]
    assert found.dtype == np.float32
    assert (maker.asked, seen) == (["a", "b"], [(1, 2), (2, 2)])
    again = cache.arrays(tmp_path, FILES, lambda *_: pytest.fail("was made again"))
    assert np.array_equal(again, found)
    assert cache.read(tmp_path / "other") == {}


def test_of_some_files_only_what_is_missing_is_made_and_all_are_kept(tmp_path, cache, maker):
    cache.arrays(tmp_path, FILES[:1])
    cache.arrays(tmp_path, FILES[1:2])
    assert maker.asked == ["a", "b"]
    assert set(cache.read(tmp_path)) == {"1", "2"}


def test_what_is_added_is_kept_and_contents_that_have_gone_are_not(tmp_path, cache, maker):
    cache.arrays(tmp_path, FILES)
    cache.add(tmp_path, {"3": np.zeros(2, np.float32)}, ["1", "3", "4"])
    assert {sha: array.tolist() for sha, array in cache.read(tmp_path).items()} == {"1": [97, 0.5], "3": [0, 0]}
    cache.add(tmp_path, {}, [])
    assert set(cache.read(tmp_path)) == {"1", "3"}


def test_of_no_files_there_is_an_empty_array_and_nothing_is_kept(tmp_path, cache):
    assert cache.stacked(tmp_path, []).shape == (0, 2)
    assert not (paths.cache_folder() / "numbers").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04 torn"])
def test_a_damaged_file_is_made_anew(tmp_path, cache, content):
    first = cache.stacked(tmp_path, FILES)
    kept().write_bytes(content)
    assert cache.read(tmp_path) == {}
    assert np.array_equal(cache.stacked(tmp_path, FILES), first)
    assert set(cache.read(tmp_path)) == {"1", "2"}


@pytest.mark.parametrize("change", [{"version": 2}, {"shape": (3,)}, {"dtype": np.float64}])
def test_arrays_of_another_version_shape_or_type_are_not_taken(tmp_path, cache, change):
    cache.arrays(tmp_path, FILES)
    assert replace(cache, **change).read(tmp_path) == {}


def test_a_file_that_cannot_be_decoded_raises_what_the_decoder_raises(tmp_path):
    def refuse(path: Path) -> NDArray[np.float32]:
        raise ValueError(f"{path.name} is damaged")

    with pytest.raises(ValueError, match=r"^a is damaged$"):
        ArrayCache("numbers", 1, (2,), np.float32, refuse).arrays(tmp_path, FILES)


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path, cache, home):
    (paths.cache_folder()).mkdir(parents=True, exist_ok=True)
    (paths.cache_folder() / "numbers").write_text("in the way")
    assert len(cache.arrays(tmp_path, FILES)) == 3
    assert cache.read(tmp_path) == {}
