"""A review in this process: planted mistakes come to the top, features are kept, corrections are heeded."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from core import paths
from core.config import DataConfig
from core.data.corrections import change_labels
from core.data.dataset import prepare, scan_dataset
from core.data.sample import ensure_sample
from core.engine.jobs import label_review as module
from core.engine.jobs.label_review import RowStore, review
from core.engine.reporter import Reporter
from core.label_review.store import Review, ReviewStore

pytestmark = pytest.mark.slow


def run(folder: Path) -> tuple[Review, tuple[str, str]]:
    data = prepare(scan_dataset(str(folder)), DataConfig())
    made = ReviewStore().create(str(folder), data)
    return made, review(Reporter(made))


@pytest.fixture
def mislabelled(drawn_sample: Path, tmp_path: Path) -> tuple[Path, set[str]]:
    """300 of the drawn images, of which 15 training ones lie in the other class's folder."""
    drawn, folder = ensure_sample(drawn_sample), tmp_path / "mislabelled"
    for part, number in (("train", 110), ("val", 40)):
        for label in ("NORMAL", "PNEUMONIA"):
            (folder / part / label).mkdir(parents=True)
            for path in sorted((drawn / part / label).iterdir())[:number]:
                shutil.copy(path, folder / part / label / path.name)
    files = sorted(folder.glob("train/*/*.jpg"))
    wrong = [files[k] for k in np.random.default_rng(5).choice(len(files), 15, replace=False)]
    for path in wrong:
        other = "PNEUMONIA" if path.parent.name == "NORMAL" else "NORMAL"
        path.rename(folder / "train" / other / path.name)
    return folder, {path.name for path in wrong}


def test_most_planted_mistakes_are_at_the_top_and_a_second_review_needs_no_network(
    mislabelled: tuple[Path, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, wrong = mislabelled
    made, (status, sentence) = run(folder)
    result = made.result()
    assert result is not None
    assert (status, result.method, result.pictures) == ("finished", "cleanlab", 300)
    assert sentence == f"{result.issues} of 300 labels look wrong."
    names = [row["file"].split("/")[-1] for row in result.files]
    # 15 of 300 are wrong, and 150 images teach a head little: chance would put 1.5 into the first 30.
    assert sum(name in wrong for name in names[:30]) >= 10
    assert [row["score"] for row in result.files] == sorted(row["score"] for row in result.files)
    assert {row["label"] for row in result.files} == {"NORMAL", "PNEUMONIA"}
    assert all(len(row.get("tsne") or []) == 2 for row in result.files)

    monkeypatch.setattr(module, "make_training_context", None)  # whoever builds a network now fails
    monkeypatch.setattr(module, "neighbourhoods", None)  # and so does whoever lays out the map
    first = result.files[0]
    index = scan_dataset(str(folder))
    change_labels(index, {first["file"]: first["suggested"], result.files[1]["file"]: ""})
    again = run(folder)[0].result()
    assert again is not None
    assert again.pictures == 299
    row = next(row for row in again.files if row["file"] == first["file"])
    assert (row["label"], row["score"] > first["score"]) == (first["suggested"], True)
    before = {row["file"]: row.get("tsne") for row in result.files}
    assert all(row.get("tsne") == before[row["file"]] for row in again.files)  # the map has not moved


def test_features_that_were_damaged_on_disk_are_as_good_as_none(tmp_path: Path) -> None:
    path = RowStore(tmp_path)._path
    assert path.is_relative_to(paths.cache_folder())
    path.parent.mkdir(parents=True)
    for content in (b"", b"PK\x03\x04 no zip", json.dumps([1]).encode()):
        path.write_bytes(content)
        assert RowStore(tmp_path).rows == {}
    with path.open("wb") as file:
        np.savez(file, format=1, sha256=np.array(["a"], object), features=np.zeros((1, 2)))
    assert RowStore(tmp_path).rows == {}
