"""The names that the app answers to, by mode, and who is refused under which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import hosts
from core.access.modes import LOCAL, PUBLIC, TEAM
from core.errors import ConfigError

OWN = hosts.answered_names(LOCAL, "127.0.0.1", ())


def refused(host: str | None, origin: str | None = None, mode: str = LOCAL, names: tuple[str, ...] = OWN) -> bool:
    return bool(hosts.refusal(mode, host, origin, names, ["https://friend.example"]))


def test_a_local_app_answers_to_this_machine_under_any_port() -> None:
    for host in ("localhost", "localhost:8501", "127.0.0.1:80", "[::1]:8501", "LOCALHOST.:1"):
        assert not refused(host)
        assert not refused(host, f"http://{host.lower()}")
        assert not refused(host, "http://127.0.0.1:8600")
        assert not refused(host, "https://friend.example")
    assert hosts.answered_names(LOCAL, "127.0.0.9", ()) == (*OWN, "127.0.0.9")


def test_what_only_looks_like_this_machine_is_refused() -> None:
    for host in (
        None, "", "evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2",
        "localhost@evil.example", "evil.example#localhost", "localhost:99999", "localhost:",
        "localhost:8501, localhost", " localhost", "2130706433", "0x7f.1", "0.0.0.0", "[::]", "[::1", "::1",
        "localhost\n", "lоcalhost",
        "app.localhost",
    ):  # fmt: skip
        assert refused(host), host
    for origin in ("http://evil.example", "null", "", "file://", "http://localhost.evil.example", "http://localhost/x",
                   "http://localhost@evil.example", "ftp://localhost", "http://[::1"):  # fmt: skip
        assert refused("localhost:8501", origin), origin


def test_the_refusal_says_what_came_what_is_right_and_what_to_do() -> None:
    assert hosts.refusal(LOCAL, "evil.example:8501", None, OWN, ()) == (
        "Parity was requested as `evil.example` but answers only to `localhost`, `127.0.0.1`, `::1`: open one of "
        "these, or, if that name is yours, add it to PARITY_HOSTS and start Parity again."
    )
    assert hosts.refusal(TEAM, "lab.example", "https://evil.example", (), ()) == (
        "Parity was requested as `lab.example` by a page of `evil.example`: open Parity directly, or, if that page is "
        "yours, add its name to PARITY_HOSTS and start Parity again."
    )


def test_names_that_are_given_are_right_and_patterns_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_HOSTS", " Tunnel.example. , *.lab.example,[fd00::1],")
    names = hosts.answered_names(LOCAL, "127.0.0.1", ["other.example"])
    assert names == (*OWN, "tunnel.example", "*.lab.example", "fd00::1", "other.example")
    for host in ("tunnel.example:1", "a.lab.example", "[fd00::1]:8501", "other.example", "localhost"):
        assert not refused(host, names=names)
    assert refused("lab.example", names=names)
    assert refused("evillab.example", names=names)
    monkeypatch.setenv("PARITY_HOSTS", "*")
    assert not refused("any.example", "http://any.example", names=hosts.answered_names(LOCAL, "127.0.0.1", ()))


@pytest.mark.parametrize("wrong", ["https://lab.example", "lab.example:8501", "a b", "lab.*", "x" * 300])
def test_a_name_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("PARITY_HOSTS", f"right.example,{wrong}")
    with pytest.raises(
        ConfigError, match=r"^PARITY_HOSTS names '.{1,60}'; it takes host names such as parity\.lab\.exa"
    ):
        hosts.answered_names(TEAM, None, ())


def test_a_team_without_names_takes_pages_of_the_name_that_they_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hosts.answered_names(TEAM, "127.0.0.1", ()) == ()
    for origin in ("https://lab.example", "https://lab.example:443", "https://friend.example", None):
        assert not refused("lab.example", origin, TEAM, ())
    for origin in ("https://evil.example", "http://localhost:3000", "https://lab.example:444", "null"):
        assert refused("lab.example", origin, TEAM, ()), origin
    monkeypatch.setenv("PARITY_HOSTS", "lab.example")
    named = hosts.answered_names(TEAM, "127.0.0.1", ())
    assert not refused("lab.example", "https://lab.example", TEAM, named)
    assert not refused("127.0.0.1:8501", "https://lab.example", TEAM, named)  # a proxy that does not pass the name on
    assert refused("lab.example", "http://localhost:3000", TEAM, named)
    assert refused("evil.example", "https://evil.example", TEAM, named)


def test_in_public_any_name_of_the_platform_is_right_unless_names_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not refused("parity.streamlit.app", "https://share.streamlit.io", PUBLIC, ())
    monkeypatch.setenv("PARITY_HOSTS", "demo.example")
    assert refused("evil.example", None, PUBLIC, hosts.answered_names(PUBLIC, None, ()))


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_is_sent_ends_in_a_sentence_that_shows_it_as_code_or_not_at_all(host: str, origin: str) -> None:
    sentence = hosts.refusal(LOCAL, host, origin, OWN, ())
    assert not sentence or sentence.startswith(("Parity was requested as `", "Parity was requested as something that"))
    assert sentence.count("`") % 2 == 0
    assert len(sentence) < 400
