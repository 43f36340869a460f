"""Names of datasets: given, uploaded, told apart; kept where nothing else is touched."""

from pathlib import Path

import pytest

from core import files
from core.data import set_names
from core.data.set_names import TITLE, rename_set, set_name
from core.errors import DataError


@pytest.fixture(autouse=True)
def looked_up_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_names, "_HOLDS_SECONDS", -1.0)


def upload(home: Path, folder: str, title: object) -> Path:
    path = home / "uploads" / folder
    path.mkdir(parents=True)
    files.write_json(path / TITLE, title)
    return path


def test_a_folder_is_called_by_its_last_part_until_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "Röntgen 1"
    folder.mkdir()
    assert set_name(str(folder)) == "Röntgen 1"
    assert rename_set(folder, "  Lungen \N{SLICE OF PIZZA}  *neu* <b> ") == "Lungen \N{SLICE OF PIZZA} *neu* <b>"
    assert set_name(str(folder)) == "Lungen \N{SLICE OF PIZZA} *neu* <b>"
    assert rename_set(folder, "") == "Röntgen 1"
    assert list(folder.iterdir()) == []


def test_an_upload_keeps_the_name_of_its_zip(home: Path) -> None:
    assert set_name(str(upload(home, "cats-2", "cats.zip"))) == "cats.zip"
    assert set_name(str(upload(home, "3f2a", 7))) == "3f2a"
    assert set_name(str(home / "uploads" / "gone")) == "gone"


def test_two_uploads_of_one_name_are_told_apart(home: Path) -> None:
    first, second = upload(home, "cats", "cats.zip"), upload(home, "cats-2", "cats.zip")
    for path in (first, second):
        assert set_name(str(path)).startswith("cats.zip, uploaded 20")
    assert rename_set(second, "dogs") == "dogs"
    assert set_name(str(first)) == "cats.zip"


@pytest.mark.parametrize("name", ["x" * 101, "a\x00b", "\u202eabc"])
def test_a_name_that_is_not_allowed_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"^a name may have 100 printable characters at most"):
        rename_set(tmp_path, name)


def test_a_folder_that_is_gone_cannot_be_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^there is no folder gone"):
        rename_set(tmp_path / "gone", "x")


@pytest.mark.parametrize("content", ['{"name": 3}', "[]", "{", '{"name": "' + "x" * 300 + '"}', '{"name": "\\u0000"}'])
def test_a_name_from_elsewhere_that_cannot_be_used_says_nothing(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / ".parity-name.json").write_text(content, encoding="utf-8")
    assert set_name(str(folder)) == "data"


def test_words_that_are_no_folder_stay() -> None:
    assert [set_name(text) for text in ("sample", "imported", "", "a/b")] == ["sample", "imported", "", "b"]
