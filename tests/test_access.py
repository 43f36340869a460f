"""Modes, roles, limits: who is let through, and what the refusal says."""

from pathlib import Path

import pytest

from core import access
from core.access import LOCAL, POLICIES, PUBLIC, ROLES, TEAM, Action, Person
from core.config import make_config
from core.errors import AccessError, ConfigError


def test_without_a_mode_it_is_local_and_everything_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARITY_MODE", raising=False)
    someone = access.person("", "session")
    assert (access.mode(), someone.role) == (LOCAL, "operator")
    for action in Action:
        someone.require(action, owner="another")


def test_an_unknown_mode_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_MODE", "Publc")
    with pytest.raises(ConfigError) as error:
        access.person("", "")
    assert str(error.value) == 'PARITY_MODE is "Publc"; set it to local, team or public'


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_MODE", TEAM)
    monkeypatch.setenv("PARITY_ADMINS", "ada@lab.example")
    monkeypatch.setenv("PARITY_TRAINERS", " Tom@lab.example , *@train.example")
    monkeypatch.setenv("PARITY_VIEWERS", "*@lab.example")


@pytest.mark.usefixtures("team")
@pytest.mark.parametrize(
    ("email", "role"),
    [("ADA@lab.example", "admin"), ("tom@lab.example", "trainer"), ("x@train.example", "trainer"),
     ("vera@lab.example", "viewer"), ("eve@evil.example", "stranger"), ("", "stranger"),
     ("eve@lab.example.evil.example", "stranger")],
)  # fmt: skip
def test_a_team_knows_people_by_its_lists(email: str, role: str) -> None:
    assert access.person(email, "s").role == role


@pytest.mark.parametrize(
    ("person", "action", "words"),
    [
        (Person("s", "visitor"), Action.UPLOAD,
         "This public demonstration does not allow you to upload a dataset. Run Parity on your own machine."),
        (Person("v@x", "viewer"), Action.TRAIN,
         "Your role is viewer, which may not start a training; ask an administrator."),
        (Person("e@x", "stranger"), Action.LOOK,
         "e@x is not on this team's lists; ask the operator of this app to add the address."),
        (Person("", "stranger"), Action.LOOK, "You are not logged in. Log in; if you have, the proxy"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_and_what_to_do(person: Person, action: Action, words: str) -> None:
    with pytest.raises(AccessError) as error:
        person.require(action)
    assert str(error.value).startswith(words)


def test_what_others_started_is_changed_by_an_admin_only() -> None:
    trainer = Person("tom", "trainer")
    trainer.require(Action.TRAIN, owner="tom")
    trainer.require(Action.TRAIN, owner="")
    with pytest.raises(AccessError, match="started by another user; only they or an administrator may change it"):
        trainer.require(Action.TRAIN, owner="ada")
    Person("ada", "admin").require(Action.TRAIN, owner="tom")


def test_public_gives_no_way_to_the_machine_or_to_others() -> None:
    assert ROLES["visitor"] == {Action.LOOK, Action.PREDICT, Action.TRAIN}
    assert ROLES["stranger"] == set()
    assert Action.IMPORT not in ROLES["trainer"]


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
