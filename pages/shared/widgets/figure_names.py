"""Names from users in figures: literal, since Plotly reads HTML and `%{...}` in every text, and not too long."""

import html
import textwrap

from core.data.file_names import display_name

LABEL = 18
"""Longest name at an axis or in a legend, in characters; the whole name appears under the pointer."""

_LINE = 48
"""Longest line under the pointer, in characters: a longer one is cut off by the figure's edge."""


def literal(name: str) -> str:
    """A whole name for any text of a Plotly figure: no tag, no entity and no `%{...}` in it is read as such."""
    return _escaped(display_name(name))


def short(name: str, most: int = LABEL) -> str:
    """The same for an axis or a legend: at most so many characters."""
    whole = display_name(name)
    return _escaped(whole if len(whole) <= most else whole[: most - 1] + "…")


def under_pointer(words: str) -> str:
    """Words with names in them for a hover text, in as many lines as they need."""
    return "<br>".join(_escaped(line) for line in textwrap.wrap(words, _LINE)) or " "


def _escaped(text: str) -> str:
    # Plotly turns entities by number back into characters; it knows &quot; not at all.
    return html.escape(text, quote=False).replace("%{", "%&#123;")
