"""Converted networks on disk: whole or not there, the least recently used first to go."""

import os
from pathlib import Path

import pytest

from core.data.conversion_cache import ConversionCache
from core.errors import UserError


def put(cache: ConversionCache, key: str, size: int = 10, used: float = 0.0) -> Path:
    def write(place: Path) -> None:
        (place / "network.bin").write_bytes(b"x" * size)

    folder = cache.make(key, write)
    if used:
        os.utime(folder, (used, used))
    return folder


def test_a_conversion_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    cache = ConversionCache(tmp_path / "converted", 100)
    assert cache.open("a") is None

    def breaks(place: Path) -> None:
        (place / "network.bin").write_bytes(b"half")
        raise UserError("it cannot be converted")

    with pytest.raises(UserError, match=r"^it cannot be converted$"):
        cache.make("a", breaks)
    assert (cache.open("a"), list(cache.folder.iterdir())) == (None, [])
    assert put(cache, "a") == cache.open("a")
    assert cache.held() == (1, 10)


def test_another_worker_that_was_quicker_is_no_harm(tmp_path: Path) -> None:
    cache = ConversionCache(tmp_path / "converted", 100)

    def meanwhile(place: Path) -> None:
        put(cache, "a", 3)
        (place / "network.bin").write_bytes(b"x" * 10)

    assert cache.make("a", meanwhile) == cache.open("a")
    assert cache.held() == (1, 3), "the one that was first"


def test_the_least_recently_used_go_first_and_the_newest_stays(tmp_path: Path) -> None:
    cache = ConversionCache(tmp_path / "converted", 100)
    put(cache, "a", 40, used=1000)
    put(cache, "b", 40, used=2000)
    cache.open("a")
    put(cache, "c", 40)
    assert sorted(path.name for path in cache.folder.iterdir()) == ["a", "c"]
    put(cache, "larger than all that is allowed", 200)
    assert cache.held() == (1, 200)
    assert (cache.empty(), cache.held()) == (200, (0, 0))


def test_what_a_killed_worker_has_left_goes_after_an_hour(tmp_path: Path) -> None:
    cache = ConversionCache(tmp_path / "converted", 100)
    for name, used in (("old", 1000.0), ("new", 0.0)):
        part = cache.folder / f".{name}.part"
        part.mkdir(parents=True)
        if used:
            os.utime(part, (used, used))
    put(cache, "a")
    assert sorted(path.name for path in cache.folder.iterdir()) == [".new.part", "a"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "converted").write_text("a file")
    cache = ConversionCache(tmp_path / "converted", 100)
    with pytest.raises(UserError, match=rf"^cannot store a converted network in {cache.folder}: Not a directory$"):
        put(cache, "a")
