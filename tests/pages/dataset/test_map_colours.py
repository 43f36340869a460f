"""What the colours of the map mean: who is in which group, and what is said of an image."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.checks.quality import assess
from core.data.scan import scan
from pages.shared.dataset.map_colours import NOTHING_ODD, by_class, by_fit, by_quality, by_split, note_of, problems_of

ROWS = [
    {"file": f"{part}/{label}/{n}", "label": label, "part": part, "score": n / 10}
    for part in ("train", "test")
    for label in ("a", "b")
    for n in (2, 1)
]


def test_by_class_each_class_has_one_colour_and_each_part_a_group() -> None:
    groups = by_class(ROWS, ("a", "b", "empty"))
    assert [(group.name, len(group.rows)) for group in groups] == [
        ("a, training", 2), ("a, test", 2), ("b, training", 2), ("b, test", 2),
    ]  # fmt: skip
    assert groups[0].colour == groups[1].colour != groups[2].colour


def test_by_split_each_part_has_one_colour() -> None:
    groups = by_split(ROWS)
    assert [(group.name, len(group.rows)) for group in groups] == [("training", 4), ("test", 4)]
    assert groups[0].colour != groups[1].colour


def test_by_fit_the_most_suspicious_are_drawn_last() -> None:
    (group,) = by_fit(ROWS)
    assert group.values == [0.2] * 4 + [0.1] * 4
    assert [row["score"] for row in group.rows] == group.values


def test_by_quality_the_first_problem_gives_the_colour_and_grey_is_drawn_first() -> None:
    problems = {"train/a/2": ["dark", "odd_size"], "test/b/1": ["odd_size"], "gone": ["light"]}
    groups = by_quality(ROWS, problems)
    assert [(group.name, len(group.rows)) for group in groups] == [(NOTHING_ODD, 6), ("dark", 1), ("unusual size", 1)]
    assert len({group.colour for group in groups}) == 3


def test_the_problems_are_those_of_the_quality_tab(tmp_path: Path) -> None:
    for n in range(8):
        pixels = np.random.default_rng(n).integers(0, 256, (20, 20, 3), np.uint8)
        image = Image.fromarray(pixels).resize((96, 96), Image.Resampling.NEAREST)
        if n == 0:
            image = image.filter(ImageFilter.GaussianBlur(5))
        (tmp_path / "ab"[n % 2]).mkdir(exist_ok=True)
        image.save(tmp_path / "ab"[n % 2] / f"{n}.png")
    (tmp_path / "b" / "copy.png").write_bytes((tmp_path / "a" / "2.png").read_bytes())
    assert problems_of(assess(scan(tmp_path))) == {
        "a/0.png": ["blurry"], "a/2.png": ["exact_duplicates"], "b/copy.png": ["exact_duplicates"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("suggested", "issue", "problems", "note"),
    [
        ("a", False, (), ""),
        ("b\u202e", False, (), "looks like b\N{REPLACEMENT CHARACTER}"),
        ("b", True, (), "label looks wrong: looks like b"),
        ("a", True, ("dark", "blurry"), "label looks wrong, blurry, dark"),
    ],
)
def test_what_is_said_of_an_image(suggested: str, issue: bool, problems: tuple[str, ...], note: str) -> None:
    assert note_of({"label": "a", "suggested": suggested, "issue": issue}, problems) == note
