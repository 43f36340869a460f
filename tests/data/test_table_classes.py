"""Cells of the class that hold none, several, or one class in two spellings; and tables whose text is doubtful."""

import json

import pytest

from core.data.scan import scan
from core.errors import DataError
from tests.data.layout_cases import build, only
from tests.data.table_cases import Case
from tests.data.table_steps import run_case, table


def cells(*labels: str) -> str:
    """Rows with these classes in turn."""
    return table("file,label", *(f"{n}.png,{labels[n]}" for n in range(len(labels))))


def lines(*labels: object) -> str:
    return "".join(json.dumps({"file": f"{n}.png", "label": label}) + "\n" for n, label in enumerate(labels))


THREE = ["a", "b"] * 3
AB = only(3, "a", "b")
ALIKE = [f"{n}.png,{'ab'[n % 2]}" for n in range(6)]
CASES: dict[str, Case] = {
    "NaN in CSV": Case("#.png=8", {"t.csv": cells(*THREE, "NaN", "NaN")}, AB, (r"2 rows have no class",)),
    "N/A and NA": Case("#.png=8", {"t.csv": cells(*THREE, "N/A", "NA")}, AB, (r"2 rows have no class",)),
    "null and <NA>": Case("#.png=8", {"t.csv": cells(*THREE, "null", "<NA>")}, AB),
    "NaN in JSON lines": Case("#.png=8", {"t.jsonl": lines(*THREE, float("nan"), None)}, AB),
    "none and unknown are classes": Case(
        "#.png=8", {"t.csv": cells("none", "unknown", "none", "unknown")}, only(2, "none", "unknown")
    ),
    "numbers of which some were read as floats": Case(
        "#.png=8", {"t.csv": cells(*["0", "1", "0.0", "1.0"] * 2)}, only(4, "0", "1")
    ),
    "floats alone": Case("#.png=4", {"t.csv": cells(*["0.0", "1.0"] * 2)}, only(2, "0.0", "1.0")),
    "a blank of no width": Case(
        "#.png=8", {"t.csv": cells(*["cat", "dog", "cat\u200b", "\ufeffdog"] * 2)}, only(4, "cat", "dog")
    ),
    "a bar between findings": Case(
        "#.png=10",
        {"t.csv": cells(*["Mass", "None"] * 3, "Mass|Effusion", "Effusion|Nodule", "Mass|Effusion", "None")},
        {"": {"Mass": 3, "None": 4}},
        (r"3 rows have several classes: 6\.png",),
    ),
    "spaces between classes": Case(
        "#.png=8",
        {"t.csv": cells(*["scab", "rust"] * 3, "scab rust", "rust scab")},
        only(3, "scab", "rust"),
        (r"2 rows have several",),
    ),
    "commas between classes": Case(
        "#.png=8", {"t.tsv": "file\tlabel\n" + cells(*THREE, "a; b", "b;a").partition("\n")[2].replace(",", "\t")}, AB
    ),
    "a list that is written as text": Case(
        "#.png=8", {"t.jsonl": lines(*["['a']", "['b']"] * 3, "['a', 'b']", "['b', 'a']")}, only(3, "['a']", "['b']")
    ),
    "lists in JSON": Case("#.png=8", {"t.jsonl": lines(*[["a"], ["b"]] * 3, ["a", "b"], ["b", "a"])}, AB),
    "classes of several words": Case(
        "#.png=6", {"t.csv": cells(*["New York", "York"] * 3)}, only(3, "New York", "York")
    ),
    "a class with a bar of its own": Case("#.png=6", {"t.csv": cells(*["a|b", "c"] * 3)}, only(3, "a|b", "c")),
    "no header": Case("#.png=6", {"t.csv": "\n".join(ALIKE)}, AB, (r"t\.csv has no header",)),
    "no header, three columns": Case(
        "im/#.png=6", {"t.csv": "\n".join(f"im/{line},{line[-1]}{n}" for n, line in enumerate(ALIKE))}, AB
    ),
    "no header and no extensions": Case(
        "x#y.png=6", {"t.csv": "\n".join(f"x{line.replace('.png', 'y')}" for line in ALIKE)}, AB
    ),
    "an image that is called like the header": Case("image.png=1 #.png=6", {"t.csv": table("image,label", *ALIKE)}, AB),
    "Shift JIS": Case(
        "#.png=6",
        {"t.csv": cells(*["犬", "猫"] * 3).encode("shift-jis")},
        {"": {"Œ¢": 3, "”L": 3}},
        (r"t\.csv is not UTF-8.*save it as UTF-8",),
    ),
    "cp1252": Case(
        "#.png=6",
        {"t.csv": cells(*["Bär", "Fuchs"] * 3).encode("cp1252")},
        only(3, "Bär", "Fuchs"),
        (r"not UTF-8",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_class_is_one_class(name, tmp_path):
    run_case(CASES[name], tmp_path)


@pytest.mark.parametrize("pair", [("cat", "cat\u200b"), ("a b", "a\u00a0b")])
def test_classes_that_differ_in_what_is_not_seen_are_refused(tmp_path, pair):
    root = build(tmp_path / "data", "#.png=6")
    (root / "t.csv").write_text(cells(*[f"x{pair[0]}x", f"x{pair[1]}x"] * 3))
    with pytest.raises(DataError, match="look the same"):
        scan(root)
