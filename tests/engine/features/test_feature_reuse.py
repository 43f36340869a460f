"""Rows taken over from another array of the cache: the bits of computing anew, with next to nothing computed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from core import paths
from core.config import DataConfig
from core.data.corrections import EXCLUDED, change_labels
from core.data.dataset import open_dataset, scan_dataset
from core.data.dataset_index import ImageFile
from core.data.feature_cache import FeatureCache
from core.data.pipeline import Images
from core.data.scan import scan
from core.engine.features import feature_reuse
from core.engine.features.feature_reuse import reuse_features
from core.engine.features.features import BATCH, extract, features_family, features_key, forward_function
from core.models import catalogue
from core.models.build import build_base

pytestmark = pytest.mark.usefixtures("thin")

Array = NDArray[np.float32]
Forward = Callable[[Any], Any]

SIZE, RECIPE = 32, {"backbone": "EfficientNetLite0"}


@pytest.fixture(scope="module")
def base() -> keras.Model:
    return build_base(catalogue.find("EfficientNetLite0"), image_size=SIZE, pooling="average")


@pytest.fixture(scope="module")
def forward(base: keras.Model) -> Forward:
    return forward_function(base)


@pytest.fixture
def files(image_folder: Any) -> tuple[Path, list[ImageFile]]:
    """Four full batches and three images."""
    index = scan(image_folder(train=(2 * BATCH, 2 * BATCH + 3)))
    return index.root, list(index.files)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Paths of the images that were decoded."""
    paths_seen: list[str] = []
    one = Images.one

    def count(self: Images, position: int, draw: int) -> Any:
        paths_seen.append(self.files[position].path)
        return one(self, position, draw)

    monkeypatch.setattr(Images, "one", count)
    yield paths_seen


def of(root: Path, files: list[ImageFile], augmentation: str = "none") -> Images:
    return Images(root, files, SIZE, augmentation, 3)


def compute(forward: Forward, images: Images, draw: int = 0) -> Array:
    target = np.zeros((len(images), 1280), np.float32)
    extract(forward, images, draw, target, lambda done: None)
    return target


def take(known: Any, forward: Forward, images: Images, draw: int = 0) -> tuple[Array, list[int]]:
    """The array, and what was told of the progress."""
    target, told = np.full((len(images), 1280), np.nan, np.float32), list[int]()
    rest = reuse_features(known, forward, images, draw, target, told.append)
    extract(forward, images, draw, target, told.append, rest)
    return target, told


def hashes(files: list[ImageFile]) -> list[str]:
    return [file.sha256 for file in files]


@pytest.mark.slow
@pytest.mark.parametrize("left_out", [0, 5, 40, 66])
def test_without_one_image_nearly_nothing_is_computed_and_the_bits_are_the_same(
    forward: Forward, files: tuple[Path, list[ImageFile]], decoded: list[str], left_out: int
) -> None:
    root, listed = files
    known = [(hashes(listed), compute(forward, of(root, listed)))]
    fewer = [file for k, file in enumerate(listed) if k != left_out]
    fresh = compute(forward, of(root, fewer))
    decoded.clear()
    taken, told = take(known, forward, of(root, fewer))
    assert taken.tobytes() == fresh.tobytes()
    # One batch to compare, the images of the last batch, and a batch that one of the old last batch has moved into.
    assert len(decoded) == BATCH + 2 + (BATCH if left_out < 64 else 0)
    assert told[-1] == len(fewer)


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", ["none", "question"])
def test_a_new_division_of_the_same_images_takes_from_both_parts(
    forward: Forward, files: tuple[Path, list[ImageFile]], decoded: list[str], augmentation: str
) -> None:
    root, listed = files
    parts = listed[:32], listed[32:64]
    known = [(hashes(part), compute(forward, of(root, part, augmentation), 2)) for part in parts]
    mixed = [listed[k] for k in np.random.default_rng(0).permutation(64)[:48]]
    fresh = compute(forward, of(root, mixed, augmentation), 2)
    decoded.clear()
    taken, _ = take(iter(known), forward, of(root, mixed, augmentation), 2)
    assert taken.tobytes() == fresh.tobytes()
    assert len(decoded) == BATCH


@pytest.mark.slow
def test_where_the_bits_are_not_the_same_nothing_is_taken_over(
    forward: Forward, files: tuple[Path, list[ImageFile]], decoded: list[str]
) -> None:
    root, listed = files
    off = compute(forward, of(root, listed))
    off[1] = np.nextafter(off[1], np.float32(np.inf))
    decoded.clear()
    taken, _ = take([(hashes(listed), off)], forward, of(root, listed[:48]))
    assert taken.tobytes() == compute(forward, of(root, listed[:48])).tobytes()
    assert len(decoded) >= BATCH + 48


def test_what_is_not_known_from_a_full_batch_is_computed(
    files: tuple[Path, list[ImageFile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, listed = files
    monkeypatch.setattr(feature_reuse, "_is_alike", lambda *_: True)
    known = [(hashes(listed[: BATCH + 5]), np.ones((BATCH + 5, 4), np.float32))]
    target = np.zeros((len(listed), 4), np.float32)
    rest = reuse_features(known, lambda pixels: pixels, of(root, listed), 0, target, lambda done: None)
    assert [int(batch[0]) for batch in rest] == [16, 32, 48, 64]
    assert target.sum() == BATCH * 4
    assert reuse_features([], lambda pixels: pixels, of(root, listed[:5]), 0, target, lambda done: None)[
        0
    ].tolist() == [*range(5)]


def test_a_family_is_what_decides_the_numbers_but_for_the_files(
    files: tuple[Path, list[ImageFile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, listed = files
    fewer, plain, bent = of(root, listed[1:]), of(root, listed), of(root, listed, "question")
    assert features_family(plain, 0, RECIPE) == features_family(fewer, 7, RECIPE)
    assert features_key(plain, 0, RECIPE) != features_key(fewer, 0, RECIPE)
    families = {features_family(bent, draw, RECIPE) for draw in (0, 1)} | {features_family(plain, 0, RECIPE)}
    families.add(features_family(plain, 0, {"backbone": "VGG16"}))
    assert len(families) == 4
    monkeypatch.setenv("PARITY_MODE", "public")
    assert features_family(plain, 0, RECIPE) in families, "who is served decides no number"


@pytest.mark.slow
def test_a_training_without_one_image_decodes_next_to_none_again(
    image_folder: Any, train_here: Any, decoded: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = image_folder(train=(40, 40), val=(16, 16), size=36)
    settings = {"data.image_size": 32, "training.epochs": 2, "training.early_stopping": 0}
    train_here(folder, settings)
    change_labels(scan_dataset(str(folder)), {"train/a/003.png": EXCLUDED})
    assert len(open_dataset(str(folder), DataConfig()).split.train) == 79
    decoded.clear()
    again = train_here(folder, settings)
    assert "train/b/039.png" in decoded, "it is in the batch that is not full"
    assert len(decoded) < 79
    kept = arrays()
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "fresh"))
    fresh = train_here(folder, settings)
    assert fresh.history() == again.history()
    assert arrays() <= kept


def arrays() -> set[bytes]:
    """What the arrays of this home's cache hold."""
    cache = FeatureCache(paths.cache_folder() / "features")
    return {path.read_bytes() for path in cache.folder.glob("*.npy")}
