"""The probe: the same images through two saved models, stage by stage."""

import shutil
from pathlib import Path
from typing import Any

import keras
import pytest

from core.compare.compare import compare
from core.engine.jobs.probe import measure
from core.store.job_records import Probe
from core.store.runs import Run
from core.workers.probe_client import probe

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("thin")]

SMALL: dict[str, Any] = {"data.image_size": 32, "data.batch_size": 10, "training.epochs": 1}


RESCALED = {**SMALL, "data.preprocessing": "rescale"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, lay_images: Any, train_here: Any, thin: None) -> tuple[Run, Run]:
    """Two runs that the tests share: one of the backbone's own preprocessing, one of pixels from 0 to 1."""
    folder = tmp_path_factory.mktemp("probe")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(folder / "home"))
        images = lay_images(folder / "pictures", train=(10, 10), val=(5, 5), size=40)
        return train_here(images, SMALL), train_here(images, RESCALED)


@pytest.fixture
def runs(shared: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Run]:
    """These two, in the home they were made in; nothing of them may be changed."""
    monkeypatch.setenv("PARITY_HOME", str(shared[0].path.parent.parent))
    return shared


def trained_again(run: Run, train_here: Any, **changes: Any) -> Run:
    """Another run on the same images."""
    again: Run = train_here(Path(run.config().dataset), {**SMALL, **changes})
    return again


def largest(record: Probe) -> dict[str, Any]:
    return {stage.stage: stage.largest_difference for stage in record.stages}


def test_each_stage_shows_the_largest_difference_of_the_same_images(runs: tuple[Run, Run], train_here: Any) -> None:
    a, rescaled = runs
    assert set(largest(measure(a, trained_again(a, train_here))).values()) == {0.0}
    record = measure(a, rescaled)
    stages = largest(record)
    assert list(stages) == ["decoded pixels", "preprocessed input", "features", "probabilities"]
    assert stages["decoded pixels"] == 0.0
    # (255 - 127) / 128 = 1 where 255 / 255 = 1, and (0 - 127) / 128 where 0: the gap is largest for black.
    worst = record.stages[1]
    assert worst.a is not None and worst.b is not None
    assert worst.a == pytest.approx(255 * worst.b / 128 - 127 / 128, abs=1e-5)
    assert stages["features"] > 0.01 and stages["probabilities"] > 0.001
    assert len(record.pictures) == 10

    larger = trained_again(a, train_here, **{"data.image_size": 48})
    first = measure(a, larger).stages[0]
    assert (first.largest_difference, first.note) == (
        None, "They have different shapes, 32×32×3 and 48×48×3.",
    )  # fmt: skip


def test_a_fault_planted_in_a_model_is_seen_where_it_is(runs: tuple[Run, Run], tmp_path: Path) -> None:
    """Pixels scaled twice: no setting of the program can do it, but a model from elsewhere may."""
    a = runs[1]
    b = Run(shutil.copytree(a.path, tmp_path / a.id))
    model = keras.models.load_model(b.path / "model.keras", compile=False)
    layer = model.get_layer("base").get_layer("preprocess")
    layer.scale = [value / 255 for value in layer.scale]
    model.save(b.path / "model.keras")
    stages = largest(measure(a, b))
    assert stages["decoded pixels"] == 0.0
    assert stages["preprocessed input"] > 0.5


def test_a_probe_is_measured_once_by_a_process_and_then_part_of_the_comparison(
    runs: tuple[Run, Run], train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = runs[0]
    b = trained_again(a, train_here, **{"training.seed": 2})
    assert compare(a, b)["probe"] is None
    first = probe(a, b)
    assert [stage.largest_difference for stage in first[:3]] == [0.0, 0.0, 0.0]
    assert (first[3].largest_difference or 0) > 0
    monkeypatch.setattr("core.workers.probe_client._measure", lambda *_: pytest.fail("measured twice"))
    assert probe(a, b) == first
    assert [stage.to_dict() for stage in first] == compare(a, b)["probe"]
