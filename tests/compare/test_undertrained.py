"""A run that is behind and was still falling when its epochs were over is named; one that has levelled off is not."""

from collections.abc import Sequence

import pytest

from core import files
from core.compare.paired import pair
from core.compare.undertrained import undertrained
from core.config import make_config
from core.store.predictions import write_predictions
from core.store.runs import Run, RunStore, Status
from tests.course.test_during import epoch

CLASSES = ["a", "b"]


def make_run(losses: Sequence[float], right: int, planned: int | None = None, **settings: object) -> Run:
    """A finished run with these validation losses that is right on so many of 40 images."""
    changes = {key.replace("__", "."): value for key, value in settings.items()}
    run = RunStore().create(make_config("sample", {"training.epochs": planned or len(losses), **changes}))
    val = [{"path": f"{k}.png", "sha256": str(k), "label": CLASSES[k % 2]} for k in range(40)]
    files.write_json(run.path / "manifest.json", {"root": "x", "classes": CLASSES, "val": val})
    rows = [["val", f"{k}.png", CLASSES[k % 2], CLASSES[(k + (k >= right)) % 2], "0.5", "0.5"] for k in range(40)]
    write_predictions(run.path / "predictions.csv", CLASSES, rows)
    part = {"count": 40, "correct": right, "accuracy": right / 40, "interval": [0.5, 1.0], "loss": losses[-1]}
    files.write_json(run.path / "evaluation.json", {"val": part, "classes": CLASSES})
    hashes = {"base": "w", "base_after": "w"}
    epochs = [epoch(k, val_loss=loss, val_log_loss=loss) for k, loss in enumerate(losses, start=1)]
    files.write_json(
        run.path / "trace.json",
        {
            "format": 1, "classes": CLASSES, "hashes": hashes, "environment": {}, "samples": [], "epochs": epochs,
            "data": {"train": "t", "val": "v", "labels": "l"},
        },
    )  # fmt: skip
    for number in range(1, len(losses) + 1):
        run.add_event("epoch", epoch=number, val_accuracy=0.8)
    run.write_status(Status(status="finished", created=1e9))
    return run


FALLING = [0.9, 0.7, 0.58, 0.5, 0.44, 0.4]
AHEAD = [0.6, 0.4, 0.32, 0.3, 0.29, 0.3, 0.31, 0.32]


def said(a: Run, b: Run) -> list[str]:
    return undertrained(a, b, pair(a, b))


def test_the_run_behind_that_was_still_falling_is_named() -> None:
    behind, ahead = make_run(FALLING, 32), make_run(AHEAD, 36)
    assert said(ahead, behind) == [
        "B is behind, and its epochs were over while its validation loss was still falling: 0.700, 0.500, 0.400 at "
        "equal intervals until epoch 6; that of A is 0.290. A part of the gap, or all of it, may come from too few "
        "epochs: train B for more of them before you look for another cause."
    ]
    assert said(behind, ahead)[0].startswith("A is behind")


@pytest.mark.parametrize(
    ("losses", "right", "settings"),
    [
        ([0.9, 0.6, 0.5, 0.47, 0.465, 0.46], 32, {}),  # has levelled off
        ([0.9, 0.7, 0.58, 0.5, 0.44, 0.45], 32, {}),  # rises in the end
        ([1.9, 1.8, 1.75, 1.7, 1.68, 1.66], 32, {}),  # far behind, and hardly falling
        (FALLING, 38, {}),  # higher loss, better answers
        (FALLING, 32, {"planned": 20}),  # stopped early, by itself
        (FALLING, 32, {"training__schedule": "cosine"}),  # its rate has come to an end
    ],
)
def test_other_runs_are_not(losses: list[float], right: int, settings: dict[str, int]) -> None:
    assert said(make_run(AHEAD, 36), make_run(losses, right, **settings)) == []


def test_nor_is_one_of_two_that_were_judged_by_different_images() -> None:
    assert undertrained(make_run(AHEAD, 36), make_run(FALLING, 32), "different images") == []
