"""What a screen reader needs: words for every image, chart and table, and an explanation with every input."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]

SEEN = {
    "image", "plotly_chart", "altair_chart", "vega_lite_chart", "line_chart", "bar_chart", "area_chart",
    "scatter_chart", "pyplot", "graphviz_chart", "pydeck_chart", "echarts_chart", "dataframe", "data_editor",
}  # fmt: skip
"""Elements that show something; `alt=` says it in words."""

INPUTS = {
    "text_input", "text_area", "number_input", "selectbox", "multiselect", "radio", "checkbox", "toggle", "slider",
    "select_slider", "file_uploader", "camera_input", "audio_input", "segmented_control", "pills", "date_input",
    "time_input", "color_picker", "chat_input", "feedback",
}  # fmt: skip

OBVIOUS = {
    "Run",
    "Open a subfolder",
    "Class",
    "Split",
    "Image",
    "Take an image",
}
"""Labels that say all there is to say."""


@cache
def method_calls(path: Path) -> list[tuple[str, ast.Call]]:
    """The name and the place of every `something.name(…)` in a file."""
    return [
        (node.func.attr, node)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def calls(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Calls of these elements, as `st.image(…)` or on a container, each with its file and line."""
    for path in SOURCES:
        for name, call in method_calls(path):
            if name in names:
                yield f"{path.relative_to(ROOT)}:{call.lineno}", call


def gives(call: ast.Call, name: str) -> bool:
    """Whether a call names an argument, or may in a `**` of which another test knows."""
    return any(keyword.arg in (name, None) for keyword in call.keywords)


def label(call: ast.Call) -> str:
    return ast.literal_eval(call.args[0]) if call.args and isinstance(call.args[0], ast.Constant) else ""


def names_of(found: set[str]) -> set[str]:
    return {call.func.attr for _, call in calls(found) if isinstance(call.func, ast.Attribute)}


def test_every_image_chart_and_table_has_words() -> None:
    """What has no `alt=` shows something that a screen reader cannot say."""
    wordless = [place for place, call in calls(SEEN) if not gives(call, "alt")]
    assert not wordless, "\n".join(wordless)


def test_no_words_are_empty() -> None:
    empty = [
        place
        for place, call in calls(SEEN)
        for keyword in call.keywords
        if keyword.arg == "alt" and ast.unparse(keyword.value) in ("''", "None")
    ]
    assert not empty, "\n".join(empty)


def test_every_input_explains_itself() -> None:
    """By `help=`, or by a label that says all there is to say."""
    silent = [place for place, call in calls(INPUTS) if not gives(call, "help") and label(call) not in OBVIOUS]
    assert not silent, "\n".join(silent)


def test_every_input_has_a_name() -> None:
    """A hidden label is read all the same; an empty one leaves the input without a name."""
    nameless = [
        place
        for place, call in calls(INPUTS)
        if not call.args or (isinstance(call.args[0], ast.Constant) and not label(call).strip())
    ]
    assert not nameless, "\n".join(nameless)


def test_what_is_looked_for_is_there() -> None:
    """Names that nobody calls would make the tests above empty."""
    assert {"image", "plotly_chart", "altair_chart", "dataframe"} <= names_of(SEEN)
    assert {"text_input", "number_input", "selectbox", "file_uploader"} <= names_of(INPUTS)
