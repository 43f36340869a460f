"""The rule of gradual unfreezing: which blocks train in which stage, and what is refused."""

import pytest

from core.config import RunConfig, make_config
from core.errors import ConfigError
from core.models.catalogue import BACKBONES
from core.models.unfreezing import is_training, require_blocks, stage_of, stages, trained_blocks


def fine_tuned(number: int, block: str = "", backbone: str = "EfficientNetLite0") -> RunConfig:
    settings = {"training.mode": "fine_tune", "training.finetune_stages": number, "training.unfreeze_from": block}
    return make_config("sample", {**settings, "model.backbone": backbone})


@pytest.mark.parametrize(
    ("number", "block", "lowest"),
    [
        (1, "", ["top"]),
        (1, "block5", ["block5"]),
        (1, "all", ["all"]),
        (3, "", ["top", "block7", "block6"]),
        (3, "block6", ["top", "block7", "block6"]),
        (3, "Block-4", ["top", "block7", "Block-4"]),
        (2, "all", ["top", "all"]),
        (9, "all", ["top", "block7", "block6", "block5", "block4", "block3", "block2", "block1", "all"]),
        (9, "", ["top", "block7", "block6", "block5", "block4", "block3", "block2", "block1", "stem"]),
    ],
)
def test_each_stage_opens_a_block_and_the_last_one_all_that_remain(number: int, block: str, lowest: list[str]) -> None:
    assert [stage.block for stage in stages(fine_tuned(number, block))] == lowest


def test_a_stage_knows_its_phase_its_blocks_and_its_words() -> None:
    found = stages(fine_tuned(3, "block4"))
    assert [stage.phase for stage in found] == ["finetuning", "finetuning 2", "finetuning 3"]
    assert [(stage.count, stage.whole) for stage in found] == [(1, False), (2, False), (5, False)]
    assert [stage.words for stage in found] == ["the last block", "the last 2 blocks", "the last 5 blocks"]
    assert found[0].beginning(21, 3) == (
        "Stage 1 of 3 of fine-tuning begins with epoch 21: the last block and the head are trained."
    )
    assert found[2].beginning(31, 3) == (
        "Stage 3 of 3 of fine-tuning begins with epoch 31: the last 5 blocks (from block4 on) and the head are trained."
    )
    (only,) = stages(fine_tuned(1, "stem"))
    assert only.beginning(6, 1) == "Fine-tuning begins with epoch 6: all 9 blocks and the head are trained."


def test_a_run_that_is_not_fine_tuned_has_no_stages() -> None:
    for mode in ("bottleneck", "end_to_end"):
        assert stages(make_config("sample", {"training.mode": mode, "training.finetune_stages": 10})) == ()


@pytest.mark.parametrize(
    ("number", "block", "backbone", "sentence"),
    [
        (4, "block6", "EfficientNetLite0",
         "training.finetune_stages is 4, but from block6 on EfficientNetLite0 has 3 blocks; ask for 3 at most, or "
         "name an earlier block in training.unfreeze_from"),
        (2, "top", "EfficientNetLite0",
         "training.finetune_stages is 2, but from top on EfficientNetLite0 has 1 block; ask for 1 at most, or name "
         "an earlier block in training.unfreeze_from"),
        (6, "", "VGG16", "training.finetune_stages is 6, but VGG16 has 5 blocks; ask for 5 at most"),
        (6, "all", "VGG16", "training.finetune_stages is 6, but VGG16 has 5 blocks; ask for 5 at most"),
    ],
)  # fmt: skip
def test_more_stages_than_blocks_are_refused_in_a_sentence(
    number: int, block: str, backbone: str, sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        require_blocks(fine_tuned(number, block, backbone))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_can_be_opened_block_by_block(name: str) -> None:
    most = min(10, len(BACKBONES[name].blocks))
    counts = [stage.count for stage in stages(fine_tuned(most, backbone=name))]
    assert counts == list(range(1, most + 1))


@pytest.mark.parametrize(
    ("phase", "stage", "trains"),
    [("data", 0, False), ("training", 0, True), ("finetuning", 1, True), ("finetuning 2", 2, True),
     ("finetuning 10", 10, True), ("finetuning 0", 0, False), ("finetuning x", 0, False), ("", 0, False)],
)  # fmt: skip
def test_a_phase_is_known_by_its_name(phase: str, stage: int, trains: bool) -> None:
    assert (stage_of(phase), is_training(phase)) == (stage, trains)


def test_trained_blocks_follow_phase_and_settings() -> None:
    config = fine_tuned(3, "block5")
    assert trained_blocks(config, "training") == ()
    assert trained_blocks(config, "finetuning") == ("top",)
    assert trained_blocks(config, "finetuning 3") == ("block5", "block6", "block7", "top")
    assert trained_blocks(config, "finetuning 7") == ()
    unfrozen = {"training.mode": "end_to_end", "training.unfreeze_from": "block7"}
    assert trained_blocks(make_config("sample", unfrozen), "training") == ("block7", "top")
    assert trained_blocks(make_config("sample", {}), "training") == ()
