"""Text on a page: titles, a user's text made safe for Markdown, numbers, times and sizes in words."""

import math
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from core.stats.percent import percent as in_words

NOTHING = "–"


def heading(title: str, sentence: str) -> None:
    """A page's title and one sentence on what it is for."""
    st.title(title, anchor=False)
    st.caption(sentence)


def plain(text: object) -> str:
    """Text from a user (a class, a file, a run's name) made safe for a place that reads Markdown."""
    words = " ".join(str(text).encode("utf-8", "replace").decode().split())  # a file's name may be no valid text
    escaped = "".join(f"\\{c}" if c in _MARKDOWN else c for c in words)
    # Addresses become links even when escaped; an invisible joiner (U+2060) inside them prevents it.
    return whole(escaped.replace("http", "http\u2060").replace("www", "www\u2060").replace("\\@", "\u2060\\@"))


def whole(words: str) -> str:
    """Words in which no line ends between a number and its percent sign."""
    return _BEFORE_SIGN.sub("\N{NO-BREAK SPACE}", words)


_BEFORE_SIGN = re.compile(r"(?<=\d) (?=%)")


def on_badge(text: object) -> str:
    """The same for `st.badge`, which escapes square brackets itself."""
    return plain(text).replace("\\[", "[").replace("\\]", "]")


_MARKDOWN = r"\`*_{}[]()<>#+-.!|$:~&@"


def duration(seconds: float | None) -> str:
    """A length of time in words: `40 s`, `2 min`, `1 h 05 min`."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return NOTHING
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min"


def about(seconds: float | None) -> str:
    """How long something will still take."""
    words = duration(seconds)
    return words if words == NOTHING else f"about {words}"


def percent(share: float | None) -> str:
    """A share as a percentage with one decimal."""
    return NOTHING if share is None else whole(in_words(share))


def number(value: float | None, decimals: int = 3) -> str:
    """A number with fixed decimals."""
    return NOTHING if value is None else f"{value:.{decimals}f}"


def interval(bounds: tuple[float, float] | list[float]) -> str:
    """A 95 % CI of a share."""
    low, high = bounds
    return f"95 % CI {100 * low:.1f} to {100 * high:.1f}"


def file_size(size: int) -> str:
    """Bytes as MB or GB (10**6 and 10**9 bytes)."""
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.0f} MB"


def sentence(text: str) -> str:
    """A message with a capital at its beginning, unless a name or an address stands there, and a full stop at its end.

    A word with a point, a slash or an underscore in it is the name of a file, a folder or a setting.
    """
    first = text.split(maxsplit=1)[0].rstrip(".,:;!?") if text.strip() else ""
    text = text if any(mark in first for mark in "./\\_") else text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def moment(seconds: float | None, zone: str | None) -> str:
    """A time of day and date where the viewer is.

    Args:
        seconds: Seconds since 1970.
        zone: Name of the viewer's time zone, as the browser tells it; UTC when it tells none.
    """
    if not seconds:
        return NOTHING
    try:
        there = ZoneInfo(zone) if zone else UTC
    except (ZoneInfoNotFoundError, ValueError):
        there = UTC
    return f"{datetime.fromtimestamp(seconds, there):%Y-%m-%d %H:%M}"
