"""A search for the best network: the same ranking and numbers as each candidate trained by hand, and it goes on."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.access.limits import POLICIES
from core.config import make_config
from core.cross_validation.answers import read_fold
from core.cross_validation.store import CrossValidationSpec, CrossValidationStore, divisions
from core.data.dataset import open_dataset
from core.engine.jobs.cross_validation import cross_validate
from core.engine.jobs.fine_tuned_folds import FineTunedFolds
from core.engine.jobs.fold_heads import FoldHeads, without_fold
from core.engine.jobs.search import search
from core.engine.reporter import Reporter
from core.engine.train.context import make_training_context
from core.engine.train.phases import plan
from core.errors import AccessError, ConfigError, RunError
from core.search.candidates import Wanted, candidates, config_of, kept, rungs
from core.search.fine_tuned import begin_fine_tuned, best_settings, describe_fine_tuned
from core.search.ranking import Scored, pairs, ranked
from core.search.store import Search, SearchSpec, SearchStore
from core.stats.winner_bias import correct_for_choice
from core.store.runs import RunStore

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("thin")]

WHOLE = FoldHeads.whole

BASE = {"data.batch_size": 16, "training.epochs": 2, "training.early_stopping": 0, "training.finetune_epochs": 1}
IMAGES: dict[str, Any] = {"train": (16, 16), "val": (4, 4), "size": 40}
WANTED = Wanted(("EfficientNetLite0",), (32, 40), ("dropout 0.2",), (1e-6, 1e-2, 3e-2))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for a home and images that tests share: of one search all that can be said is said."""
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def searched(shared: Path, lay_images: Any, thin: None) -> Search:
    """A search that nothing has interrupted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(shared / "home"))
        job = made(lay_images(shared / "pictures", **IMAGES))
        status, said = search(Reporter(job))
    assert status == "finished", said
    return job


@pytest.fixture
def whole(searched: Search, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    """That search, in the home it was made in."""
    monkeypatch.setenv("PARITY_HOME", str(shared / "home"))
    return searched


@pytest.fixture
def folder(image_folder: Any) -> Path:
    path: Path = image_folder(**IMAGES)
    return path


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
    for head in (record["fine_tuned"] or {"heads": []})["heads"]:
        head["seconds"] = 0
    return {**record, "cost": {}, "id": ""}


def test_ranking_and_figures_are_those_of_each_candidate_trained_by_hand(
    whole: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = FoldHeads()  # one cross-validation after the other: the network is built once
    monkeypatch.setattr("core.engine.jobs.cross_validation.FoldHeads", lambda: heads)
    job, result = whole, whole.result()
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
        expected = [{**head, "seconds": 0} for head in record["heads"]][: len(row["heads"])]
        assert [{**head, "seconds": 0} for head in row["heads"]] == expected
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
    fine_tuned_is_what_a_training_by_hand_says(job, result)


def fine_tuned_is_what_a_training_by_hand_says(job: Search, result: Any) -> None:
    """The first fold, phase after phase by Keras' own fit, and its figures beside those of the frozen best."""
    found, best = result["fine_tuned"], result["candidates"][result["ranking"][0]]
    assert found["settings"] == {**best["settings"], "training.mode": "fine_tune"}
    assert [(head["repeat"], head["fold"]) for head in found["heads"]] == [(1, 1), (1, 2)]
    assert not (job.path / "fine_tuning").exists()
    config = config_of(job.config(), found["settings"])
    dataset = open_dataset(config.dataset, config.data)
    (folds, *_) = divisions(dataset, job.config(), 2, 2, brought=False)
    split, held_out, _ = without_fold(dataset, config, folds, 1, 1)
    context = make_training_context(config, split, Reporter(RunStore().create(config)))
    epoch = 0
    for planned in plan(context):
        phase = planned.make()
        for _ in range(planned.epochs):
            phase.model.fit(phase.stream.of(phase.data(epoch)), shuffle=False, verbose=0)
            epoch += 1
    assert epoch == 3
    answers = read_fold(job.fine_tuned_answers(1), dataset.classes)
    assert [row.file for row in answers] == [file.path for file in held_out]
    np.testing.assert_allclose([row.probabilities for row in answers], phase.predict(held_out), atol=1e-6)
    frozen = {head["fold"]: head for head in best["heads"] if head["repeat"] == 1}
    gaps = [head["accuracy"] - frozen[head["fold"]]["accuracy"] for head in found["heads"]]
    assert found["difference"] == pytest.approx(np.mean(gaps))
    assert result["sentence"].endswith(describe_fine_tuned(result))
    assert f"{100 * np.mean(gaps):+.1f} points on the same 2 folds (95 % CI " in result["sentence"]


def test_a_search_goes_on_after_stops_among_heads_and_in_fine_tuning_and_ends_with_the_budget(whole: Search) -> None:
    folder = whole.config().dataset
    job = made(Path(folder))
    asked = iter([False] * 7 + [True] * 99)
    reporter = Reporter(job)
    reporter.stop_requested = lambda: next(asked)  # type: ignore[method-assign]
    assert search(reporter)[0] == "stopped"
    result = job.result()
    assert result is not None and not result["fine_tuned"] and any(row["heads"] for row in result["candidates"])
    begun: list[str] = []

    class Stopping(Reporter[Search]):
        def set_status(self, **changes: Any) -> None:
            super().set_status(**changes)
            begun.append(changes.get("message", ""))

        def stop_requested(self) -> bool:
            return any("fold 2 of 2. Epoch" in said or "fold 2 of 2. Fine" in said for said in begun)

    status, said = search(Stopping(job))
    assert status == "stopped" and said.startswith("Stopped after "), said
    record: Any = job.result()
    assert [head["fold"] for head in record["fine_tuned"]["heads"]] == [1]
    assert record["fine_tuned"]["difference"] is None and "Fine-tuned" not in record["sentence"]
    answers = job.fine_tuned_answers(1).read_bytes()
    assert search(Reporter(job))[0] == "finished"
    record = job.result()
    assert [head["fold"] for head in record["fine_tuned"]["heads"]] == [1, 2]
    assert job.fine_tuned_answers(1).read_bytes() == answers, "what was trained is not trained again"
    assert "Fine-tuned, it classifies " in record["sentence"]
    assert told(job) == told(whole)

    record["fine_tuned"] = None
    job.write_result(record)
    poor = FineTunedFolds(
        job, Reporter(job), open_dataset(folder, job.config().data),
        divisions(open_dataset(folder, job.config().data), job.config(), 2, 2, brought=False)[0],
        found := begin_fine_tuned(record), left=lambda: 0.0, write=lambda: None,
    )  # fmt: skip
    assert poor.run() and not found["heads"]
    assert re.fullmatch(
        r"fine-tuning the best without each of 2 folds would take up to \d+\.\d minutes, and 0\.0 are left of "
        "the budget",
        found["reason"],
    )


def test_the_limits_of_a_mode_count_for_the_fine_tuning_of_the_best() -> None:
    """What a bottleneck run never reads (its epochs of fine-tuning) is read there."""
    base = {**BASE, "data.image_size": 64, "training.finetune_epochs": 400, "training.finetune_stages": 3}
    spec = SearchSpec(make_config("sample", base), wanted=WANTED)
    *frozen, fine_tuned = spec.configs()
    assert len(frozen) == 6 and {config.training.mode for config in frozen} == {"bottleneck"}
    for config in frozen:
        POLICIES["team"].check(config, None)
    with pytest.raises(AccessError, match=r"training\.finetune_stages times training\.finetune_epochs is 1200"):
        POLICIES["team"].check(fine_tuned, None)


def test_the_best_is_trained_fine_tuned_only_where_that_was_shown_to_be_better() -> None:
    frozen = {"model.backbone": "VGG16"}
    result: Any = {"folds": 2, "ranking": [0], "candidates": [{"settings": frozen}], "fine_tuned": None}
    assert best_settings(result) == frozen
    fine = {**frozen, "training.mode": "fine_tune"}
    shown = {"settings": fine, "heads": [{}, {}], "figures": {"accuracy": 0.9}, "difference": 0.1, "reason": ""}
    result["fine_tuned"] = {**shown, "told_apart": True, "interval": [0.05, 0.15]}
    assert best_settings(result) == fine
    assert describe_fine_tuned(result) == (
        "Fine-tuned, it classifies 90.0 % correctly, +10.0 points on the same 2 folds (95 % CI +5.0 to +15.0): better."
    )
    others: list[dict[str, Any]] = [{"told_apart": False}, {"difference": -0.1}, {"heads": [{}]}]
    for other in others:
        result["fine_tuned"] = {**shown, "told_apart": True, "interval": [0.05, 0.15], **other}
        assert best_settings(result) == frozen
    assert describe_fine_tuned(result) == "", "one fold is missing"


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
    assert [head["fold"] for head in record["fine_tuned"]["heads"]] == [1, 2]
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
