"""Jobs that are no runs: their folders, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from core import files
from core.errors import ConfigError, RunError
from core.jobs import job as jobs
from core.jobs.job import Job, JobStore, rounded_minutes
from core.store.runs import Run, Status
from core.workers import launch


class Wish(Job):
    noun, at_end = "wish", "has come true"


class Wishes(JobStore[Wish]):
    kind, folder = Wish, "wishes"

    def create(self, **settings: Any) -> Wish:
        return self._make(settings, "ada", lambda wish: wish.write_result({"of": wish.id}))

    def forget(self, kept: int) -> None:
        self._forget_old(kept)


def finish(job: Job, status: str = "finished") -> None:
    job.write_status(Status(status=status))


def test_a_new_job_is_queued_with_what_was_asked_and_who_asked() -> None:
    wish = Wishes().create(size=3)
    assert wish.path.parent.name == "wishes"
    assert (wish.settings(), wish.owner()) == ({"size": 3}, "ada")
    assert files.read_json(wish.path / "result.json") == {"of": wish.id}
    assert wish.read_status().status == "queued"
    assert [(job.id, type(job)) for job in Wishes().list()] == [(wish.id, Wish)]


def test_it_is_found_by_its_whole_id_only() -> None:
    wish = Wishes().create()
    found = Wishes().by_id(wish.id)
    assert isinstance(found, Wish)
    assert found.path == wish.path
    assert [Wishes().by_id(text) for text in (wish.id[:-1], "", "../runs", "20260101-000000-000-abcdef")] == [None] * 4


def test_a_damaged_settings_file_is_as_good_as_none(tmp_path: Path) -> None:
    for content in (None, "", "[]", '"x"', "{"):
        folder = tmp_path / f"{content!r:.4}".replace("/", "")
        folder.mkdir(exist_ok=True)
        if content is not None:
            (folder / "config.json").write_text(content, encoding="utf-8")
            (folder / "result.json").write_text(content, encoding="utf-8")
        assert Wish(folder).settings() == {}


def test_a_folder_that_cannot_be_made_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match=rf"^cannot create a wish in {tmp_path}/file: Not a directory; set PARITY_HOME"):
        Wishes(tmp_path / "file").create()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_old_ones_go_but_never_one_at_work() -> None:
    made = [Wishes().create(number=number) for number in range(4)]
    for wish in made[1:]:
        finish(wish)
    Wishes().forget(2)
    newest = sorted(made, key=lambda wish: wish.id, reverse=True)
    assert {wish.id for wish in Wishes().list()} == {newest[0].id, newest[1].id, made[0].id}


def test_only_one_that_is_at_work_is_stopped_and_only_one_that_has_ended_early_goes_on() -> None:
    wish = Wishes().create()
    with pytest.raises(RunError, match=rf"^wish {wish.id} is still running; only one that ended early can be resu"):
        jobs.resumable(wish)
    launch.stop(wish)
    assert wish.stop_requested()
    finish(wish, "stopped")
    assert jobs.resumable(wish).status == "stopped"
    with pytest.raises(RunError, match=rf"^wish {wish.id} is not running: it is stopped$"):
        launch.stop(wish)
    finish(wish)
    with pytest.raises(RunError, match=rf"^wish {wish.id} has come true; only one that ended early can be resumed"):
        jobs.resumable(wish)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_a_budget_is_a_positive_number(minutes: float) -> None:
    with pytest.raises(ConfigError, match=rf"^the budget is {minutes} minutes; give a number above 0$"):
        jobs.check_budget(minutes)


def test_a_run_says_that_it_is_one() -> None:
    assert Run.noun == "run"


@pytest.mark.parametrize(("minutes", "said"), [(30.3363, "30.3"), (30.0, "30"), (0.05, "0.05"), (1234.56, "1234.6")])
def test_a_budget_that_was_resumed_is_told_without_its_many_digits(minutes: float, said: str) -> None:
    assert rounded_minutes(minutes) == said
