"""Reviews on disk: found again for the same images and labels, made anew for others, and never piling up."""

from pathlib import Path

import pytest

from core.access.persons import COMMAND_LINE
from core.config import DataConfig
from core.data.corrections import change_labels
from core.data.dataset import Dataset, prepare, scan_dataset
from core.errors import DataError, RunError
from core.label_review import store as reviews
from core.label_review.store import Review, ReviewStore, review_key
from core.start import start
from core.store.job_records import ReviewResult
from core.store.runs import Status
from core.workers import launch

RESULT = {"method": "cleanlab", "pictures": 1, "issues": 0, "explained": [0.1, 0.1], "files": []}


@pytest.fixture
def folder(image_folder) -> Path:
    made: Path = image_folder(train=(8, 8), val=(3, 3), size=12)
    return made


def opened(folder: Path) -> Dataset:
    return prepare(scan_dataset(str(folder)), DataConfig())


def finish(review: Review) -> None:
    review.write_result(RESULT)
    review.write_status(Status(status="finished"))


def test_a_review_is_found_again_until_a_label_changes(folder: Path) -> None:
    store, data = ReviewStore(), opened(folder)
    assert (store.find(data), store.latest(data)) == (None, None)
    review = store.create(str(folder), data)
    assert (review.reference(), review.title()) == (str(folder), f"review of {folder}")
    finish(review)
    found = store.find(opened(folder))
    assert found is not None
    assert (found.id, found.result()) == (review.id, ReviewResult.model_validate(RESULT))
    change_labels(data.index, {data.index.files[0].path: "b"})
    changed = opened(folder)
    assert store.find(changed) is None
    latest = store.latest(changed)
    assert latest is not None
    assert latest.id == review.id


def test_the_split_does_not_matter_but_labels_places_and_contents_do(folder: Path) -> None:
    data = opened(folder)
    key = review_key(data)
    assert review_key(Dataset(data.index, type(data.split)((), ()))) == key
    (folder / "train/a/000.png").write_bytes((folder / "train/a/001.png").read_bytes())
    assert review_key(opened(folder)) != key
    (folder / "train/a/000.png").unlink()
    assert len({key, review_key(opened(folder))}) == 2


def test_old_reviews_make_room_but_not_one_at_work(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(reviews, "KEPT", 2)
    store, data = ReviewStore(), opened(folder)
    first = store.create(str(folder), data)
    made = []
    for _ in range(4):
        made.append(store.create(str(folder), data))
        finish(made[-1])
    assert first.path.is_dir()
    assert [review.path.is_dir() for review in made] == [False, False, True, True]


def test_what_cannot_be_reviewed_is_refused(folder: Path, image_folder, monkeypatch) -> None:
    few = image_folder("few", train=(3, 3), val=(1, 1))
    with pytest.raises(DataError, match=r"^A review of the labels needs at least 10 images of two classes\.$"):
        ReviewStore().create(str(few), opened(few))
    monkeypatch.setattr(reviews, "MAX_IMAGES", 5)
    with pytest.raises(DataError, match=r"^There are 22 images; labels of up to 5 are reviewed\.$"):
        ReviewStore().create(str(folder), opened(folder))


def test_damaged_files_are_no_result(folder: Path) -> None:
    review = ReviewStore().create(str(folder), opened(folder))
    (review.path / "result.json").write_text('{"files": 3}')
    assert review.result() is None
    (review.path / "config.json").write_text("{")
    with pytest.raises(RunError, match=r"cannot be read: its config\.json is damaged$"):
        review.reference()
    assert review.key() == ""


def test_one_that_is_not_at_work_cannot_be_stopped(folder: Path) -> None:
    review = ReviewStore().create(str(folder), opened(folder))
    finish(review)
    with pytest.raises(RunError, match=rf"^review {review.id} is not running: it is finished$"):
        launch.stop(review)
    with pytest.raises(RunError, match="has finished; only one that ended early can be resumed"):
        start.resume(review, COMMAND_LINE)
