"""A short line in a run's colour and dashes, as a legend outside of charts."""

import base64
from functools import cache
from io import BytesIO

import streamlit as st
from PIL import Image, ImageDraw


@cache
def swatch(colour: str, dash: tuple[int, ...]) -> str:
    """The line as the address of an image."""
    image = Image.new("RGBA", (64, 28), (0, 0, 0, 0))
    pen, (on, off) = ImageDraw.Draw(image), (2 * dash[0], 2 * dash[1]) if dash else (64, 0)
    for left in range(0, 64, on + off):
        pen.line([(left, 14), (min(63, left + on), 14)], colour, 8)
    file = BytesIO()
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def show_swatch(colour: str, dash: tuple[int, ...], words: str) -> None:
    """Draws the line; `words` say whose it is to somebody who cannot see it."""
    st.image(swatch(colour, dash), width=32, alt=words)
