"""What the style of the pages adds to the theme: words can be read on what they stand on, in both themes."""

import re
from pathlib import Path

from tests.pages.widgets.test_charts import THEME, contrast

STYLE = (Path(__file__).parents[3] / "pages" / "shared" / "shell" / "look.css").read_text(encoding="utf-8")


def mixed(over: str, under: str, share: float) -> str:
    """A colour that lies over another one."""
    parts = [(int(over[k : k + 2], 16), int(under[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in parts)


def colours_of(selector: str) -> tuple[str, str]:
    """The colour of a rule in the light and in the dark theme."""
    rule = STYLE[STYLE.index(selector) :].split("}", 1)[0]
    found = re.search(r"light-dark\((#\w{6}), (#\w{6})\)", rule)
    assert found, rule
    return found[1], found[2]


def test_what_is_chosen_can_be_read_on_its_ground() -> None:
    """Streamlit writes it in the accent on a tenth of the accent: 3.9 to 1 in the dark."""
    for name, colour in zip(("light", "dark"), colours_of('[data-variant="segmented_control"]'), strict=True):
        theme = {**THEME, **THEME[name]}
        assert contrast(colour, mixed(theme["primaryColor"], theme["backgroundColor"], 0.1)) >= 4.5
    for name, colour in zip(("light", "dark"), colours_of('[role="tab"]'), strict=True):
        assert contrast(colour, THEME[name]["backgroundColor"]) >= 4.5


def test_white_words_can_be_read_on_a_primary_button() -> None:
    rule = STYLE[STYLE.index("stBaseButton-primary") :].split("}", 1)[0]
    (ground,) = re.findall(r"background-color: (#\w{6})", rule)
    assert contrast("#ffffff", ground) >= 4.5


def test_captions_can_be_read() -> None:
    """Streamlit's own share of the colour, 0.6, is 4.4 to 1 in the light."""
    (share,) = re.findall(r"stCaptionContainer.. \{\s*opacity: ([\d.]+)", STYLE)
    for name in ("light", "dark"):
        theme = THEME[name]
        for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
            assert contrast(mixed(theme["textColor"], ground, float(share)), ground) >= 4.5
