"""The feature cache: what it holds, what goes first, and that nothing half-made gets a name."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.data.feature_cache import FeatureCache, read_ahead
from core.errors import UserError

KEYS = ("a" * 40, "b" * 40, "c" * 40)
ENTRY = 4 * 10 * 5 + 128  # float32, and numpy's header


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "features", limit_bytes=2 * ENTRY + 10)


def put(cache: FeatureCache, key: str, value: float, age: float = 0.0) -> None:
    cache.build(key, (10, 5), lambda out: out.fill(value))
    path = cache.folder / f"{key}.npy"
    os.utime(path, (path.stat().st_mtime - age,) * 2)


def test_what_was_built_is_there_until_it_is_emptied(cache: FeatureCache) -> None:
    assert (cache.held(), cache.open(KEYS[0])) == ((0, 0), None)
    put(cache, KEYS[0], 3.0)
    cache.keep_note(KEYS[0], {"samples": [1]})
    features = cache.open(KEYS[0])
    assert features is not None and features.dtype == np.float32 and (features == 3.0).all()
    assert not features.flags.writeable
    assert (cache.held(), cache.note(KEYS[0])) == ((1, ENTRY), {"samples": [1]})
    assert cache.empty() == ENTRY
    assert (cache.held(), cache.note(KEYS[0]), list(cache.folder.glob("*"))) == ((0, 0), None, [])
    assert (features == 3.0).all(), "whoever had it open keeps it"


def test_rows_may_be_asked_for_ahead_of_their_use(cache: FeatureCache) -> None:
    put(cache, KEYS[0], 3.0)
    features = cache.open(KEYS[0])
    assert features is not None
    read_ahead(features, np.array([9, 0, 4]))
    read_ahead(np.ones((10, 5), np.float32), np.array([9, 0, 4]))  # not on disk: nothing to ask for
    assert (features == 3.0).all()


def test_half_precision_takes_half_the_room(cache: FeatureCache) -> None:
    features = cache.build(KEYS[0], (10, 5), lambda out: out.fill(1 / 3), "float16")
    assert features.dtype == np.float16
    assert cache.held() == (1, 2 * 10 * 5 + 128)


def test_the_least_recently_used_goes_first(cache: FeatureCache) -> None:
    put(cache, KEYS[0], 0.0, age=200)
    put(cache, KEYS[1], 1.0, age=100)
    cache.keep_note(KEYS[1], "goes with it")
    assert cache.open(KEYS[0]) is not None  # which makes it the last one used
    put(cache, KEYS[2], 2.0)
    assert [key in cache for key in KEYS] == [True, False, True]
    assert sorted(path.suffix for path in cache.folder.iterdir()) == [".npy", ".npy"]


def test_an_array_that_is_not_finished_has_no_name(cache: FeatureCache) -> None:
    def broken(out: np.ndarray) -> None:
        out[:5] = 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.build(KEYS[0], (10, 5), broken)
    assert (KEYS[0] in cache, list(cache.folder.glob("*"))) == (False, [])


def test_a_damaged_array_is_as_good_as_none(cache: FeatureCache) -> None:
    put(cache, KEYS[0], 1.0)
    (cache.folder / f"{KEYS[0]}.npy").write_bytes(b"half an arr")
    assert cache.open(KEYS[0]) is None


def test_a_note_without_its_array_is_neither_kept_nor_read(cache: FeatureCache) -> None:
    cache.keep_note(KEYS[0], {"samples": []})
    assert (cache.note(KEYS[0]), list(cache.folder.glob("*"))) == (None, [])


@pytest.mark.parametrize(
    ("free", "missing", "advice"),
    [
        (2**30 - 5 * 10**6, r"5\.00 MB", "free some space$"),
        (2**30 + 185, "15 bytes", "or set model.pooling to average"),
    ],
)
def test_a_full_disk_is_told_with_every_term_of_the_sum(
    cache: FeatureCache, monkeypatch: pytest.MonkeyPatch, free: int, missing: str, advice: str
) -> None:
    monkeypatch.setattr(FeatureCache, "_free", lambda _: free)
    words = r"the features need 200 bytes, and 1\.07 GB of the disk is reserved for models and checkpoints, but only "
    with pytest.raises(UserError, match=rf"{words}1\.07 GB are free in .*: {missing} are missing; .*{advice}"):
        put(cache, KEYS[0], 1.0)


@pytest.mark.parametrize(("setting", "limit"), [("2", 2 * 2**30), ("0.5", 2**29), ("", 20 * 2**30)])
def test_the_limit_is_the_environments(
    setting: str, limit: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PARITY_CACHE_GB", setting)
    assert FeatureCache(tmp_path).limit_bytes == limit


def test_an_array_is_found_by_its_family_with_the_files_of_its_rows(cache: FeatureCache) -> None:
    hashes = [f"{k:064x}" for k in range(10)]
    cache.keep_rows(KEYS[0], "f", hashes)
    assert list(cache.folder.glob("*")) == [], "no array, no rows"
    put(cache, KEYS[0], 1.0, age=100)
    put(cache, KEYS[1], 2.0)
    for key, family in ((KEYS[0], "f"), (KEYS[1], "f"), (KEYS[1], "other")):
        cache.keep_rows(key, family, hashes)
    assert [(found, features[0, 0]) for found, features in cache.family("f")] == [(hashes, 2.0), (hashes, 1.0)]
    assert [features[0, 0] for _, features in cache.family("other")] == [2.0]
    cache.keep_rows(KEYS[1], "f", hashes[:9])
    assert [features[0, 0] for _, features in cache.family("f")] == [1.0], "one row a file, or it is not believed"
    (cache.folder / f"{KEYS[0]}.npy").write_bytes(b"half an arr")
    assert list(cache.family("f")) == []
    cache.empty()
    assert list(cache.folder.glob("*")) == []
