"""Names of a model's classes: in one line, and in a file with one a line."""

from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.class_names import read_classes, split_classes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cats,dogs", ["cats", "dogs"]),
        (' cats , dogs,, "Apple, red" ', ["cats", "dogs", "Apple, red"]),
        ('"a ""big"" one",b', ['a "big" one', "b"]),
        ('5" nail,screw', ['5" nail', "screw"]),
        ("", []),
    ],
)
def test_a_name_with_a_comma_goes_in_quotes(text: str, names: list[str]) -> None:
    assert split_classes(text) == names


@pytest.mark.parametrize("text", ['"a,b', '"a"x,b', "a\nb"])
def test_what_is_quoted_wrongly_is_one_sentence_with_the_rule(text: str) -> None:
    with pytest.raises(ModelError, match=r"the classes cannot be read .*a name with a comma goes in double quotes"):
        split_classes(text)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"\xef\xbb\xbfApple, red\r\n\r\nBanana\n", ["Apple, red", "Banana"]),
        (b"0 cardboard\n1 plastic\n2 glass\n", ["cardboard", "plastic", "glass"]),
        (b"0 a\n2 b\n", ["0 a", "2 b"]),
        ("猫\n犬".encode(), ["猫", "犬"]),
    ],
)
def test_a_file_has_one_name_a_line_with_or_without_numbers(tmp_path: Path, content: bytes, names: list[str]) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    assert read_classes(tmp_path / "labels.txt") == names


def test_a_file_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        read_classes(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="is not UTF-8 text"):
        read_classes(path)
    path.write_bytes(b"a\n" * 600_000)
    with pytest.raises(ModelError, match="has more than 1 MB"):
        read_classes(path)
