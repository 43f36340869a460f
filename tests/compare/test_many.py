"""Any number of runs: averages, curves over epochs and time, settings that differ, whether the images are the same."""

import pytest

from core import files
from core.compare.many import Images, curve, image_differences, images_of, setting_differences, smooth
from core.config import make_config
from core.store.runs import Run, RunStore


@pytest.fixture
def run() -> Run:
    made = RunStore().create(make_config("sample", {}))
    for epoch, seconds in ((1, 2.0), (2, 3.0), (3, 1.0)):
        made.add_event("epoch", epoch=epoch, seconds=seconds, val_loss=None if epoch == 2 else 1 / epoch)
    return made


def test_an_average_begins_at_the_first_value_and_follows() -> None:
    assert smooth([1.0, 3.0], 0.0) == [1.0, 3.0]
    assert smooth([2.0, 2.0, 2.0], 0.9) == pytest.approx([2.0, 2.0, 2.0])
    # (0.5 * 0.5 * 1 + 0.5 * 3) / (1 - 0.25)
    assert smooth([1.0, 3.0], 0.5) == pytest.approx([1.0, 7 / 3])
    assert smooth([], 0.5) == []


def test_a_curve_lies_over_epochs_or_over_the_time_of_training(run: Run) -> None:
    assert curve(run.epochs(), "val_loss") == ([1.0, 3.0], [1.0, pytest.approx(1 / 3)])
    assert curve(run.epochs(), "val_loss", "time")[0] == [2.0, 6.0]
    assert curve(run.epochs(), "val_auc") == ([], [])


def test_only_what_differs_is_told() -> None:
    assert setting_differences([{"a": 1, "b": 2}, None, {"a": 1, "b": 3}]) == [("b", [2, None, 3])]
    assert setting_differences([{"a": 1}, {"a": 1}]) == []
    assert setting_differences([None, None]) == []
    short, written = {"model.dense_units": 8, "model.dropout": 0.4}, "dropout 0.4, dense 8 relu, dropout 0.4"
    lists = [{"model.head": head, "model.dense_units": 0, "model.dropout": 0} for head in (written, "dropout 0.4")]
    assert setting_differences([{"model.head": "", **short}, None, lists[0]]) == []
    assert setting_differences([{"model.head": "", **short}, lists[1]]) == [("model.head", [written, "dropout 0.4"])]


def test_images_are_the_same_whatever_their_order_and_folder(run: Run) -> None:
    assert images_of(run) == Images()
    one, other = ({"path": f"{k}.png", "label": "a", "sha256": f"{k}"} for k in range(2))
    files.write_json(run.path / "manifest.json", {"root": "/x", "classes": ["a"], "train": [one, other], "val": [one]})
    first = images_of(run)
    moved = {**other, "path": "elsewhere/1.png"}
    files.write_json(run.path / "manifest.json", {"root": "/y", "classes": ["a"], "train": [moved, one], "val": [one]})
    assert images_of(run) == first
    files.write_json(run.path / "manifest.json", {"classes": ["b"], "train": [{**one, "label": "b"}], "val": [one]})
    assert images_of(run).train != first.train
    assert (first.counts, images_of(run).val) == ((2, 1), first.val)


def test_other_images_are_said_in_a_sentence() -> None:
    one, other = Images("t", "v", (10, 5)), Images("t", "w", (10, 6))
    assert image_differences(["a", "b"], [one, one]) == []
    assert image_differences(["a", "b", "c"], [one, other, one]) == [
        "These runs were evaluated on different validation images (“a” and “c”: 5; “b”: 6)."
    ]
    assert image_differences(["a", "b"], [one, Images()]) == ["The images used by “b” are not known."]
