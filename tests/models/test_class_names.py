"""Names of a model's classes: in one line, and in a file with one a line."""

import time
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
        (b"2 blue\n1 green\n0 red\n", ["red", "green", "blue"]),
        (b"green: 1\nblue: 2\nred: 0\n", ["red", "green", "blue"]),
        (b"red\t0\ngreen\t1\n", ["red", "green"]),
        (b"1. red\n2. green\n", ["red", "green"]),
        (b"Stage 2\nStage 1\nStage 0\n", ["Stage 2", "Stage 1", "Stage 0"]),
        (b"10 cents\n20 cents\n", ["10 cents", "20 cents"]),
        (b"1 cent\n2 cents\n5 cents", ["1 cent", "2 cents", "5 cents"]),
        (b"0 a\n1 a\n", ["0 a", "1 a"]),
        (b'["red", "green"]', ["red", "green"]),
        (b'{\n "red": 1,\n "green": 0\n}', ["green", "red"]),
        (b'{"1": "red", "0": "green"}', ["green", "red"]),
        (b"9" * 5000 + b" red\n1 green", ["9" * 5000 + " red", "1 green"]),
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


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"red,green,blue\n", "has one line, red,green,blue; give one class a line"),
        (b"3 red\n1 green\n2 blue\n", "numbers its lines 3, 1, 2: whether that is the order of the outputs cannot be"),
        (b'{"red": 0, "green": 2}', "is no list of names and no table of names and numbers"),
        (b'{"red": "a", "green": "b"}', "is no list of names and no table of names and numbers"),
        (b'["red", 3]', "is no list of names and no table of names and numbers"),
        (b"[" * 5000, "is no list of names and no table of names and numbers"),
        (b'{"%s": "red", "1": "green"}' % (b"9" * 5000), "is no list of names and no table of names and numbers"),
        (b"{red: 0}", "is no list of names and no table of names and numbers"),
    ],
)
def test_a_file_that_leaves_the_order_open_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(ModelError, match=words):
        read_classes(tmp_path / "labels.txt")


def test_a_line_that_a_pattern_would_go_through_for_hours_is_decided_at_once(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(b"a" + b"\t" * 900_000 + b"b\n")
    before = time.perf_counter()
    with pytest.raises(ModelError, match=r"has a line of 900,002 characters; give a text file with one class a line"):
        read_classes(path)
    path.write_bytes((b"a" + b"\t" * 4_000 + b"b\n") * 200)
    assert len(read_classes(path)) == 200
    assert time.perf_counter() - before < 5  # 200 such lines took half a minute


@pytest.mark.parametrize("content", [b'{"0": {"a": 1}, "1": [1]}', b'{"a": [0], "b": [1]}', b'{"0": null, "1": 1.5}'])
def test_a_table_of_anything_but_names_and_numbers_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(ModelError, match="is no list of names and no table of names and numbers"):
        read_classes(tmp_path / "labels.txt")
