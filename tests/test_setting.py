"""A setting reads text as its own type, refuses everything else in one sentence, and knows its range."""

import dataclasses
from typing import Any

import pytest

from core.errors import ConfigError
from core.setting import allowed, check, convert, setting_field


@dataclasses.dataclass(frozen=True)
class Kitchen:
    """One setting of each kind."""

    eggs: int = setting_field(2, "Eggs", "How many.", low=1, high=12)
    salt: float = setting_field(0.5, "Salt", "In grams.", low=0, high=1)
    hot: bool = setting_field(True, "Hot", "Whether to heat it.")
    pan: str = setting_field("iron", "Pan", "Which one.", choices=("iron", "steel"))
    note: str = setting_field("", "Note", "Anything.")


FIELDS = {f.name: f for f in dataclasses.fields(Kitchen)}


def read(name: str, value: Any) -> Any:
    return convert(name, FIELDS[name], value)


def test_a_message_is_one_line_of_plain_text_and_of_bounded_length() -> None:
    for name, value in (("pan", "\x1b[31m\nx"), ("eggs", "\x1b[31m\nx"), ("eggs", 1e300)):
        with pytest.raises(ConfigError) as caught:
            check(name, FIELDS[name], read(name, value))
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 600
    with pytest.raises(ConfigError, match=r'^pan is "kupfern 🍳"; it may be iron, steel$'):
        check("pan", FIELDS["pan"], "kupfern 🍳")


def test_a_field_carries_its_words_and_its_range() -> None:
    assert FIELDS["eggs"].default == 2
    assert dict(FIELDS["eggs"].metadata) == {
        "label": "Eggs",
        "help": "How many.",
        "choices": (),
        "low": 1,
        "high": 12,
        "notation": None,
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("eggs", "7", 7),
        ("eggs", " 7 ", 7),
        ("eggs", "1e1", 10),
        ("eggs", 7.0, 7),
        ("salt", "0.25", 0.25),
        ("salt", "7e-4", 0.0007),
        ("salt", 1, 1.0),
        ("pan", "steel", "steel"),
        ("note", "", ""),
    ],
)
def test_a_value_is_read_in_its_own_type(name: str, value: Any, expected: Any) -> None:
    result = read(name, value)
    assert result == expected
    assert type(result) is type(FIELDS[name].default)


@pytest.mark.parametrize("text", ["true", "True", "YES", "on", "1", True, 1])
def test_words_of_agreement_are_true(text: Any) -> None:
    assert read("hot", text) is True


@pytest.mark.parametrize("text", ["false", "False", "NO", "off", "0", False, 0])
def test_words_of_refusal_are_false(text: Any) -> None:
    assert read("hot", text) is False


@pytest.mark.parametrize(
    "value", ["abc", "", "nan", "inf", "-inf", "1e999", "2.5", 2.5, "0x10", None, [], {}, True, 10**400]
)
def test_what_is_no_whole_number_is_refused_with_the_range(value: Any) -> None:
    with pytest.raises(ConfigError) as error:
        read("eggs", value)
    assert str(error.value) == f'eggs is a whole number, but "{value}" came; it may be 1 to 12'


@pytest.mark.parametrize("value", ["abc", "", "nan", "inf", None, False, "1,5"])
def test_what_is_no_number_is_refused_with_the_range(value: Any) -> None:
    with pytest.raises(ConfigError) as error:
        read("salt", value)
    assert str(error.value) == f'salt is a number, but "{value}" came; it may be 0 to 1'


@pytest.mark.parametrize("value", ["maybe", "", "2", None, 2, 1.0, []])
def test_what_is_neither_true_nor_false_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError) as error:
        read("hot", value)
    assert str(error.value) == f'hot is true or false, but "{value}" came'


@pytest.mark.parametrize("value", [3, None, True, ["iron"]])
def test_what_is_no_text_is_refused_with_the_choices(value: Any) -> None:
    with pytest.raises(ConfigError) as error:
        read("pan", value)
    assert str(error.value) == f'pan is text, but "{value}" came; it may be iron, steel'


@pytest.mark.parametrize(("name", "value"), [("eggs", 1), ("eggs", 12), ("salt", 0.0), ("salt", 1.0), ("pan", "iron")])
def test_the_ends_of_the_range_are_allowed(name: str, value: Any) -> None:
    check(name, FIELDS[name], value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("eggs", 0, "eggs is 0; it may be 1 to 12"),
        ("eggs", 13, "eggs is 13; it may be 1 to 12"),
        ("salt", -0.1, "salt is -0.1; it may be 0 to 1"),
        ("salt", float("nan"), "salt is nan; it may be 0 to 1"),
        ("pan", "Iron", 'pan is "Iron"; it may be iron, steel'),
    ],
)
def test_what_lies_outside_is_refused(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        check(name, FIELDS[name], value)
    assert str(error.value) == sentence


def test_a_setting_without_limits_has_nothing_to_say_about_them() -> None:
    assert [allowed(FIELDS[name]) for name in ("hot", "note")] == ["", ""]
    check("note", FIELDS["note"], "anything at all")
