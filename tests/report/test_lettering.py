"""Letters in a PNG: umlauts are drawn, by a font of the machine or spelt in the letters that Pillow's own has."""

from collections.abc import Iterator

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from core.report import lettering
from core.report.lettering import font_of, spelled


@pytest.fixture(autouse=True)
def looked_for_anew() -> Iterator[None]:
    for kept in (font_of, lettering._found):
        kept.cache_clear()
    yield
    for kept in (font_of, lettering._found):
        kept.cache_clear()


def drawn(letter: str, font: object) -> Image.Image:
    image = Image.new("L", (60, 60))
    ImageDraw.Draw(image).text((10, 5), letter, 255, font)  # type: ignore[arg-type]
    return image


def test_every_letter_of_a_name_is_another_drawing() -> None:
    """A letter that a font lacks is drawn as a box, the same for all of them."""
    font = font_of(30)
    shown = [drawn(spelled(letter), font) for letter in "öüä"]
    for k, one in enumerate(shown):
        assert all(ImageChops.difference(one, other).getbbox() for other in shown[k + 1 :])


def test_without_a_font_of_the_machine_accents_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "FONTS", ("there-is-none.ttf",))
    assert spelled("Größe, Łódź – naïve 肺") == "Grosse, Lodz - naive ?"
    own = ImageFont.load_default(20)
    assert isinstance(own, ImageFont.FreeTypeFont)
    assert font_of(20).getname() == own.getname()
