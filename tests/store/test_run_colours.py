"""Colours of runs: readable on both pages, kept for good, and different for runs that are shown together."""

import itertools
import os

import pytest

from core import files, paths
from core.store import run_colours
from core.store.run_colours import DASHES, MARKS, SERIES, look_of, run_looks

LIGHT, DARK, REPORT = "#ffffff", "#101615", "#14181d"
IDS = [f"20260101-000000-000-{k:06x}" for k in range(200)]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("page", [LIGHT, DARK, REPORT])
def test_every_colour_is_seen_on_every_page(page: str) -> None:
    for colour in SERIES:
        low, high = sorted((luminance(colour), luminance(page)))
        assert (high + 0.05) / (low + 0.05) >= 3, colour


def test_twenty_four_runs_look_different_and_colour_is_never_all_that_differs() -> None:
    looks = list(run_looks(IDS[:24]).values())
    assert len({(look.colour, look.dash) for look in looks}) == 24
    assert len({look.colour for look in looks[:8]}) == 8
    for one, other in itertools.pairwise(look_of(k) for k in range(8)):
        assert one.dash != other.dash and one.mark != other.mark
    assert {look.mark for look in looks} == set(MARKS) and {look.dash for look in looks} == set(DASHES)
    assert len(run_looks(IDS)) == run_colours.MOST_TOGETHER


def test_a_run_keeps_its_look_whoever_is_beside_it() -> None:
    before = run_looks(IDS[:5])
    assert run_looks(IDS[3:5]) == {run: before[run] for run in IDS[3:5]}
    assert run_looks([IDS[9], IDS[3], IDS[2]])[IDS[3]] == before[IDS[3]]
    assert run_looks([IDS[3]]) == {IDS[3]: before[IDS[3]]}


def test_of_two_with_one_look_the_second_gets_another_and_keeps_it() -> None:
    files.write_json(paths.home() / "colours.json", {IDS[0]: 1, IDS[1]: 1})
    found = run_looks(IDS[:2])
    assert found[IDS[0]] == look_of(1)
    assert found[IDS[1]].colour != found[IDS[0]].colour
    assert run_looks([IDS[1]])[IDS[1]] == found[IDS[1]]


@pytest.mark.parametrize("content", ["{", "[]", '{"a": -1}', '{"a": 100}', '{"a": "x"}', '{"a": true}'])
def test_a_damaged_file_is_made_anew(content: str) -> None:
    paths.home().mkdir(parents=True)
    (paths.home() / "colours.json").write_text(content, encoding="utf-8")
    assert run_looks(["b"]) == {"b": look_of(0)}
    assert files.read_json(paths.home() / "colours.json") == {"b": 0}


def test_where_the_home_cannot_be_written_the_process_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(os.strerror(30))

    monkeypatch.setattr(files, "write_json", refuse)
    run_looks(IDS[50:52])
    assert run_looks([IDS[51], IDS[50]])[IDS[51]] == look_of(1)
    run_colours._unwritten().clear()


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_colours, "MOST_KEPT", 3)
    for run in IDS[:5]:
        run_looks([run])
    assert list(files.read_json(paths.home() / "colours.json")) == IDS[2:5]
