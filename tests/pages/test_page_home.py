"""Home: the ways to begin, the puzzle's button and the table of runs."""

import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import files, paths
from core.bisect.store import BisectSpec, BisectStore
from core.config import make_config, setting
from core.feature_check.store import FeatureCheckStore
from core.lr_search.store import LrSearchStore
from core.start.puzzle import PuzzleStore
from core.start.story import Story, read_story
from core.store.runs import Run, RunStore, Status
from core.sweep.store import SweepStore
from core.why.store import Why
from core.workers import launch
from pages.shared import state
from pages.shared.home.running import running
from pages.shared.puzzle import puzzle
from pages.shared.run import rows as run_list
from pages.shared.shell.frame import VERSION, about
from pages.shared.widgets.text import plain
from tests.pages.driver import elements

DEMO = "Open the finished example"
"""The way to the shipped runs."""

ASK = "Find the line"
"""The button of the form for two scripts."""


@pytest.fixture
def started(monkeypatch):
    """Ids of the runs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda run, *, parent_pipe: ids.append(run.id) if parent_pipe else None)
    return ids


@pytest.fixture
def solved(make_pair, started, finish) -> Story:
    """A puzzle of which both runs and the search have ended."""
    runs = make_pair("Puzzle: bottleneck", "Puzzle: end to end")
    job, bisect = PuzzleStore().create(runs), BisectSpec(*runs).make("")
    job.write_result({"bisect": bisect.id})
    job.write_status(Status(status="finished", created=1e9))
    finish(bisect, "single", factors=["data.shuffle"], sentence="data.shuffle did it")
    story = read_story()
    assert story
    return story


def links(at: AppTest) -> dict[str, str]:
    """Label of every link on the page -> what its address asks for."""
    return {link.label: link.proto.query_string for link in elements(at.main, "page_link")}


def open_home() -> AppTest:
    return AppTest.from_file("../../app.py", default_timeout=60).run()


def make_run(name: str, status: str, **facts) -> Run:
    run = RunStore().create(make_config("sample", {}, name=name))
    run.write_status(Status(status=status, created=1e9, **facts))
    return run


def test_without_runs_it_says_what_to_do():
    at = open_home()
    assert not at.exception
    assert at.info[0].value.startswith("No runs yet.")
    assert [button.label for button in at.button] == [DEMO, "Run the demo", ASK]


def test_puzzle_queues_both_runs_in_order_and_opens_the_first(started):
    at = open_home()
    at.button[1].click().run()
    assert not at.exception
    (job,) = PuzzleStore().list()
    assert started == [job.id]
    configs = [run.config() for run in job.runs()]
    assert [config.name for config in configs] == ["Puzzle: bottleneck", "Puzzle: end to end"]
    assert [config.training.mode for config in configs] == ["bottleneck", "end_to_end"]
    assert [config.data.shuffle for config in configs] == ["samples", "none"]
    assert at.query_params["run"] in (job.runs()[0].id, [job.runs()[0].id])


def test_puzzle_under_way_has_links_instead_of_a_button(started):
    first = puzzle.start()
    at = open_home()
    assert not at.exception
    assert [button.label for button in at.button] == [DEMO, "Stop the demo", ASK]
    assert links(at)["Watch the run"] == f"run={first.id}"
    assert [line.value.split(" · ")[-1] for line in at.markdown if " · " in line.value][:3] == [
        "queued", "queued", "starts when both have finished",
    ]  # fmt: skip


def test_a_puzzle_is_stopped_and_goes_on_from_home(started):
    puzzle.start()
    at = open_home()
    at.button(key="puzzle_stop").click().run()
    (job,) = PuzzleStore().list()
    assert job.stop_requested()
    for ended in (job, *job.runs()):
        ended.write_status(Status(status="stopped", created=1e9))
    at = open_home()
    assert [button.label for button in at.button] == [DEMO, "Resume the demo", "Run the demo again", ASK]
    at.button(key="puzzle_resume").click().run()
    assert not at.exception
    assert job.read_status().status == "queued" and not job.stop_requested()
    assert started == [job.id, job.id]


def test_solved_puzzle_shows_the_verdict_and_leads_to_it(solved):
    at = open_home()
    assert not at.exception
    assert plain(f"found: {setting('data.shuffle').metadata['label']} (data.shuffle)") in "\n".join(
        str(line.value) for line in at.markdown
    )
    assert solved.bisect in links(at)["See the verdict"]
    assert [button.label for button in at.button] == [DEMO, "Run the demo again", ASK]


def test_runs_of_a_search_are_not_listed(solved):
    trial = make_run("bisect: A again", "finished")
    bisect = BisectStore().get(solved.bisect)
    bisect.write_result({**bisect.result(), "arms": [{"run": trial.id}]})
    assert list(open_home().dataframe[0].value["name"]) == ["Puzzle: end to end", "Puzzle: bottleneck"]


def test_refusal_is_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "file"))
    at = open_home()
    at.button[1].click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert "Cannot create a run in" in at.error[0].value


def test_table_shows_names_literally_and_the_last_and_best_accuracy():
    name = "Röntgen *neu* [x](http://y) <b>猫</b>"
    run = make_run(name, "finished")
    for epoch, value in enumerate((0.6, 0.9, 0.8), 1):
        run.add_event("epoch", epoch=epoch, val_accuracy=value, val_loss=1 - value)
    at = open_home()
    assert not at.exception
    row = at.dataframe[0].value.iloc[0]
    assert (row["name"], row["status"], row["mode"]) == (name, "Finished", "Bottleneck")
    assert (row["last"], row["best"]) == pytest.approx((80, 90))  # percent
    assert not {"tags", "caveats", "note"} & set(at.dataframe[0].value)  # nobody has written any, nothing is known
    assert list(row["val_loss"]) == pytest.approx([0.4, 0.1, 0.2])


def test_run_without_name_or_epochs_and_a_damaged_run_have_rows():
    plain = make_run("", "stopped")
    damaged = make_run("x", "finished")
    (damaged.path / "config.json").write_text("{")
    rows = {row["id"]: row for row in run_list.recent_runs()}
    assert rows[plain.id]["name"] == "EfficientNetLite0, frozen, 224 px, lr 0.001"
    assert rows[plain.id]["last"] is None
    assert rows[damaged.id]["mode"] == "unknown"
    assert not open_home().exception


def test_row_follows_the_files_of_the_run():
    run = make_run("a", "finished")
    assert run_list.recent_runs()[0]["last"] is None
    run.add_event("epoch", epoch=1, val_accuracy=0.75)
    assert run_list.recent_runs()[0]["last"] == 0.75


def test_run_whose_worker_is_gone_is_shown_as_interrupted():
    make_run("gone", "running", pid=1)
    assert run_list.recent_runs()[0]["status"] == "Interrupted"


def test_a_zip_dropped_on_home_is_one_press_of_start_away_from_a_training(started):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for k in range(40):
            image = io.BytesIO()
            Image.fromarray(np.random.default_rng(k).integers(0, 256, (32, 32, 3), np.uint8)).save(image, "PNG")
            archive.writestr(f"{'ab'[k % 2]}/{k}.png", image.getvalue())
    at = open_home()
    at.file_uploader[0].upload("Tiere.zip", out.getvalue()).run()
    assert not at.exception
    assert any("Tiere" in str(line.value) for line in at.markdown)
    next(button for button in at.button if button.label == "Start training").click().run()
    assert not at.exception
    assert [error.value for error in at.error] == []
    (run,) = RunStore().list()
    assert started == [run.id]
    assert Path(run.config().dataset).parent == paths.uploads_folder()


def test_a_damaged_zip_on_home_is_one_sentence():
    at = open_home()
    at.file_uploader[0].upload("bad.zip", b"nonsense").run()
    assert not at.exception
    assert len(at.error) == 1
    assert not at.file_uploader[0].value


def test_the_demo_opens_a_finished_run_and_stays_after_the_first_use():
    at = open_home()
    at.button[0].click().run()
    assert not at.exception
    assert "Finished" in "".join(str(line.value) for line in at.markdown)
    assert open_home().button[0].label == DEMO


def test_the_menu_tells_version_help_and_how_to_report_a_problem():
    for words in (VERSION, "Help", "Report a problem"):
        assert words in about()


def test_work_under_way_stands_above_the_runs_with_its_progress_and_stops(started):
    run = make_run("Lauf *1*", "running", epoch=2, epochs=4, message="Epoch 2 of 4.", queued=time.monotonic())
    sweep = SweepStore().create(make_config("sample", {}), [], 5.0)
    at = open_home()
    assert not at.exception
    told = [line.value.replace("\\", "") for line in at.markdown]
    assert "**Run: Lauf *1***" in told
    assert any(line.startswith("**Sweep") for line in told)
    assert 25 in [bar.proto.value for bar in at.get("progress")]
    found = links(at)
    assert {f"run={run.id}", f"sweep={sweep.id}"} <= {
        link.proto.query_string for link in elements(at.main, "page_link")
    }
    assert "Open" in found
    at.button(key=f"stop:{run.id}").click().run()
    assert not at.exception
    assert run.stop_requested()
    assert at.button(key=f"stop:{run.id}").disabled


def test_a_question_of_two_scripts_is_one_row():
    """Its runs and its search are stopped with it; a run of nobody's question keeps its own row."""
    times = {"queued": time.monotonic()}
    alone, first, second = (make_run(name, "running", **times) for name in ("alone", "first", "second"))
    config = {"format": 1, "dataset": "sample", "budget_minutes": 5, "runs": [first.id, second.id], "scripts": []}
    folder = paths.home() / "whys" / "20261130-120000-000-abcdef"
    folder.mkdir(parents=True)
    files.write_json(folder / "config.json", config)
    Why(folder).write_status(Status(status="running", heartbeat=time.monotonic(), queued=times["queued"]))
    assert {job.id for _, job, _ in running()} == {alone.id, folder.name}


def test_a_check_and_a_rate_search_under_way_open_by_their_addresses():
    config = make_config("sample", {})
    jobs = {"check": FeatureCheckStore().create(config, None), "rate": LrSearchStore().create(config)}
    for job in jobs.values():
        job.write_status(Status(status="running", heartbeat=time.monotonic(), queued=time.monotonic()))
    found = {link.proto.query_string for link in elements(open_home().main, "page_link")}
    assert {f"{name}={job.id}" for name, job in jobs.items()} <= found


def test_a_question_in_the_address_that_does_not_exist_is_told_and_the_last_one_stays():
    at = AppTest.from_file("../../app.py", default_timeout=30)
    at.query_params["why"] = "20261130-120000-000-abcdef"
    assert [box.value for box in at.run().warning] == ["The question in the address does not exist (any more)."]
    assert not open_home().warning


def test_without_work_nothing_is_said_of_it():
    make_run("done", "finished")
    at = open_home()
    assert not any("Running now" in header.value for header in at.subheader)


def test_both_ways_stay_when_there_are_runs_and_a_folder_leads_to_train(image_folder, monkeypatch, tmp_path):
    make_run("done", "finished")
    folder = image_folder("photos/apples and pears", train=(3, 3), val=(2, 2))
    monkeypatch.setenv("PARITY_DATA", str(folder.parent))
    at = open_home()
    assert not at.exception
    assert {"Train on your images", "See the demo"} <= {h.value.split(": ")[-1] for h in at.subheader}
    at.selectbox(key=state.HOME_FOLDER).set_value("apples and pears").run()
    assert not at.exception
    assert at.session_state[state.DATASET] == str(folder)
    assert at.title[0].value == "Train"
    assert not next(button for button in at.button if button.label == "Start training").disabled
