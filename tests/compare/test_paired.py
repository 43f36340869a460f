"""Two models on the same images: exact test, interval of the gap, and when there is nothing to pair."""

import csv
import hashlib
import time
from itertools import product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import files
from core.compare.paired import answers, outcome, paired_answers, paired_result, paired_test, what_it_takes
from core.config import make_config
from core.stats.paired_share import gap_interval, mcnemar
from core.store.runs import Run, RunStore


def make_run(name: str, rows: list[tuple[str, str, str, str]], groups: str = "", **settings: Any) -> Run:
    """A run with predictions: rows of (path, content, label, predicted), and the group of each as one letter."""
    known = {key.replace("__", "."): value for key, value in settings.items()}
    run = RunStore().create(make_config("sample", known, name=name))
    val: list[dict[str, str]] = [{"path": path, "sha256": content, "label": label} for path, content, label, _ in rows]
    for item, group in zip(val, groups, strict=False):
        item["group"] = group
    files.write_json(run.path / "manifest.json", {"root": "x", "classes": ["a", "b"], "val": val})
    with (run.path / "predictions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "file", "label", "predicted", "p(a)", "p(b)"])
        writer.writerows(["val", path, label, predicted, 0.5, 0.5] for path, _, label, predicted in rows)
        writer.writerow(["test", "never/looked/at.png", "a", "b", 0.5, 0.5])
    return run


def test_the_exact_test_is_the_sum_over_all_outcomes_that_are_as_unlikely() -> None:
    for one, other in product(range(7), range(7)):
        total = one + other
        chances = [comb(total, k) / 2**total for k in range(total + 1)]
        obvious = sum(p for p in chances if p <= chances[one] * (1 + 1e-9))
        assert mcnemar(one, other) == pytest.approx(obvious)


def test_the_exact_test_agrees_with_a_table() -> None:
    assert mcnemar(1, 9) == pytest.approx(0.021484375)
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 2000) == 0.0 or mcnemar(0, 2000) < 1e-300


def test_the_interval_of_the_gap_agrees_with_newcombes_example() -> None:
    # Newcombe 1998, Statistics in Medicine 17:2635, table III, method 10, the column (36, 12, 2, 0).
    low, high = gap_interval(36, 12, 2, 0)
    assert (low, high) == pytest.approx((0.0569, 0.3404), abs=5e-4)


def test_the_interval_covers_the_true_gap_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    chances = [0.6, 0.2, 0.1, 0.1]
    draws = rng.multinomial(80, chances, size=2000)
    covered = np.mean([low <= 0.1 <= high for low, high in (gap_interval(*map(int, draw)) for draw in draws)])
    assert 0.93 <= covered <= 0.98


def test_a_gap_is_that_of_the_accuracies() -> None:
    result = paired_result(50, 20, 4, 6)
    assert result["gap"] == pytest.approx((50 + 20) / 80 - (50 + 4) / 80)
    assert result["interval"][0] < result["gap"] < result["interval"][1]
    assert result["significant"] is True


def test_two_runs_are_paired_by_the_content_of_their_images() -> None:
    a = make_run("a", [("1.png", "x", "a", "a"), ("2.png", "y", "b", "b"), ("3.png", "z", "b", "b")])
    b = make_run("b", [("other/3.png", "x", "a", "a"), ("other/1.png", "y", "b", "a"), ("other/2.png", "z", "b", "b")])
    result = paired_test(a, b)
    counts = {name: result[name] for name in ("count", "only_a_right", "only_b_right", "p_value", "significant")}
    assert counts == {"count": 3, "only_a_right": 1, "only_b_right": 0, "p_value": 1.0, "significant": False}


def test_the_same_image_twice_counts_twice() -> None:
    run = make_run("a", [("1.png", "x", "a", "a"), ("2.png", "x", "a", "b"), ("3.png", "x", "b", "b")])
    assert answers(run) == {("x", "a", 0): True, ("x", "a", 1): False, ("x", "b", 0): True}


def test_runs_validated_on_different_images_are_not_paired() -> None:
    a = make_run("a", [("1.png", "x", "a", "a"), ("2.png", "y", "b", "b")])
    b = make_run("b", [("1.png", "x", "a", "a"), ("2.png", "q", "b", "b"), ("3.png", "r", "b", "b")])
    assert paired_test(a, b) == {
        "reason": "The runs were validated on different images, so their accuracies cannot be paired: "
        "1 only in the first, 2 only in the second, 1 in both."
    }


def test_the_same_images_with_other_labels_are_not_called_different_images() -> None:
    a = make_run("a", [("1.png", "x", "a", "a"), ("2.png", "y", "b", "b")])
    b = make_run("b", [("1.png", "x", "a", "a"), ("2.png", "y", "a", "b")])
    assert paired_test(a, b) == {
        "reason": "The runs were validated on the same 2 images, 1 of which has another label in the second, so their "
        "accuracies cannot be paired."
    }
    more = make_run("c", [("1.png", "x", "a", "a"), ("2.png", "y", "a", "b"), ("3.png", "r", "b", "b")])
    assert str(paired_test(a, more)["reason"]).endswith(
        "1 only in the first, 2 only in the second, 1 in both; of these, 1 is the same file with another label."
    )


def test_a_run_without_predictions_is_not_paired(tmp_path: Path) -> None:
    a = make_run("a", [("1.png", "x", "a", "a")])
    b: Any = RunStore().create(make_config("sample", {}, name="young"))
    assert paired_test(a, b) == {"reason": "Run “young” has no predictions on validation images yet."}


def test_images_that_nobody_knows_are_not_called_different() -> None:
    rows = [("1.png", "x", "a", "a"), ("2.png", "y", "b", "b")]
    a, b = make_run("a", rows), make_run("b", rows)
    (b.path / "manifest.json").unlink()
    unknown = "Run “b” has no readable manifest, so which images it was validated on is not known."
    assert paired_test(a, b) == {"reason": unknown}
    (a.path / "predictions.csv").write_text("split,file\nval,1.png\n")
    assert paired_test(a, b) == {"reason": "The predictions of run “a” are damaged: predictions.csv cannot be read."}


def patients(name: str, missed: set[int], pattern: str = "auto", path: str = "val/a/person{}_bacteria_{}.jpeg") -> Run:
    """Ten patients with 20 images each; every image of those `missed` is wrong."""
    rows = [(path.format(k, i), f"{k}-{i}", "a", "b" if k in missed else "a") for k in range(10) for i in range(20)]
    return make_run(name, rows, data__group_pattern=pattern)


def test_images_of_one_patient_are_one_case() -> None:
    """One of ten patients is missed with all 20 images: that is one miss, by names, by a pattern, by a table."""
    runs = patients("a", set()), patients("b", {3})
    result = paired_test(*runs)
    assert (result["groups"], result["test"], result["only_a_right"]) == (10, "sign_flip", 20)
    assert (result["p_value"], outcome(result)) == (1.0, "chance")
    assert result["interval"][0] < 0 < result["gap"] < result["interval"][1]
    named = [patients(str(k), missed, "^p/(.)", "a/p/{}{}.png") for k, missed in enumerate((set(), {3}))]
    assert paired_test(*named)["groups"] == 10
    apart = [patients(str(k), missed, "", "a/p/{}{}.png") for k, missed in enumerate((set(), {3}))]
    result = paired_test(*apart)
    assert (result["groups"], result["test"], outcome(result)) == (None, "mcnemar", "real")
    assert paired_test(named[0], apart[1])["groups"] == 10, "what one of the runs knows holds for both"
    told = [
        make_run(str(k), [(f"a/{i}.png", f"{i}", "a", said) for i in range(20)], "abcdefghij" * 2)
        for k, said in enumerate("ab")
    ]
    result = paired_test(*told)
    assert (result["groups"], outcome(result)) == (10, "real")


def test_copies_of_one_image_are_one_case() -> None:
    def run(name: str, said: str) -> Run:
        copies = [(f"{k}.png", "x", "a", said) for k in range(20)]
        return make_run(name, copies + [(f"other{k}.png", f"y{k}", "b", "b") for k in range(30)])

    result = paired_test(run("a", "a"), run("b", "b"))
    assert (result["groups"], result["only_a_right"], outcome(result)) == (31, 20, "chance")


def test_few_groups_are_said_to_be_too_few() -> None:
    def run(name: str, said: str) -> Run:
        return make_run(name, [(f"{k}.png", f"{k}", "a", said) for k in range(20)], "abcd" * 5)

    result = paired_test(run("a", "a"), run("b", "b"))
    assert (result["groups"], outcome(result), result["significant"]) == (4, "too_few_groups", False)


def test_the_same_answers_are_no_gap_that_may_be_chance() -> None:
    def run(name: str, said: str) -> Run:
        return make_run(name, [(f"{k}.png", f"{k}", "a", one) for k, one in enumerate(said)])

    assert outcome(paired_test(run("a", "aab"), run("b", "aab"))) == "identical"
    assert outcome(paired_test(run("c", "ab"), run("d", "ba"))) == "chance"
    assert outcome({**paired_test(run("e", "ab"), run("f", "ab")), "same_answers": 1}) == "same_right"


def test_test_and_interval_never_disagree() -> None:
    """p < 0.05 and an interval without 0 are the same thing, on either side."""
    checked = 0
    for count, both_share in product((8, 20, 40, 200), (0.0, 0.5, 0.9)):
        for one, other in product(range(min(count, 16)), repeat=2):
            if one + other <= count:
                both = int((count - one - other) * both_share)
                result = paired_result(both, one, other, count - one - other - both)
                assert result["significant"] == (result["interval"][0] > 0 or result["interval"][1] < 0)
                checked += 1
    assert checked > 2000


def test_images_whose_bytes_differ_are_paired_by_their_pixels(tmp_path: Path) -> None:
    """The same images, saved anew: other bytes, the same pixels; one that really is another is still told."""
    rng = np.random.default_rng(0)
    shown = [Image.fromarray(rng.integers(0, 256, (9, 7, 3), np.uint8)) for _ in range(3)]
    folders = {"a": ("png", {}), "b": ("png", {"compress_level": 0}), "c": ("bmp", {})}
    runs = {name: saved_run(tmp_path / name, shown, *how) for name, how in folders.items()}
    for other in ("b", "c"):
        result = paired_test(runs["a"], runs[other])
        assert (result["count"], result["only_a_right"], result["paired_by"]) == (3, 1, "pixels")
    assert paired_test(runs["a"], runs["a"])["paired_by"] == "files"
    shown[1].putpixel((0, 0), (1, 2, 3))
    assert paired_test(runs["a"], saved_run(tmp_path / "d", shown, "png", {}))["reason"].endswith(
        "1 only in the first, 1 only in the second, 2 in both."
    )
    (tmp_path / "b" / "0.png").write_bytes(b"gone bad")
    assert "reason" not in paired_test(runs["a"], runs["b"]), "what was hashed once is known"


def saved_run(folder: Path, shown: list[Image.Image], ending: str, options: dict[str, Any]) -> Run:
    """A run on images that lie in a folder of their own; that in `a` is right on all of them, any other on two."""
    folder.mkdir()
    for k, image in enumerate(shown):
        image.save(folder / f"{k}.{ending}", **options)
    rows = [
        (path.name, hashlib.sha256(path.read_bytes()).hexdigest(), "a", "a" if k or folder.name == "a" else "b")
        for k, path in enumerate(sorted(folder.iterdir()))
    ]
    run = make_run(folder.name, rows)
    files.write_json(run.path / "manifest.json", {**run.data().to_dict(), "root": str(folder)})
    return run


def test_a_hundred_thousand_disagreements_are_tested_in_no_time() -> None:
    began = time.monotonic()
    assert mcnemar(50_200, 49_800) == pytest.approx(0.2070390, abs=1e-6)  # as scipy.stats.binomtest has it
    assert mcnemar(5200, 4800) == pytest.approx(6.5935155987e-05, rel=1e-6)
    assert time.monotonic() - began < 3


def test_a_gap_that_is_not_shown_comes_with_what_would_show_it() -> None:
    labels = ["a"] * 40
    right, wrong = "a", "b"
    first = [(f"{k}.png", f"{k}", label, right if k < 36 else wrong) for k, label in enumerate(labels)]
    second = [(f"{k}.png", f"{k}", label, right if k >= 6 else wrong) for k, label in enumerate(labels)]
    found = paired_test(make_run("a", first), make_run("b", second))
    assert (found["only_a_right"], found["only_b_right"], outcome(found)) == (6, 4, "chance")
    assert found["images_to_show"] == 843
    assert what_it_takes(found) == "About 840 such images would show a gap of this size in four of five cases."
    assert what_it_takes({**found, "groups": 20}).startswith("About 840 such images of 420 groups would show")
    assert what_it_takes({**found, "images_to_show": None}) == ""


def test_a_gap_that_is_shown_takes_nothing_more() -> None:
    found = paired_answers([True] * 10, [False] * 10, [[k] for k in range(10)])
    assert (found["significant"], found["images_to_show"], what_it_takes(found)) == (True, None, "")
