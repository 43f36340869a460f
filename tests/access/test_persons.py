"""Who somebody is in each mode, what the role allows, and what the refusal says."""

import pytest

from core.access.modes import LOCAL, TEAM, mode
from core.access.persons import Person, person_of
from core.access.roles import ROLES, Action
from core.errors import AccessError, ConfigError


def test_without_a_mode_it_is_local_and_everything_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARITY_MODE", raising=False)
    someone = person_of("", "session")
    assert (mode(), someone.role) == (LOCAL, "operator")
    for action in Action:
        someone.require(action, owner="another")


def test_an_unknown_mode_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_MODE", "Publc")
    with pytest.raises(ConfigError) as error:
        person_of("", "")
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
    assert person_of(email, "s").role == role


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
