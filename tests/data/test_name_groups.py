"""A person's regular expression: what it finds is what Python's `re` finds, and one that never ends is ended."""

import json
import re
import subprocess
import sys
import time

import pytest

from core.config import DataConfig, make_config
from core.data import name_groups
from core.data.name_groups import find_groups, parentheses
from core.data.split import AUTO, group_names, join_files
from core.errors import ConfigError
from tests.data.test_split import file

NAMES = [f"x{k // 3}-{side}_scan{k}.png" for k in range(30) for side in ("left", "right")]
NAMES += ["", "IM-0115-0001.png", "猫 7.png", "bad\udcff9.png", "two\nlines3.png", "İ1.png", "a" * 300]

SOUND = (
    r"x(\d+)-", r"x\d+", r"(z)?x", "nothing", r"^(.*?)_", r"(?i)X(\d+)", r"(?P<one>\d)(?P<two>\d)?", r"\bscan\d", ".",
    r"(?s)^(.*)$", r"(?<=-)(left|right)", "猫", "\udcff", "(a+)+", "",
)  # fmt: skip

ENDLESS = ("(a+)+$", "(a|aa)+$", "(a*)*b", r"(\w+\s?)*$\d", r"^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){25}b")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(name_groups, "_known", {})


@pytest.fixture
def searches(monkeypatch):
    """The requests that children got."""
    seen, search = [], name_groups._search

    def noted(*request):
        seen.append(request)
        return search(*request)

    monkeypatch.setattr(name_groups, "_search", noted)
    return seen


def in_this_process(pattern: str, name: str) -> str:
    """As group names were read before there was a child."""
    match = re.compile(pattern).search(name)
    return ((match[1] if match.re.groups else match[0]) or "") if match else ""


@pytest.mark.parametrize("pattern", SOUND)
def test_a_sound_pattern_finds_what_it_found_in_this_process(pattern):
    assert find_groups(NAMES, pattern) == [in_this_process(pattern, name) for name in NAMES]


def test_groups_of_files_are_those_of_the_names_below_the_class():
    files = [file(f"cats/{name}", content=repr(name)) for name in NAMES if name]
    assert group_names(files, r"x(\d+)-") == [in_this_process(r"x(\d+)-", name) for name in NAMES if name]
    assert [len(group) for group in join_files(files, r"x(\d+)-")] == [6] * 10 + [1] * 6


@pytest.mark.parametrize("pattern", ENDLESS)
def test_a_pattern_that_never_ends_is_ended_and_told_in_a_sentence(pattern, monkeypatch):
    monkeypatch.setattr(name_groups, "SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises(ConfigError) as error:
        find_groups(["a" * 40 + "!", "b.png"], pattern)
    assert str(error.value) == (
        f"data.group_pattern {pattern!r} takes longer than 0 seconds on 2 file names; avoid nested repetitions such "
        "as (a+)+."
    )
    assert time.monotonic() - began < 10


def test_what_is_known_starts_no_child(searches, monkeypatch):
    find_groups(NAMES, r"x(\d+)-")
    find_groups(NAMES[5:9], r"x(\d+)-")
    assert parentheses(r"x(\d+)-") == 1
    find_groups([*NAMES, "new.png"], r"x(\d+)-")
    assert [request[1] for request in searches] == [NAMES, ["new.png"]]
    monkeypatch.setattr(name_groups, "SECONDS", 0.2)
    for _ in range(3):
        with pytest.raises(ConfigError, match="takes longer"):
            find_groups(["a" * 40 + "!"], "(a+)+$")
        with pytest.raises(ConfigError, match="not a regular expression"):
            find_groups(["a"], "(")
    assert len(searches) == 4
    for k in range(name_groups.KEPT_PATTERNS):
        name_groups._look_up(str(k))
    assert r"x(\d+)-" not in name_groups._known


def test_no_child_is_started_for_usual_names_or_none(searches):
    files = [file("cats/person1_2.png")]
    assert group_names(files, AUTO) + group_names(files, "") == ["person1", ""]
    assert not searches


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(?P<a>x)(?P<a>y)", r"\1", "(?<=a*)b", "(" * 400])
def test_what_is_no_regular_expression_is_told_even_without_a_name(pattern):
    for names in ([], ["a.png"]):
        with pytest.raises(ConfigError, match=r"^data\.group_pattern is not a regular expression: .* in '"):
            find_groups(names, pattern)


def test_names_and_patterns_are_bounded(monkeypatch):
    monkeypatch.setattr(name_groups, "MOST_NAMES", 5)
    with pytest.raises(ConfigError, match=r"limited to 5 file names, but there are 67; use auto"):
        find_groups(NAMES, "x")
    with pytest.raises(ConfigError, match=r"of 4,096 characters, but one has 4,097; use auto"):
        find_groups(["a" * 4097], "x")
    sentence = r"^data\.group_pattern has 501 characters; it may have 500 at most$"
    with pytest.raises(ConfigError, match=sentence):
        DataConfig(group_pattern="a" * 501)
    with pytest.raises(ConfigError, match=sentence):
        make_config("sample", {"data.group_pattern": "a" * 501})


def test_a_child_that_dies_is_no_regular_expression_that_takes_long(monkeypatch):
    monkeypatch.setattr(name_groups, "_CHILD", name_groups._CHILD.with_name("absent.py"))
    with pytest.raises(ConfigError, match=r"cannot be tested on 1 file name: .* ended with exit code 2, perhaps"):
        find_groups(["a"], "x")


def test_a_child_whose_parent_is_gone_ends_by_itself():
    child = subprocess.Popen([sys.executable, "-I", "-S", name_groups._CHILD], stdin=-1, stdout=-3, stderr=-3)
    assert child.stdin is not None
    child.stdin.write(json.dumps({"pattern": "(a+)+$", "names": ["a" * 50 + "!"], "seconds": 0.2}).encode())
    child.stdin.close()
    assert child.wait(timeout=30) == 1
