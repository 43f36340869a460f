"""The puzzle on the sample, honestly computed: one button on the home page, and at its end a verdict with a proof.

The search trains both ends anew with three seeds; what each of these trainings came to is read in their records. Images
are smaller here than those of the question, as features and heads of its size take ten minutes of a processor;
test_end_to_end.py has the sizes of the question.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.bisect.store import BisectStore
from core.config import make_config
from core.start.puzzle import Puzzle, PuzzleStore
from core.start.story import read_story
from core.store.runs import Run, RunStore
from tests.anonymous_memory import MEMORY_LIMIT_MB, AnonymousMemory
from tests.browser.app_server import ROOT, Server
from tests.browser.conftest import settle

pytestmark = pytest.mark.slow

WAIT = 900_000
"""Milliseconds for two trainings and the search between them: a minute on two cores with nothing beside it."""
SMALLER: dict[str, dict[str, Any]] = {
    "question-bottleneck": {"data.image_size": 64},
    "question-end-to-end": {"data.image_size": 64, "data.augmentation_draws": 3},
}
"""Images of 64 pixels, not 224: opacities are 6 to 10 pixels wide, and a head has 655 thousand weights of 4 million.
Three draws of each, not ten, for ten epochs: features of 2,400 images."""
SHRINK = f"""from core.config import PRESETS
for preset, smaller in {SMALLER}.items():
    PRESETS[preset].update(smaller)
"""
"""A program that makes the images of the presets smaller."""
SOLVE = f"""{SHRINK}import sys
from core.__main__ import main
sys.exit(main())
"""
SEEDS = (1, 2, 3, 4)
"""That of the two trainings, and those with which the search trains both anew."""
THE_SAME = {"training.mode", "data.drop_remainder"}
"""What cannot matter here, so that the search trains both ends alike in it: the backbone is frozen, 800 images are
whole batches of 20."""


@pytest.fixture(scope="module")
def puzzle_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of all trainings of this file; as a newcomer's, it is empty, and the sample is drawn first."""
    return tmp_path_factory.mktemp("puzzle") / "home"


@pytest.fixture(scope="module")
def memory(puzzle_home: Path) -> Iterator[AnonymousMemory]:
    """Of all workers of this file, from its first test on."""
    watch = AnonymousMemory(puzzle_home)
    watch.start()
    yield watch
    watch.done.set()


@pytest.fixture(scope="module")
def server(puzzle_home: Path) -> Iterator[Server]:
    running = Server(puzzle_home, before=SHRINK)
    yield running
    running.close()


@pytest.mark.browser
@pytest.mark.usefixtures("memory")
def test_the_puzzle_ends_with_the_setting_that_made_the_difference(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Run the demo").click()
    page.wait_for_url(re.compile(r"/live\?run=[0-9]{8}-"), timeout=60_000)
    expect(page.get_by_role("heading", name="Puzzle: bottleneck")).to_be_visible()

    page.goto(server.url)
    # The sidebar has the same link, drawn a moment earlier or later.
    page.get_by_test_id("stMainBlockContainer").get_by_role("link", name="See the verdict").click(timeout=WAIT)
    settle(page)
    expect(page.get_by_role("heading", name="Diagnose")).to_be_visible()
    expect(page.get_by_text("One setting makes the difference")).to_be_visible()
    expect(page.get_by_text(re.compile(r"data\.shuffle .*alone, switched in the good run, takes"))).to_be_visible()
    expect(page.get_by_text(re.compile("The batches differ at epoch 1, batch 1")).first).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Report, HTML").click()
    report = download.value.path().read_text(encoding="utf-8")
    assert "data.shuffle" in report
    assert str(server.home) not in report
    assert "<img" not in report
    assert "Traceback" not in server.log()


def test_with_each_of_four_seeds_the_two_ways_of_the_question_disagree(
    puzzle_home: Path, memory: AnonymousMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_HOME", str(puzzle_home))
    puzzle, trials = solved()
    ends: dict[bool, dict[int, Run]] = {False: {}, True: {}}
    for trial in trials:
        if not trial["from_b"] or len(trial["from_b"]) == 2:
            ends[bool(trial["from_b"])][trial["seed"]] = RunStore().get(trial["run"])
    bottleneck, end_to_end = ends[False], ends[True]
    assert (bottleneck[1].id, end_to_end[1].id) == tuple(run.id for run in puzzle.runs())
    for seed in SEEDS:
        for runs, preset in ((bottleneck, "question-bottleneck"), (end_to_end, "question-end-to-end")):
            asked, given = (
                make_config("sample", {**SMALLER[preset], "training.seed": seed}, preset=preset),
                runs[seed].config(),
            )
            differing = {key for key, value in asked.settings().items() if given.settings()[key] != value}
            assert (given.dataset, differing - THE_SAME) == ("sample", set()), seed
        learnt, stuck = figures(bottleneck[seed]), figures(end_to_end[seed])
        best = int(np.argmax(learnt["val_accuracy"]))
        assert learnt["val_accuracy"][best] >= 0.80, seed
        assert learnt["val_auc"][best] >= 0.90, seed
        assert len(stuck["val_accuracy"]) == 10
        assert stuck["val_accuracy"][-1] <= 0.55, seed
    assert 0 < memory.peak < MEMORY_LIMIT_MB


def figures(run: Run) -> dict[str, Any]:
    """One value an epoch, by name."""
    return dict(run.history())


def solved() -> tuple[Puzzle, Sequence[Any]]:
    """The puzzle of this home with the trials of its search; where there is no browser the command line solves it."""
    story = read_story()
    if story is None or not story.verdict:
        command = [sys.executable, "-c", SOLVE, "puzzle", "--json"]
        subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, check=True)
    puzzle = PuzzleStore().newest()
    assert puzzle
    return puzzle, BisectStore().get(puzzle.bisect_id()).result()["arms"]
