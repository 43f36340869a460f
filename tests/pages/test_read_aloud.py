"""What a screen reader needs: words for every image, chart and table, and an explanation with every input."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    "Open a folder in it",
    "Class",
    "Split",
    "Image",
    "Take an image",
    "Filter by words",
    "Filter by tags",
}
"""Labels that say all there is to say."""


def calls(path: Path, names: set[str]) -> Iterator[ast.Call]:
    """Calls of these elements, as `st.image(…)` or on a container."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node


def gives(call: ast.Call, name: str) -> bool:
    """Whether a call names an argument, or may in a `**` of which another test knows."""
    return any(keyword.arg in (name, None) for keyword in call.keywords)


def label(call: ast.Call) -> str:
    return ast.literal_eval(call.args[0]) if call.args and isinstance(call.args[0], ast.Constant) else ""


def names_of(found: set[str]) -> set[str]:
    return {call.func.attr for path in SOURCES for call in calls(path, found) if isinstance(call.func, ast.Attribute)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_image_chart_and_table_has_words(path: Path) -> None:
    for call in calls(path, SEEN):
        assert gives(call, "alt"), f"{path.name}:{call.lineno} shows something that a screen reader cannot say: alt="


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_words_are_empty(path: Path) -> None:
    for call in calls(path, SEEN):
        for keyword in call.keywords:
            if keyword.arg == "alt":
                assert ast.unparse(keyword.value) not in ("''", "None"), f"{path.name}:{call.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_input_explains_itself(path: Path) -> None:
    for call in calls(path, INPUTS):
        assert gives(call, "help") or label(call) in OBVIOUS, f"{path.name}:{call.lineno} has no help="


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_input_has_a_name(path: Path) -> None:
    """A hidden label is read all the same; an empty one leaves the input without a name."""
    for call in calls(path, INPUTS):
        assert call.args, f"{path.name}:{call.lineno} has no label"
        assert not isinstance(call.args[0], ast.Constant) or label(call).strip(), f"{path.name}:{call.lineno}"


def test_what_is_looked_for_is_there() -> None:
    """Names that nobody calls would make the tests above empty."""
    assert {"image", "plotly_chart", "altair_chart", "dataframe"} <= names_of(SEEN)
    assert {"text_input", "number_input", "selectbox", "file_uploader"} <= names_of(INPUTS)
