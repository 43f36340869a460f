"""Folders and patterns in place of image files."""

import re
from pathlib import Path

import pytest

from core.data.image_files import expand_images
from core.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.jpg",
        "a.PNG",
        "sub/c.webp",
        "sub/d.heic",
        "notes.txt",
        ".DS_Store",
        "__MACOSX/._b.jpg",
        "e[1].jpg",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(folder: Path, *given: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in expand_images([folder / name for name in given])]


def test_a_folder_stands_for_the_images_in_it_and_below(folder: Path) -> None:
    assert names(folder, "") == ["a.PNG", "b.jpg", "e[1].jpg", "sub/c.webp", "sub/d.heic"]
    assert names(folder, "sub", "b.jpg") == ["sub/c.webp", "sub/d.heic", "b.jpg"]


def test_a_pattern_that_no_shell_has_expanded_is(folder: Path) -> None:
    assert names(folder, "*.jpg") == ["b.jpg", "e[1].jpg"]
    assert names(folder, "**/*.webp") == ["sub/c.webp"]
    assert names(folder, "[ab].*") == ["a.PNG", "b.jpg"]


def test_a_file_is_itself_whatever_its_name(folder: Path) -> None:
    assert names(folder, "e[1].jpg", "gone.jpg", "notes.txt") == ["e[1].jpg", "gone.jpg", "notes.txt"]


def test_nothing_and_too_much_are_one_sentence(folder: Path) -> None:
    with pytest.raises(DataError, match=rf"the folder {re.escape(str(folder / 'empty'))} has no images \(\.bmp"):
        names(folder, "empty")
    with pytest.raises(DataError, match=r"the pattern .*\*\.tif has no images"):
        names(folder, "*.tif")
    with pytest.raises(DataError, match="more than 2 images were given; give fewer at a time"):
        expand_images([folder], most=2)
