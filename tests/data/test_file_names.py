"""Which names are those of images, and how a name is shown."""

import re
from pathlib import Path

from core.data.file_names import EXTENSIONS, display_name, is_image_name


def test_extensions_are_lower_case_suffixes():
    assert all(re.fullmatch(r"\.[a-z]+", e) and Path(f"x{e}").suffix == e for e in EXTENSIONS)


def test_the_extension_makes_an_image_in_any_case():
    assert is_image_name("a/b.v2.JPG")
    assert not is_image_name("jpg")
    assert not is_image_name("a.jpg.txt")


def test_a_name_is_shown_without_control_characters_and_its_end_stays():
    assert display_name("scan 7.png") == "scan 7.png"
    assert display_name("a\n\x1b[31m\udcff.png") == "a��[31m�.png"
    assert display_name("y" * 120) == "y" * 120
    assert display_name("y" * 120 + ".png") == "y" * 80 + "…" + "y" * 35 + ".png"
