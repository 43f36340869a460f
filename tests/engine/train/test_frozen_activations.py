"""Fine-tuning on kept activations: the same bits as with the images passed through anew, and no image read twice."""

from pathlib import Path
from typing import Any

import pytest

import core.engine.train.evaluate
import core.engine.train.training
from core.config import make_config
from core.data.feature_cache import FeatureCache, NoRoom, feature_cache
from core.data.pipeline import Images
from core.engine.reporter import Reporter
from core.engine.train.checkpoint import CheckpointFolder
from core.engine.train.frozen_activations import FrozenActivations
from core.engine.train.training import train
from core.store.runs import Run, RunStore
from tests import thin_backbone

pytestmark = pytest.mark.slow

TUNED: dict[str, Any] = {
    "data.image_size": 32, "data.batch_size": 20, "model.dense_units": 8, "model.dropout": 0.3,
    "training.mode": "fine_tune", "training.epochs": 1, "training.finetune_epochs": 2,
    "training.finetune_learning_rate": 1e-3, "training.early_stopping": 0, "data.augmentation": "none",
}  # fmt: skip
VGG = {"model.backbone": "VGG16", "model.weights": "none", "model.pooling": "flatten"}


@pytest.fixture
def images(image_folder: Any) -> Path:
    """45 training images: two full batches of 20 and a partial one of 5."""
    folder: Path = image_folder(train=(25, 20), val=(10, 9), size=36)
    return folder


@pytest.fixture(autouse=True)
def only_what_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    thin_backbone.lay_in(monkeypatch.setattr)
    monkeypatch.setattr(core.engine.train.evaluate, "save_model", lambda *_: None)
    monkeypatch.setattr(core.engine.train.training, "keep_reference", lambda *_, **__: None)


class StopIn(Reporter):
    """A reporter whose person asks for a stop at the second batch of an epoch."""

    def __init__(self, run: Run, epoch: int) -> None:
        super().__init__(run)
        self.when = (epoch, 2)

    def batch(self, number: int, **changes: Any) -> None:
        super().batch(number, **changes)
        if (self.status.epoch, number) == self.when:
            self.request_stop()


def new_run(folder: Path, settings: dict[str, Any]) -> Run:
    return RunStore().create(make_config(str(folder), {**TUNED, **settings}))


def learnt(run: Run) -> tuple[Any, ...]:
    """All that a training has come to, to the last bit."""
    checkpoint, trace = CheckpointFolder(run.path / "resume").load(), run.trace()
    assert checkpoint is not None
    assert trace is not None
    epochs = [(e.losses, e.gradient_norms, e.base, e.head, e.feature_std) for e in trace.epochs]
    figures = [(e.loss, e.accuracy, e.auc, e.val_loss, e.val_auc) for e in run.epochs()]
    return epochs, figures, [array.tobytes() for array in checkpoint.arrays]


def test_mixed_images_have_no_activations_to_keep(
    images: Path, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each epoch passes other mixtures through the frozen blocks; the same seed mixes the same."""
    monkeypatch.setattr(FrozenActivations, "compute", lambda self: pytest.fail("activations were computed"))
    mixed = [train_here(images, {**TUNED, "training.mixup": 0.4, "data.seed": seed}) for seed in (1, 1, 2)]
    losses = [[epoch.losses for epoch in run.trace().epochs] for run in mixed]
    assert losses[0] == losses[1]
    assert losses[0][0] == losses[2][0], "the head's epoch is on features, which are not mixed"
    assert losses[0][1] != losses[2][1]
    hashes = [[epoch.mixing for epoch in run.trace().epochs] for run in mixed]
    assert hashes[0] == hashes[1]
    assert [bool(one) for one in hashes[0]] == [False, True, True]
    assert len({*hashes[0], *hashes[2]}) == 5


def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The images pass through the whole network in every epoch."""
    monkeypatch.setattr(FrozenActivations, "compute", lambda self: False)


@pytest.mark.parametrize(
    "settings",
    [
        {**VGG, "training.unfreeze_from": "block5", "training.finetune_optimizer": "sgd"},
        {"training.finetune_stages": 2, "training.block_rate_factor": 0.5, "training.finetune_optimizer": "adamw"},
        {"training.precision": "bfloat16", "training.class_weight": "balanced"},
    ],
    ids=["VGG16", "stages", "bfloat16"],
)
def test_kept_activations_give_the_same_bits(
    images: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    kept = new_run(images, settings)
    assert train(Reporter(kept)) == "finished"
    as_before(monkeypatch)
    anew = new_run(images, settings)
    assert train(Reporter(anew)) == "finished"
    assert learnt(kept) == learnt(anew)
    assert len({epoch.base for epoch in kept.trace().epochs}) >= 3, "the base was trained"  # type: ignore[union-attr]


def test_a_run_broken_off_goes_on_either_way(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off on kept activations, gone on with on images: the checkpoint has the same variables."""
    settings = {"training.unfreeze_from": "top", "training.finetune_epochs": 3}
    whole, broken = new_run(images, settings), new_run(images, settings)
    train(Reporter(whole))
    assert train(StopIn(broken, 3)) == "stopped"
    as_before(monkeypatch)
    assert train(Reporter(broken)) == "finished"
    assert learnt(broken) == learnt(whole)


def test_from_the_second_epoch_on_no_image_is_read(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    original = Images.one

    def one(self: Images, position: int, draw: int) -> Any:
        read.append(position)
        return original(self, position, draw)

    monkeypatch.setattr(Images, "one", one)
    counts = {}
    for epochs in (1, 4):
        feature_cache().empty()
        read.clear()
        train(Reporter(new_run(images, {"training.unfreeze_from": "top", "training.finetune_epochs": epochs})))
        counts[epochs] = len(read)
    assert counts[4] == counts[1] == 2 * (45 + 19), "once for the head's features and once for what is kept"


def test_where_there_is_no_room_images_pass_through_as_before(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"training.unfreeze_from": "top", "training.finetune_epochs": 1}
    kept = new_run(images, settings)
    train(Reporter(kept))
    original = FeatureCache.build

    def build(self: FeatureCache, key: str, shape: tuple[int, int], *rest: Any) -> Any:
        if shape[1] > 1280:
            raise NoRoom("full")
        return original(self, key, shape, *rest)

    feature_cache().empty()
    monkeypatch.setattr(FeatureCache, "build", build)
    full = new_run(images, settings)
    assert train(Reporter(full)) == "finished"
    assert learnt(full) == learnt(kept)


def test_augmented_images_are_passed_through(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrozenActivations, "compute", lambda self: pytest.fail("activations were kept"))
    settings = {"data.augmentation": "light", "training.unfreeze_from": "top", "training.finetune_epochs": 1}
    assert train(Reporter(new_run(images, settings))) == "finished"
