"""The second question: answers of saved models become readings, and a gap over seeds and images."""

import json

import numpy as np
import pytest

from core import files
from core.bisect.other_images import other_images
from core.bisect.reading import Readings, common_part, judged, readings
from core.config import make_config
from core.store.runs import Run, RunStore


def run_of(right: list[bool], name: str = "image{}.png", part: str = "val") -> Run:
    """A run that answers images of class b rightly or not; the first one is of class a."""
    run = RunStore().create(make_config("/x", {}))
    names = [f"{part}/b/{name.format(k)}" for k in range(len(right))]
    items = [{"path": path, "label": "b", "split": part, "sha256": path} for path in names]
    files.write_json(run.path / "manifest.json", {"root": "/x", "classes": ["a", "b"], "train": [], part: items})
    rows = [
        f"{part},{path},b,{'ab'[ok]},{0.4 - 0.3 * ok:.1f},{0.6 + 0.3 * ok:.1f}"
        for path, ok in zip(names, right, strict=True)
    ]
    rows = [row.replace(",0.4,0.6", ",0.6,0.4") for row in rows]
    rows.append(f"{part},{part}/a/0.png,a,a,0.7,0.3")
    (run.path / "predictions.csv").write_text("\n".join(["split,file,label,predicted,p(a),p(b)", *rows]))
    share = (sum(right) + 1) / (len(right) + 1)
    files.write_json(run.path / "evaluation.json", {part: {"count": len(right) + 1, "accuracy": share, "auc": None}})
    return run


def test_answers_are_read_with_their_groups() -> None:
    run = run_of([True, False, True, True], "person{}_bacteria_1.png")
    found = readings(run, "val", "auto", {})
    assert found is not None
    assert found.accuracy.value == pytest.approx(0.8)
    assert (found.images, found.grouped) == (5, False)
    assert {str(case) for case in found.accuracy.parts} >= {"group 1 person0", "image val/a/0.png"}
    one = readings(run_of([True, False, True], "person7_view_{}.png"), "val", "auto", {})
    assert one is not None
    assert (one.grouped, len(one.accuracy.parts)) == (True, 2)
    assert readings(run, "val", "", {"val/b/person0_bacteria_1.png": "pixels"}).accuracy.parts["image pixels"] > 0  # type: ignore[union-attr]
    assert readings(run, "test", "auto", {}) is None


def test_groups_of_a_table_are_known_and_those_of_names_that_begin_with_the_class() -> None:
    run = run_of([True, False, True, True])
    manifest = json.loads((run.path / "manifest.json").read_text(encoding="utf-8"))
    for item in manifest["val"][:2]:
        item["group"] = "eye 3"
    files.write_json(run.path / "manifest.json", manifest)
    found = readings(run, "val", "auto", {})
    assert found is not None
    assert (found.grouped, len(found.accuracy.parts)) == (True, 4)
    assert "group 1 eye 3" in {str(case) for case in found.accuracy.parts}
    scans = readings(run_of([True, False, True], "b-1016042-{}.png"), "val", "auto", {})
    assert scans is not None
    assert (scans.grouped, len(scans.accuracy.parts)) == (True, 2)


def test_the_part_that_is_judged_is_the_test_part_of_both() -> None:
    a, b, c = run_of([True], part="test"), run_of([False], part="test"), run_of([True])
    assert (common_part(a, b), common_part(a, c)) == ("test", "val")
    assert judged(b, "test").accuracy == 0.5  # type: ignore[union-attr]
    assert judged(b, "val") is None


def ends(rng: np.random.Generator, images: int, better: float, group: int = 1) -> tuple[list[Readings], list[Readings]]:
    from core.stats.reader_case import accuracy_reading

    hard = rng.normal(0, 1, images)
    cases = [k // group for k in range(images)]

    def one(shift: float) -> Readings:
        right = hard + shift + rng.normal(0, 0.3, images) > 0
        return Readings(accuracy_reading(cases, right), None, images, group > 1)

    return [one(1 + better) for _ in range(6)], [one(1.0) for _ in range(6)]


def test_a_gap_says_whether_it_would_hold_and_with_how_many_images() -> None:
    rng = np.random.default_rng(3)
    large = other_images(*ends(rng, 400, 0.5), "validation")
    assert large is not None
    assert large["sentence"].endswith("the gap would hold (400 validation images, 6 seeds).")
    assert (large["images_needed"], large["groups"], large["auc"]) == (None, None, None)
    small = other_images(*ends(np.random.default_rng(6), 60, 0.2, 2), "test")
    assert small is not None
    assert (small["images"], small["groups"], small["seeds"]) == (60, 30, 6)
    assert (small["images_needed"] or 0) > 60
    assert f"About {small['images_needed']} images in all would settle it" in small["sentence"]
    assert "these 60 test images of 30 groups cannot tell whether it would hold." in small["sentence"]
    none = other_images(*ends(rng, 60, 0.0), "test")
    assert none is not None
    assert "cannot tell whether it would hold" in none["sentence"]
    assert other_images([], [], "test") is None
