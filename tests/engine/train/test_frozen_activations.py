"""Fine-tuning on kept activations: the same bits as with the images passed through anew, and no image read twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import pytest

import core.engine.train.evaluate
import core.engine.train.training
from core.config import make_config
from core.data.feature_cache import FeatureCache, NoRoom
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


def narrow_vgg16(*, input_tensor: Any, **_: Any) -> keras.Model:
    """VGG16's blocks with 8 channels in place of up to 512: convolutions with a bias, and pooling between them."""
    x = input_tensor
    for block, count in enumerate((2, 2, 3, 3, 3), 1):
        for k in range(1, count + 1):
            x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name=f"block{block}_conv{k}")(x)
        x = keras.layers.MaxPooling2D(name=f"block{block}_pool")(x)
    return keras.Model(keras.utils.get_source_inputs(input_tensor), x)


@pytest.fixture(scope="module")
def images(tmp_path_factory: Any, lay_images: Any) -> Path:
    """45 training images: two full batches of 20 and a partial one of 5."""
    folder: Path = lay_images(tmp_path_factory.mktemp("images") / "pictures", train=(25, 20), val=(10, 9), size=36)
    return folder


@pytest.fixture(autouse=True, scope="module")
def only_what_is_learnt() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        thin_backbone.lay_in(patch.setattr)
        patch.setattr(keras.applications, "VGG16", narrow_vgg16)
        patch.setattr(core.engine.train.evaluate, "save_model", lambda *_: None)
        patch.setattr(core.engine.train.training, "keep_reference", lambda *_, **__: None)
        yield


class Kept(NamedTuple):
    """A run on kept activations."""

    learnt: tuple[Any, ...]
    read: int
    """Images that were read for it."""


TOP = {"training.unfreeze_from": "top"}


@pytest.fixture(scope="module")
def kept(images: Path, tmp_path_factory: Any, only_what_is_learnt: None) -> dict[int, Kept]:
    """Runs on kept activations of the last block alone, by the epochs of their fine-tuning."""
    runs = {}
    for epochs in (1, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PARITY_HOME", str(tmp_path_factory.mktemp("kept")))
            read = watch_reading(patch)
            run = new_run(images, {**TOP, "training.finetune_epochs": epochs})
            assert train(Reporter(run)) == "finished"
            runs[epochs] = Kept(learnt(run), len(read))
    return runs


def watch_reading(patch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows with every image that is read."""
    read: list[int] = []
    original = Images.one

    def one(self: Images, position: int, draw: int) -> Any:
        read.append(position)
        return original(self, position, draw)

    patch.setattr(Images, "one", one)
    return read


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


def test_a_run_broken_off_goes_on_either_way(
    images: Path, kept: dict[int, Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off on kept activations, gone on with on images: the checkpoint has the same variables."""
    broken = new_run(images, {**TOP, "training.finetune_epochs": 3})
    assert train(StopIn(broken, 3)) == "stopped"
    as_before(monkeypatch)
    assert train(Reporter(broken)) == "finished"
    assert learnt(broken) == kept[3].learnt


def test_from_the_second_epoch_on_no_image_is_read(kept: dict[int, Kept]) -> None:
    assert kept[3].read == kept[1].read == 2 * (45 + 19), "once for the head's features and once for what is kept"


def test_where_there_is_no_room_images_pass_through_as_before(
    images: Path, kept: dict[int, Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    original, refused = FeatureCache.build, []

    def build(self: FeatureCache, key: str, shape: tuple[int, int], *rest: Any) -> Any:
        if shape[1] != 1280:  # the features have room
            refused.append(shape)
            raise NoRoom("full")
        return original(self, key, shape, *rest)

    monkeypatch.setattr(FeatureCache, "build", build)
    full = new_run(images, {**TOP, "training.finetune_epochs": 1})
    assert train(Reporter(full)) == "finished"
    assert refused and learnt(full) == kept[1].learnt


def test_augmented_images_are_passed_through(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrozenActivations, "compute", lambda self: pytest.fail("activations were kept"))
    settings = {**TOP, "data.augmentation": "light", "training.finetune_epochs": 1}
    assert train(Reporter(new_run(images, settings))) == "finished"
