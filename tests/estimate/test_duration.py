"""The expected duration is the sum of its parts, goes by what was measured, and knows what follows a phase."""

import pytest

from core.config import RunConfig, make_config
from core.estimate import memory as memory_of
from core.estimate.duration import download_bytes, draws, expected, head_size
from core.estimate.measured import FEATURES, HEAD, IMAGES, Cost, keep
from core.estimate.memory import machine_memory, memory
from core.models.catalogue import find


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("PARITY_WEIGHTS", raising=False)


def config(**settings: object) -> RunConfig:
    return make_config("sample", {key.replace("__", "."): value for key, value in settings.items()})


def phases(run: RunConfig) -> list[str]:
    return [part.phase for part in expected(run, 80, 20).parts]


def test_the_parts_of_each_training_mode() -> None:
    assert phases(config()) == ["data", "features", "training", "evaluating"]
    assert phases(config(training__mode="end_to_end")) == ["data", "features", "training", "evaluating"]
    assert phases(config(training__mode="end_to_end", training__literal=True)) == ["data", "training", "evaluating"]
    assert phases(config(training__mode="end_to_end", training__mixup=0.2)) == ["data", "training", "evaluating"]
    staged = config(training__mode="fine_tune", training__finetune_stages=2)
    assert phases(staged) == ["data", "features", "training", "finetuning", "finetuning 2", "evaluating"]


def test_what_was_measured_on_this_machine_is_what_is_expected() -> None:
    run = config(training__epochs=10)
    assert not expected(run, 80, 20).measured
    keep([Cost(FEATURES, 2.0, "EfficientNetLite0", 224), Cost(HEAD, 0.5, size=head_size(run, 2))])
    known = expected(run, 80, 20)
    seconds = {part.phase: part.seconds for part in known.parts}
    assert (seconds["features"], seconds["training"]) == (2.0 * 100, 0.5 * 80 * 10)
    assert known.measured
    assert known.a_feature == 2.0
    assert known.an_epoch("training") == 0.5 * 80
    assert known.from_phase("training", itself=False) == seconds["evaluating"]
    assert known.from_phase("features", itself=True) == pytest.approx(known.seconds - seconds["data"])
    assert known.from_phase("saving", itself=True) == 0


def test_another_size_or_backbone_is_foretold_by_what_it_computes() -> None:
    keep([Cost(FEATURES, 0.1, "VGG16", 224)])
    half = expected(config(model__backbone="VGG16", data__image_size=112), 80, 20)
    assert half.a_feature == pytest.approx(0.1 / 4, rel=0.05)
    other = expected(config(model__backbone="ResNet50"), 80, 20)
    assert other.a_feature == pytest.approx(0.1 * find("ResNet50").operations / find("VGG16").operations, rel=0.05)


@pytest.mark.parametrize(("known", "seconds"), [(48, 0.00224), (96, 0.00374), (224, 0.01037)])
def test_a_small_image_is_read_and_scaled_too_and_foretells_a_large_one(known: int, seconds: float) -> None:
    """What two cores took for images of EfficientNet-Lite0; by its network alone 48 pixels said 49 ms for 224."""
    keep([Cost(FEATURES, seconds, "EfficientNetLite0", known)])
    for size, took in ((48, 0.00224), (96, 0.00374), (224, 0.01037)):
        run = config(model__backbone="EfficientNetLite0", data__image_size=size)
        assert expected(run, 80, 20).a_feature == pytest.approx(took, rel=0.2)


def test_fine_tuning_costs_more_the_further_it_reaches_back_and_is_measured_by_block() -> None:
    one, all_blocks = (
        expected(config(training__mode="fine_tune", training__unfreeze_from=block), 80, 20) for block in ("", "all")
    )
    assert one.seconds < all_blocks.seconds
    keep([Cost(IMAGES, 3.0, "EfficientNetLite0", 224, "all")])
    run = config(training__mode="fine_tune", training__unfreeze_from="all", training__finetune_epochs=2)
    assert expected(run, 80, 20).an_epoch("finetuning") == 3.0 * 80


def test_draws_of_an_augmentation_are_counted() -> None:
    assert draws(config()) == 1
    assert draws(config(data__augmentation="light", training__epochs=7)) == 7
    assert draws(config(data__augmentation="light", data__augmentation_draws=2, training__epochs=7)) == 2


def test_only_weights_that_are_wanted_and_absent_are_fetched() -> None:
    assert download_bytes(config()) == 0
    assert download_bytes(config(model__backbone="VGG16")) == find("VGG16").weights_bytes
    assert download_bytes(config(model__backbone="VGG16", model__weights="none")) == 0


def test_memory_grows_with_what_learns_and_is_held_against_the_limit(monkeypatch) -> None:
    frozen, tuned = memory(config()), memory(config(training__mode="fine_tune"))
    assert 800 < frozen.needed < tuned.needed
    large = memory(config(training__mode="end_to_end", training__unfreeze_from="all", data__batch_size=512))
    monkeypatch.setenv("PARITY_MEMORY", "2")
    assert machine_memory() == 2048
    assert memory(config()).fits is True
    assert large.needed > 2048
    assert (
        memory(config(training__mode="end_to_end", training__unfreeze_from="all", data__batch_size=512)).fits is False
    )


def test_a_container_with_less_than_the_machine_counts(monkeypatch, tmp_path) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory_of, "_CGROUPS", (limit,))
    whole = machine_memory()
    for text, found in (("536870912\n", 512), ("max\n", whole), ("x", whole)):
        limit.write_text(text, encoding="ascii")
        assert machine_memory() == found
