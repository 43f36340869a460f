"""A search for the best network: the same ranking and numbers as each candidate trained by hand, and it goes on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.config import make_config
from core.cross_validation.store import CrossValidationSpec, CrossValidationStore
from core.engine.jobs.cross_validation import cross_validate
from core.engine.jobs.fold_heads import FoldHeads
from core.engine.jobs.search import search
from core.engine.reporter import Reporter
from core.errors import ConfigError, RunError
from core.search.candidates import Wanted, candidates, config_of, kept, rungs
from core.search.ranking import Scored, pairs, ranked
from core.search.store import Search, SearchSpec, SearchStore
from core.stats.winner_bias import correct_for_choice

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("thin")]

WHOLE = FoldHeads.whole

BASE = {"data.batch_size": 16, "training.epochs": 2, "training.early_stopping": 0}
WANTED = Wanted(("EfficientNetLite0",), (32, 40), ("dropout 0.2",), (1e-6, 1e-2, 3e-2))


@pytest.fixture
def folder(image_folder: Any) -> Path:
    made: Path = image_folder(train=(16, 16), val=(4, 4), size=40)
    return made


def made(folder: Path, minutes: float = 10.0) -> Search:
    spec = SearchSpec(make_config(str(folder), BASE), wanted=WANTED, folds=2, repeats=2, budget_minutes=minutes)
    return SearchStore().create(spec.admit())


def told(job: Search) -> Any:
    """The result without what a clock decides."""
    record = json.loads((job.path / "result.json").read_text())
    for row in record["candidates"]:
        row["milliseconds"] = None
        for head in row["heads"]:
            head["seconds"] = 0
    return {**record, "cost": {}, "id": ""}


def test_ranking_and_figures_are_those_of_each_candidate_trained_by_hand(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = FoldHeads()  # one cross-validation after the other: the network is built once
    monkeypatch.setattr("core.engine.jobs.cross_validation.FoldHeads", lambda: shared)
    job = made(folder)
    status, said = search(Reporter(job))
    assert status == "finished", said
    result = job.result()
    assert result is not None
    assert result["complete"]
    by_hand = []
    for number, one in enumerate(job.candidates()):
        spec = CrossValidationSpec(config_of(job.config(), one), folds=2, repeats=2)
        cross = CrossValidationStore().create(spec.admit())
        cross_validate(Reporter(cross))
        record = cross.result()
        assert record is not None
        row = result["candidates"][number]
        heads = [{**head, "seconds": 0} for head in record["heads"]][: len(row["heads"])]
        assert [{**head, "seconds": 0} for head in row["heads"]] == heads
        if row["state"] == "kept":
            assert row["figures"] == record["figures"]
        by_hand.append(Scored(number, record["heads"], 2))
    ends = {row["state"] for row in result["candidates"]}
    assert ends == {"dropped", "kept"}
    finalists = [one for one in by_hand if result["candidates"][one.number]["state"] == "kept"]
    assert [one.number for one in ranked(finalists)] == result["ranking"][: len(finalists)]
    assert result["ranking"][0] == ranked(by_hand)[0].number
    losses = [(one.number, Scored(one.number, one.heads[:2], 2).mean_loss) for one in by_hand]  # after the first repeat
    assert {n for n, _ in losses if n in kept(losses)} == {one.number for one in finalists}
    assert result["expected"] is not None
    best = result["candidates"][result["ranking"][0]]["figures"]
    assert best is not None
    assert result["expected"]["value"] <= best["accuracy"]
    assert all(row["milliseconds"] and row["megabytes"] for row in result["candidates"])

    again = made(folder)
    asked = iter([False] * 7 + [True] * 99)
    reporter = Reporter(again)
    reporter.stop_requested = lambda: next(asked)  # type: ignore[method-assign]
    assert search(reporter)[0] == "stopped"
    search(Reporter(again))
    assert told(again) == told(job)


def far_from_done(heads: FoldHeads, *asked: Any) -> Any:
    """A network whose features nobody has computed yet."""
    context = WHOLE(heads, *asked)
    context.features_on_disk = lambda *_: None
    return context


def test_the_command_and_a_budget_that_is_too_small(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = [f"--set={key}={value}" for key, value in BASE.items()]
    asked = ["search", str(folder), *sets, "--sizes=32", "--heads=none; dropout 0.2", "--rates=0.01", "--folds=2"]
    assert main([*asked, "--networks=EfficientNetLite0", "--repeats=1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert len(record["ranking"]) == 2
    first = record["ranking"][0]
    assert record["winner"] == first
    assert first["backbone"] == "EfficientNetLite0"
    assert {"config", "accuracy", "interval", "auc", "milliseconds_per_image", "megabytes"} <= first.keys()
    assert record["told_apart"]["alike"][0] == 0
    assert record["expected"]["candidates"] == 2
    assert main([*asked, "--networks=EfficientNetLite0", "--rates=x"]) == 1
    assert "--rates x: comma-separated numbers are expected" in capsys.readouterr().err
    with pytest.raises(ConfigError, match=r"^that makes 201 candidates; 200 may be tried"):
        wanted = Wanted(("EfficientNetLite0",), (32,), ("none",), tuple(k / 1000 for k in range(1, 202)))
        candidates(make_config(str(folder), BASE), wanted)
    small = made(folder, minutes=1e-9)
    status, said = search(Reporter(small))
    assert (status, said) == ("stopped", "The budget of 1e-09 minutes ended after 0 heads; what was trained is kept.")
    monkeypatch.setattr(FoldHeads, "whole", far_from_done)
    with pytest.raises(RunError, match=r"^no network's features fit the budget; give more minutes"):
        search(Reporter(made(folder, minutes=1e-9)))


def test_the_worse_half_goes_and_equal_candidates_are_not_told_apart() -> None:
    assert rungs(5, 3) == [2, 5, 15]
    assert rungs(2, 1) == [2]
    losses = [(k, loss) for k, loss in enumerate((0.9, 0.1, float("nan"), 0.5, 0.3, 0.2, 0.7, 0.4, 0.6, 0.8))]
    assert kept(losses) == [1, 3, 4, 5, 7]
    rng = np.random.default_rng(1)

    def scored(number: int, accuracy: float) -> Scored:
        hits = rng.binomial(40, accuracy, 15)
        heads: list[Any] = [
            {"repeat": k // 5 + 1, "fold": k % 5 + 1, "count": 40, "correct": int(n), "accuracy": n / 40, "auc": None,
             "loss": 0.1, "epochs": 1, "seconds": 0.0} for k, n in enumerate(hits)
        ]  # fmt: skip
        return Scored(number, heads, 5)

    order = ranked([scored(0, 0.6), scored(1, 0.9), scored(2, 0.9)])
    assert {one.number for one in order[:2]} == {1, 2}
    assert [pair.apart for pair in pairs(order)] == [False, True]


def test_the_best_of_equal_ones_is_corrected_over_whole_groups() -> None:
    """Twelve candidates that are right on 80 % of 50 patients, with four images each that stand or fall together."""
    groups, by_groups, by_images = np.repeat(np.arange(50), 4), [], []
    for seed in range(6):
        right = np.repeat(np.random.default_rng(seed).random((12, 50)) < 0.8, 4, axis=1).astype(float)
        by_groups.append(correct_for_choice(right, 1 - right, groups=groups).value)
        by_images.append(correct_for_choice(right, 1 - right).value)
    assert abs(np.mean(by_groups) - 0.8) < 0.04
    assert np.mean(by_images) > 0.83, "too good: each image is drawn for itself"
