"""Run folders: how they are found, and what they say after a worker died without a word."""

import dataclasses
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.config import RunConfig, make_config
from core.errors import RunError
from core.store.run_records import Evaluation
from core.store.runs import ACTIVE, METRICS, RESUMABLE, STATUSES, Run, RunStore, Status


@pytest.fixture
def run() -> Run:
    return RunStore().create(make_config("sample", {}))


def named(name: str) -> Run:
    return RunStore().create(make_config("sample", {}, name=name))


def folder(run_id: str) -> Run:
    """A run of a chosen id."""
    path = RunStore().root / run_id
    path.mkdir(parents=True)
    return Run(path)


def refusal(run_id: str) -> str:
    with pytest.raises(RunError) as error:
        RunStore().get(run_id)
    return str(error.value)


def test_every_status_has_a_sentence_and_a_place() -> None:
    assert all(text.endswith(".") for text in STATUSES.values())
    assert {*ACTIVE, *RESUMABLE, "finished"} == set(STATUSES)
    assert [name for name in STATUSES if Status(status=name).is_active] == [*ACTIVE]


def test_a_new_run_is_queued_and_has_its_configuration(home: Path) -> None:
    config = make_config("sample", {"data.seed": 5}, name="fünf")
    before = time.time()
    run = RunStore().create(config)
    assert run.path.parent == home / "runs"
    assert run.config() == config
    status = run.status()
    assert (status.status, status.message, status.pid) == ("queued", "Waiting for its turn.", None)
    assert before <= status.created <= time.time()
    assert status.queued == status.heartbeat == pytest.approx(time.monotonic(), abs=10)
    assert sorted(path.name for path in run.path.iterdir()) == ["config.json", "status.json"]


def test_an_id_begins_with_the_time_of_day_in_utc(run: Run) -> None:
    assert run.id.startswith(time.strftime("%Y%m%d-%H", time.gmtime(run.status().created)))
    assert len(run.id) == len("20260102-030405-678-abcdef")


def test_runs_are_listed_newest_first_and_nothing_else_is(home: Path) -> None:
    assert RunStore().list() == []
    ids = ["20260101-000000-001-aaaaaa", "20260101-000000-002-000000", "20251231-235959-999-ffffff"]
    for run_id in ids:
        folder(run_id)
    for other in (".DS_Store", "20260101-000000-001-aaaaaa.bak", "old"):
        (home / "runs" / other).mkdir()
    assert [run.id for run in RunStore().list()] == [ids[1], ids[0], ids[2]]


def test_a_run_is_found_by_its_id_a_part_of_it_or_its_name() -> None:
    run = named("My run")
    named("Another")
    for text in (run.id, run.id[-6:], "My run"):
        assert RunStore().get(text).id == run.id
    assert RunStore().get(folder("20250101-000000-001-aaaaaa").id[:6]).id == "20250101-000000-001-aaaaaa"


def test_two_runs_of_one_name_must_be_told_apart_by_id() -> None:
    ids = sorted((named("twice").id, named("twice").id), reverse=True)
    assert refusal("twice") == f'"twice" could be 2 runs: {ids[0]}, {ids[1]}; give the full id'
    assert RunStore().get(ids[0]).id == ids[0]


def test_a_whole_id_wins_over_a_run_that_bears_it_as_its_name() -> None:
    run = named("first")
    named(run.id)
    assert RunStore().get(run.id).id == run.id


@pytest.mark.parametrize(
    "run_id",
    ["", ".", "..", "../../etc/passwd", "/etc/passwd", "20260101-000000-001-aaaaaa/../x", "nothing", "\0", "*"],
)
def test_what_is_no_run_is_refused_even_when_it_is_a_path(run: Run, run_id: str) -> None:
    (run.path.parent / "x").mkdir()
    assert refusal(run_id) == f'there is no run "{run_id}"; `python -m core runs` lists them'


def test_an_unknown_id_is_shown_in_part_when_it_is_long() -> None:
    assert refusal("z" * 5000) == f'there is no run "{"z" * 100}"; `python -m core runs` lists them'


def test_a_run_cannot_be_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError) as error:
        RunStore(tmp_path / "file").create(RunConfig())
    assert (
        str(error.value)
        == f"cannot create a run in {tmp_path / 'file'}: Not a directory; set PARITY_HOME to a folder that can be "
        "written"
    )


def test_a_data_set_in_a_folder_whose_name_is_no_valid_text_can_be_configured() -> None:
    config = make_config(os.fsdecode(b"/data/b\xffad"), {})
    assert RunStore().create(config).config() == config


@pytest.mark.parametrize("content", [b"", b"\xff\xfe{", b"[]", b'{"format": 99}', b'{"data": {"seed": "x"}}'])
def test_a_damaged_configuration_names_the_run_which_keeps_its_id_as_title(run: Run, content: bytes) -> None:
    (run.path / "config.json").write_bytes(content)
    with pytest.raises(RunError, match=rf"^run {run.id} cannot be read: ."):
        run.config()
    assert run.title() == run.id
    assert RunStore().get(run.id[-6:]).id == run.id


def test_a_run_that_was_deleted_meanwhile_is_said_to_be_gone_and_no_path_is_told(run: Run) -> None:
    (run.path / "config.json").unlink()
    with pytest.raises(RunError, match=rf"^run {run.id} cannot be read: config\.json: No such file or directory$"):
        run.config()
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match=rf"^run {run.id} does not exist any more; choose another$"):
        run.config()


def test_a_run_is_called_by_its_name() -> None:
    assert named("Äpfel").title() == "Äpfel"
    unnamed = named("")
    assert unnamed.title().startswith("EfficientNetLite0, frozen, ")


def test_a_status_comes_back(run: Run) -> None:
    status = Status(status="finished", epoch=3, seconds={"total": 1.5}, eta_seconds=None, pid=7)
    run.write_status(status)
    assert run.read_status() == status


CREATED = "input should be less than or equal to 4102444800, but 1e+18 is there"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "the whole file is invalid (input should be a valid dictionary, but [] is there)"),
        (b"{}", "status is invalid (field required, but {} is there)"),
        (b'{"status": "finished", "created": 1e18}', f"created is invalid ({CREATED})"),
        (b'{"status": "finished", "created": "x"}',
         "created is invalid (input should be a valid number, but 'x' is there)"),
        (b'{"status": "finished", "epoch": true}',
         "epoch is invalid (input should be a valid integer, but True is there)"),
        (b'{"status": "finished", "x": %s}' % (b"9" * 4000), "it has a whole number of more than 15 digits"),
        (b'{"status": "finished", "x": "%s"}' % (b"9" * 300_000), "it has more than 200,000 bytes"),
    ],
    ids=range(11),
)  # fmt: skip
def test_a_damaged_status_is_told_and_the_run_keeps_its_day(run: Run, content: bytes, why: str) -> None:
    (run.path / "status.json").write_bytes(content)
    message = f"Run “{run.title()}” is damaged: status.json: {why}. Resume it, or delete it."
    found = run.read_status()
    assert (found.status, found.message, found.fault) == ("damaged", message, "program")
    assert found.created == pytest.approx(time.time(), abs=5)
    assert run.status() == found


@pytest.mark.parametrize("word", ["asleep", "damaged"])
def test_a_status_that_no_run_writes_is_damaged(run: Run, word: str) -> None:
    files.write_json(run.path / "status.json", {"status": word})
    assert run.read_status().message.startswith(f"Run “{run.title()}” is damaged: status.json: status is invalid (")


def test_texts_of_a_status_can_be_shown(run: Run) -> None:
    (run.path / "status.json").write_text('{"status": "failed", "message": "\\udcff%s", "epoch": NaN}' % ("x" * 30_000))
    assert run.read_status().status == "damaged"  # epoch may not be null
    (run.path / "status.json").write_text('{"status": "failed", "message": "\\udcff%s"}' % ("x" * 30_000))
    assert run.read_status().message == f"?{'x' * 19_999}"


def test_facts_that_a_newer_version_adds_to_a_status_are_passed_over(run: Run) -> None:
    files.write_json(run.path / "status.json", {"status": "finished", "epoch": 4, "mood": "good"})
    assert run.status() == Status(status="finished", epoch=4)


@pytest.mark.parametrize("status", ACTIVE)
def test_a_run_whose_worker_is_gone_is_interrupted(run: Run, status: str) -> None:
    run.write_status(Status(status=status, pid=1, epoch=3))
    settled = run.status()
    assert (settled.status, settled.epoch) == ("interrupted", 3)
    assert settled.message == "Its process has ended. Resume continues after the last finished epoch."
    assert settled.ended == pytest.approx(time.time(), abs=5)
    assert run.read_status() == settled


def test_a_run_whose_worker_lives_stays_as_it_is(run: Run) -> None:
    running = Status(status="running", pid=1)
    run.write_status(running)
    worker = files.Lock(run.path / "lock")
    assert worker.acquire()
    assert run.status() == running
    worker.release()
    assert run.status().status == "interrupted"


def test_a_queued_run_waits_a_minute_for_its_worker(run: Run) -> None:
    fresh = Status(queued=time.monotonic() - 50)
    run.write_status(fresh)
    assert run.status() == fresh
    run.write_status(dataclasses.replace(fresh, queued=time.monotonic() - 70))
    assert run.status().status == "interrupted"


@pytest.mark.parametrize("status", ["finished", "stopped", "failed"])
def test_a_run_that_has_ended_is_not_settled(run: Run, status: str) -> None:
    run.write_status(Status(status=status, pid=1))
    assert run.status().status == status
    assert not (run.path / "lock").exists()


def epoch(number: Any, **facts: Any) -> dict[str, Any]:
    return {"event": "epoch", "epoch": number, **facts}


def test_after_a_resume_the_later_record_of_an_epoch_counts(run: Run) -> None:
    for number, loss in [(1, 0.9), (2, 0.8), (3, 0.7), (2, 0.5), (3, 0.4)]:
        run.add_event("epoch", epoch=number, loss=loss)
        run.add_event("note", text="in between")
    assert [(record.epoch, record.loss) for record in run.epochs()] == [(1, 0.9), (2, 0.5), (3, 0.4)]


def test_epochs_without_a_number_are_passed_over(run: Run) -> None:
    for record in (epoch("1"), epoch(None), {"event": "epoch"}, epoch(1)):
        files.append_line(run.path / "events.jsonl", record)
    assert [record.epoch for record in run.epochs()] == [1]


def test_history_has_one_value_an_epoch_and_none_where_there_is_none(run: Run) -> None:
    run.add_event("epoch", epoch=1, loss=0.5, val_auc=None)
    run.add_event("epoch", epoch=2, loss=float("nan"), val_auc=0.9)
    history = run.history()
    assert list(history) == [*METRICS]
    assert history["loss"] == [0.5, None]
    assert history["val_auc"] == [None, 0.9]
    assert history["accuracy"] == [None, None]


def test_a_new_run_has_no_results(run: Run) -> None:
    assert (run.events(), run.epochs(), run.evaluation(), run.manifest()) == ([], [], None, None)
    assert not run.has_model()


def test_results_are_read_and_damaged_ones_are_none(run: Run) -> None:
    files.write_json(run.path / "evaluation.json", {"weights": "last"})
    files.write_json(run.path / "manifest.json", ["no", "object"])
    (run.path / "model.keras").write_bytes(b"x")
    assert run.evaluation() == Evaluation(weights="last")
    assert run.manifest() is None
    assert run.has_model()


def test_a_stop_is_asked_for_by_a_file(run: Run) -> None:
    assert not run.stop_requested()
    run.request_stop()
    run.request_stop()
    assert run.stop_requested()
    assert (run.path / "stop").is_file()


def test_a_name_wins_over_the_end_of_another_runs_id() -> None:
    store = RunStore()
    other = store.create(make_config("sample", {}, name="other"))
    named = store.create(make_config("sample", {}, name=other.id[-1]))
    assert store.get(other.id[-1]).id == named.id
    assert store.get(other.id[-6:]).id == other.id
