"""What a run remembers of its training images, against the saved model itself; and what it then finds foreign."""

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from core import paths
from core.config import make_config
from core.data.images import load
from core.data.phantom import draw_phantom
from core.engine.insight.build_reference import build_reference
from core.engine.insight.predict import load_model
from core.engine.reporter import Reporter
from core.engine.train.training import train
from core.errors import RunError
from core.insight import reference
from core.insight.reference import unit
from core.store.runs import Run, RunStore
from core.workers.predict_client import predict, release

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("thin")]

TINY: dict[str, Any] = {"data.image_size": 32, "data.batch_size": 8, "training.epochs": 2, "training.early_stopping": 0}
SIZE = 32


def by_the_saved_model(run: Run, part: str) -> Any:
    """Mean of the last feature map over its places, for every image of a part."""
    manifest = run.data()
    base = keras.saving.load_model(run.path / "model.keras").get_layer("base")
    pixels = np.stack([load(Path(manifest.root) / item["path"], SIZE) for item in manifest.part(part)])
    return keras.Model(base.input, base.get_layer("features").input)(pixels.astype(np.float32)).numpy().mean((1, 2))


@pytest.mark.parametrize(
    ("settings", "augmented"),
    [
        ({}, False),
        ({"model.pooling": "flatten", "model.dense_units": 4}, False),
        ({"training.mode": "fine_tune", "training.finetune_epochs": 1, "training.finetune_learning_rate": 0.01}, False),
        ({"training.mode": "end_to_end", "training.literal": True, "training.epochs": 1}, False),
        ({"data.augmentation": "question", "data.augmentation_draws": 1}, True),
    ],
    ids=["pooled", "flattened", "fine-tuned", "literal", "augmented"],
)
def test_what_is_remembered_are_the_features_of_the_saved_model(
    image_folder: Any, train_here: Any, settings: dict[str, Any], augmented: bool
) -> None:
    run = train_here(image_folder(train=(9, 8), val=(12, 12)), {**TINY, **settings})
    shutil.rmtree(paths.cache_folder() / "features", ignore_errors=True)  # what is remembered does not need it
    found = reference.read(run)
    assert found is not None
    assert found.ood_limit.augmented is augmented
    training, validation = by_the_saved_model(run, "train"), by_the_saved_model(run, "val")
    near = found.nearest(training, 1)
    if augmented:
        return
    names = [item["path"] for item in run.data().train]
    assert [one[0].file for one in near] == names
    assert max(one[0].distance for one in near) < 1e-3
    distances = np.sort(1 - unit(validation) @ unit(training).T, axis=1)[:, reference.NEIGHBOURS - 1]
    np.testing.assert_allclose(found.ood_limit.distances, distances, atol=1e-3)


class StopAtOnce(Reporter):
    """A person who asks for a stop after the first batch."""

    def batch(self, number: int, **changes: Any) -> None:
        super().batch(number, **changes)
        self.request_stop()


def test_a_stopped_training_is_not_held_up_and_can_be_made_to_remember_later(image_folder: Any) -> None:
    settings = {**TINY, "training.mode": "end_to_end", "training.unfreeze_from": "top"}
    run = RunStore().create(make_config(str(image_folder(train=(9, 8), val=(12, 12))), settings))
    assert train(StopAtOnce(run)) == "stopped"
    assert reference.read(run) is None
    assert load_model(run).answer(np.zeros((1, SIZE, SIZE, 3), np.uint8)).insights[0].distance is None
    seen: list[tuple[int, int]] = []
    ood_limit = build_reference(run, lambda *now: seen.append(now))
    assert seen[-1] == (41, 41)
    assert ood_limit.images == 17
    near = reference.read(run).nearest(by_the_saved_model(run, "train"), 1)  # type: ignore[union-attr]
    assert [one[0].file for one in near] == [item["path"] for item in run.data().train]


def test_a_trial_of_a_search_remembers_nothing_nor_does_a_run_without_images(image_folder: Any) -> None:
    run = RunStore().create(make_config(str(image_folder(train=(4, 4), val=(2, 2))), TINY))
    assert train(Reporter(run), with_reference=False) == "finished"
    assert not reference.reference_path(run).exists()
    (run.path / "manifest.json").write_text('{"classes": ["a", "b"], "train": [], "val": []}')
    with pytest.raises(RunError) as error:
        build_reference(run)
    assert str(error.value) == f"run {run.id} was not trained here, so there are no training images to remember"


def draw_phantoms(folder: Path, **counts: int) -> Path:
    rng = np.random.default_rng(3)
    for split, count in counts.items():
        for label, diseased in (("NORMAL", False), ("PNEUMONIA", True)):
            (folder / split / label).mkdir(parents=True)
            for k in range(count):
                film = Image.fromarray(draw_phantom(rng, diseased))
                film.resize((96, 96)).save(folder / split / label / f"{k:03}.png")
    return folder


def foreign(size: int) -> dict[str, Any]:
    """Images that are no films: noise, a plain wall, a colourful scene."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:size, 0:size] / size
    scene = np.stack([255 * x, 200 * (1 - y), 255 * (np.hypot(x - 0.5, y - 0.5) < 0.3)], axis=-1)
    return {
        "noise": rng.integers(0, 256, (size, size, 3)).astype(np.uint8),
        "wall": np.full((size, size, 3), (200, 40, 40), np.uint8),
        "scene": scene.astype(np.uint8),
    }


def test_films_and_what_is_no_film(tmp_path: Path, train_here: Any) -> None:
    folder = draw_phantoms(tmp_path / "films", train=40, val=30, test=25)
    run = train_here(folder, {**TINY, "data.image_size": 96, "training.epochs": 1})
    model = load_model(run)

    strange = foreign(96)
    said = model.answer(np.stack(list(strange.values()))).insights
    assert dict(zip(strange, [one.unlike for one in said], strict=True)) == dict.fromkeys(strange, True)
    films = np.stack([load(path, 96) for path in sorted((folder / "test").rglob("*.png"))])
    flagged = [one.unlike for one in model.answer(films).insights]
    assert sum(map(bool, flagged)) <= 5  # of 50; the limit is meant for 1 %, and comes from 60 images

    known = np.stack([load(folder / "train" / "NORMAL" / f"{k:03}.png", 96) for k in range(3)])
    reply = model.answer(known, heat=True)
    np.testing.assert_allclose(reply.probabilities, model(known), atol=1e-6)
    assert [one.neighbours[0].file for one in reply.insights] == [f"train/NORMAL/{k:03}.png" for k in range(3)]
    assert [one.unlike for one in reply.insights] == [False] * 3
    assert {one.method for one in reply.insights} == {"cam"}
    for one in reply.insights:
        assert set(one.heat) == {"NORMAL", "PNEUMONIA"}
        assert np.shape(one.heat["NORMAL"]) == (3, 3)
        assert {float(np.max(heat)) for heat in one.heat.values()} <= {0.0, 1.0}
    assert all(not one.heat and not one.method for one in model.answer(known).insights)

    shutil.rmtree(paths.cache_folder())
    path = folder / "train" / "NORMAL" / "000.png"
    [served] = predict(run, [("film", path)], heat=True)
    release()
    assert [one.file for one in served.insight.neighbours] == [one.file for one in reply.insights[0].neighbours]
    assert served.insight.distance == pytest.approx(reply.insights[0].distance, abs=1e-5)
    assert served.insight.unlike is False
    assert served.insight.method == "cam"
    for label, heat in served.insight.heat.items():
        np.testing.assert_allclose(heat, reply.insights[0].heat[label], atol=1e-3)
    np.testing.assert_allclose(list(served.probabilities.values()), reply.probabilities[0], atol=1e-5)
