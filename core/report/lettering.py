"""Letters in a PNG: a font of the machine, else the one that Pillow brings, which has few letters beyond English."""

import unicodedata
from functools import cache
from typing import Any

from PIL import ImageFont

FONTS = (
    *("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf"),
    *("segoeui.ttf", "Arial.ttf", "arial.ttf", "Helvetica.ttc"),
)
"""Those of Linux, Windows and macOS that have the letters of most European languages; the first that is there."""

_SPELLED = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
            "đ": "d", "Đ": "D", "ı": "i", "–": "-", "—": "-", "“": '"', "”": '"', "’": "'", "…": "..."}  # fmt: skip


@cache
def font_of(size: int) -> Any:
    """The font in that size, in pixels."""
    name = _found()
    return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)


def spelled(text: str) -> str:
    """The text in letters that the font has: as it is, or without accents where only Pillow's own font is there."""
    if text.isascii() or _found():
        return text
    plain = unicodedata.normalize("NFKD", "".join(_SPELLED.get(letter, letter) for letter in text))
    kept = (letter for letter in plain if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() else "?" for letter in kept)


@cache
def _found() -> str:
    for name in FONTS:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return ""
