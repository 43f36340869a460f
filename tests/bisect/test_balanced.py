"""A run that nearly always says the largest class: the higher accuracy, and the lower mean of the recalls."""

from typing import Any

from core import files
from core.bisect.balanced import Balanced, Recalls, balanced, balanced_sentence
from core.bisect.runner import BisectRunner
from core.bisect.store import BisectStore
from core.config import make_config
from core.store.runs import Run, RunStore, Status

SHUFFLE = ["data.shuffle"]


def recalls(*values: float, rounding: float = 0.0) -> Recalls:
    return {seed: Balanced(value, rounding) for seed, value in enumerate(values, 2)}


def test_the_good_run_is_said_to_be_the_worse_one_only_where_seeds_show_it() -> None:
    low, high = recalls(0.58, 0.6, 0.59), recalls(0.88, 0.87, 0.89)
    said = balanced_sentence(low, high, SHUFFLE)
    assert "the good run is the worse one, 59.0 % against 88.0 % over 3 seeds" in said
    assert balanced_sentence(high, low, SHUFFLE) == "", "both measures agree"
    assert balanced_sentence(recalls(0.5, 0.7, 0.9), recalls(0.9, 0.7, 0.6), SHUFFLE) == "", "not beyond chance"
    assert balanced_sentence(recalls(0.5), recalls(0.9), SHUFFLE) == "", "one seed shows nothing"


def test_where_accuracy_shows_no_difference_either_order_is_told() -> None:
    low, high = recalls(0.58, 0.6, 0.59), recalls(0.88, 0.87, 0.89)
    for pair in ((low, high), (high, low)):
        assert "the two do differ: 59.0 % and 88.0 % over 3 seeds" in balanced_sentence(*pair, [])


def test_three_equal_figures_of_few_images_are_not_without_spread() -> None:
    assert balanced_sentence(recalls(0.5, 0.5, 0.5), recalls(0.55, 0.55, 0.55), []) != ""
    few = recalls(0.5, 0.5, 0.5, rounding=0.03), recalls(0.55, 0.55, 0.55, rounding=0.03)
    assert balanced_sentence(*few, []) == ""


def end(run: Run, common: int, rare: int) -> Run:
    """What a training leaves that finds so many of 190 images of the common class and of 10 of the rare one."""
    images = [("common", k) for k in range(190)] + [("rare", k) for k in range(10)]
    part = [{"path": f"{c}/{k}.png", "label": c, "split": "train", "sha256": f"{c}{k}"} for c, k in images]
    files.write_json(
        run.path / "manifest.json", {"root": "/x", "classes": ["common", "rare"], "train": part, "val": part}
    )
    run.add_event("epoch", epoch=1, val_accuracy=0.9)
    classes: list[dict[str, Any]] = [
        {"class": name, "precision": 0.5, "recall": found / support, "f1": 0.5, "support": support}
        for name, found, support in (("common", common, 190), ("rare", rare, 10))
    ]
    accuracy = (common + rare) / 200
    found = {"count": 200, "correct": common + rare, "accuracy": accuracy, "auc": None, "per_class": classes}
    files.write_json(run.path / "evaluation.json", {"classes": ["common", "rare"], "val": found})
    run.write_status(Status(status="finished", seconds={"total": 1.0}))
    return run


def train(run: Run) -> str:
    weighted, seed = run.config().training.class_weight == "balanced", run.config().training.seed % 2
    end(run, *((165 + seed, 9) if weighted else (189 + seed, 1)))
    return "finished"


def test_a_bisect_on_unequal_classes_says_what_its_good_run_is_good_at() -> None:
    settings: list[dict[str, Any]] = [{}, {"training.class_weight": "balanced"}]
    plain, weighted = (end(RunStore().create(make_config("/x", one)), 180, 5) for one in settings)
    found = balanced(plain, "val")
    assert found is not None and found.value == (180 / 190 + 0.5) / 2
    bisect = BisectStore().create(plain, weighted, 30)
    BisectRunner(bisect, train, lambda: False).run()
    result = bisect.result()
    assert (result["factors"], result["good"]) == (["training.class_weight"], "a")
    assert "“Good” and “bad” are by accuracy alone" in result["sentence"]
    assert "against 88.5 % over 3 seeds" in result["sentence"], result["sentence"]
