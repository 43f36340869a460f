"""Which trainings each mode allows, and what the refusal says."""

from pathlib import Path

import pytest

from core.access.limits import POLICIES
from core.access.modes import LOCAL, PUBLIC, TEAM
from core.config import make_config
from core.errors import AccessError


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training.epochs": 51}, "training.epochs is 51; the limit here is 50"),
        ({"model.backbone": "VGG16"}, 'model.backbone is "VGG16"; this public demonstration allows only "Eff'),
        ({"training.mode": "fine_tune", "training.unfreeze_from": "all"}, 'training.mode is "fine_tune"'),
        ({"training.unfreeze_from": "all", "training.mode": "end_to_end"}, 'training.unfreeze_from is "all"'),
        ({"training.literal": True, "training.mode": "end_to_end"}, 'training.literal is "True"'),
        ({"training.mixup": 0.2, "training.mode": "end_to_end"}, 'training.mixup is "0.2"; this public demonstration'),
        ({"data.image_size": 300}, "data.image_size is 300; this public demonstration allows 224 at most"),
        ({"model.head": "dense 300 relu"}, "model.head is dense 300 relu; this public demonstration allows 256 units"),
        ({"data.batch_size": 65}, "data.batch_size is 65"),
        ({"data.augmentation": "question", "data.augmentation_draws": 0}, "data.augmentation_draws is 0"),
    ],
)
def test_a_public_training_is_small(changes: dict[str, object], words: str) -> None:
    small = {
        "training.epochs": 5, "model.backbone": "EfficientNetLite0", "training.mode": "bottleneck",
        "data.image_size": 150, "data.augmentation": "none", "training.unfreeze_from": "",
    }  # fmt: skip
    public = POLICIES[PUBLIC]
    public.check(make_config("sample", small), None, Path("/uploads"))
    with pytest.raises(AccessError) as error:
        public.check(make_config("sample", {**small, **changes}), None, Path("/uploads"))
    assert str(error.value).startswith(words)


def test_a_public_training_is_on_the_sample_even_where_a_folder_is_open(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match='allows only "sample"'):
        POLICIES[PUBLIC].check(make_config(str(tmp_path), {"training.epochs": 3}), tmp_path, tmp_path)


def test_a_team_trains_on_what_is_open_to_it(tmp_path: Path) -> None:
    team, data, uploads = POLICIES[TEAM], tmp_path / "data", tmp_path / "uploads"
    for allowed in ("sample", str(data / "x"), str(uploads / "y")):
        team.check(make_config(allowed, {}), data, uploads)
    team.check(make_config(str(tmp_path / "fetched" / "z"), {}), data, uploads, tmp_path / "fetched")
    for refused in ("/etc", str(data / ".." / "z"), str(tmp_path)):
        with pytest.raises(AccessError, match=r"must be the sample, .* or in the folder that is open here"):
            team.check(make_config(refused, {}), data, uploads)
    with pytest.raises(AccessError, match="must be the sample"):
        team.check(make_config(str(data / "x"), {}), None, uploads)


def test_all_stages_of_fine_tuning_together_have_no_more_epochs_than_a_training_may_have(tmp_path: Path) -> None:
    tuned = {"training.mode": "fine_tune", "training.finetune_epochs": 500}
    POLICIES[TEAM].check(make_config("sample", {**tuned, "training.finetune_stages": 2}), None, tmp_path)
    with pytest.raises(AccessError, match=r"times training\.finetune_epochs is 1500; the limit here is 1000$"):
        POLICIES[TEAM].check(make_config("sample", {**tuned, "training.finetune_stages": 3}), None, tmp_path)


def test_local_limits_nothing_of_a_training() -> None:
    POLICIES[LOCAL].check(make_config("/anywhere", {"training.epochs": 1000}), None, Path("/u"))
