"""Runs whose heads are lists, for real: a sweep over two and two augmentations, a bisect between them, and cards."""

from pathlib import Path
from typing import Any

import pytest

from core.bisect.store import BisectStore
from core.engine.jobs.bisect import bisect
from core.engine.jobs.sweep import sweep
from core.engine.reporter import Reporter
from core.export.card import model_card
from core.store.runs import RunStore
from core.sweep.plan import plan, read_choices
from core.sweep.store import SweepStore
from tests import thin_backbone

pytestmark = pytest.mark.slow

HEAD, AUGMENTATION = "model.head", "data.augmentation"
GOOD, BAD = "batch_norm, dense 8 relu l2=0.001, dropout 0.2", "dense 1 relu, dropout 0.95, dense 4 tanh"
LISTED = "flip both, brightness 0.9..1.1"

SMALL: dict[str, Any] = {
    "data.image_size": 32, "data.batch_size": 10, "training.epochs": 6, "training.early_stopping": 0,
    "training.learning_rate": 0.02, "data.augmentation_draws": 1,
}  # fmt: skip


@pytest.fixture
def folder(image_folder: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    thin_backbone.lay_in(monkeypatch.setattr)
    path: Path = image_folder(train=(20, 20), val=(40, 40), size=32)
    return path


def test_heads_as_lists_are_swept_and_found_by_a_bisect_and_stand_on_cards(
    folder: Path, train_here: Any, home: Path
) -> None:
    runs = [train_here(folder, {**SMALL, HEAD: head}) for head in (GOOD, BAD)]
    for run, head in zip(runs, (GOOD, BAD), strict=True):
        assert f"| Layers of the head | `{HEAD}` | `{head}` |" in model_card(run)

    found = BisectStore().create(runs[0], runs[1], 10)
    assert bisect(Reporter(found))[0] == "finished"
    result = found.result()
    assert (result["verdict"], result["factors"], result["candidates"]) == ("single", [HEAD], [HEAD])
    assert {GOOD, BAD} <= {RunStore().get(row["run"] or "").config().model.head for row in result["arms"]}

    kept = {path.name for path in (home / "cache" / "features").glob("*.npy")}
    choices = {HEAD: read_choices(HEAD, f"{BAD}; {GOOD}"), AUGMENTATION: read_choices(AUGMENTATION, f"none; {LISTED}")}
    base = runs[0].config()
    tried = SweepStore().create(base, plan(base, choices), 10)
    assert sweep(Reporter(tried))[0] == "finished"
    rows = tried.result()["arms"]
    assert [(row["settings"][HEAD], row["settings"][AUGMENTATION]) for row in rows] == [
        (BAD, "none"), (BAD, LISTED), (GOOD, "none"), (GOOD, LISTED),
    ]  # fmt: skip
    assert {row["status"] for row in rows} == {"finished"}
    best = tried.result()["best"]
    assert best is not None
    assert best["settings"][HEAD] == GOOD
    assert rows[2]["value"] == runs[0].figures("val").accuracy, "the same as the run of these settings"
    new = {path.name for path in (home / "cache" / "features").glob("*.npy")} - kept
    assert len(new) == 1, "the training images once more, for the augmentation that two trials share"
    assert f"`{LISTED}`" in model_card(RunStore().get(rows[3]["run"] or ""))
