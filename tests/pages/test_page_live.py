"""Live: which run is shown, what it says, what its buttons do."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from core import files
from core.errors import RunError
from core.store.notes import write_note
from core.store.runs import RunStore
from core.workers import launch
from core.workers.predict_client import NOT_MEDICAL
from pages.shared.widgets.text import plain
from tests.pages.driver import elements


def open_live(**query: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    return at.switch_page("pages/live.py").run()


def shown_run(at: AppTest) -> str:
    value = at.query_params["run"]
    return value[0] if isinstance(value, list) else value


def metric(at: AppTest, label: str) -> tuple[str, str]:
    found = next(m for m in at.metric if m.label == label)
    return found.value, found.delta


def texts(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption, *at.text, *at.subheader])


def own_labels(at: AppTest) -> list[str]:
    """Labels of the buttons, but for those that every run has."""
    return [b.label for b in at.button if b.label not in ("Clone", "Delete", "Save")]


def test_without_runs_it_says_what_to_do():
    at = open_live()
    assert not at.exception
    assert at.info[0].value.startswith("There are no runs yet.")
    assert "Set up a training" in [link.label for link in elements(at, "page_link")]


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "x" * 5000, "20260101-000000-000-000000", "肺 \\ %00", "\0"])
def test_unknown_run_is_said_and_the_list_is_offered(make_run, run_id):
    make_run("the only one")
    at = open_live(run=run_id)
    assert not at.exception
    assert at.error[0].value == "No such run. Choose one from the list."
    assert at.selectbox[0].value is None
    assert not at.metric


def test_choosing_from_the_list_shows_the_run_and_names_it_in_the_address(make_run):
    run = make_run("the only one")
    at = open_live(run="nonsense")
    at.selectbox[0].set_value(run.id).run()
    assert not at.error
    assert shown_run(at) == run.id
    assert at.subheader[0].value == "the only one"


def test_the_address_decides_and_without_one_the_run_at_work(make_run):
    busy = make_run("busy", "queued")
    newest = make_run("newest")
    assert shown_run(open_live()) == busy.id
    assert open_live(run=newest.id).subheader[0].value == "newest"


def test_run_at_work_shows_progress_speed_and_last_epoch(make_run):
    facts = {"epochs": 10, "batch": 5, "batches": 20, "done": 30, "total": 120, "phase": "training"}
    run = make_run(
        "busy", "running", records=2, eta_seconds=125, images_per_second=41.6, memory_mb=700.2, message="*x*", **facts
    )
    at = open_live(run=run.id)
    assert not at.exception
    assert [bar.text for bar in elements(at, "progress")] == [
        "Epoch 2 of 10, batch 5 of 20",
        "Images: 30 of 120",
    ]
    assert [bar.value for bar in elements(at, "progress")] == [12, 25]
    line = next(caption.value for caption in at.caption if "Images per second" in caption.value)
    assert "about 2 min**" in line
    assert "Images per second: **42** · Memory: **700 MB**" in line
    # 0.55 of 4 images is 2 of 4: Wilson gives 0.150 to 0.850.
    assert metric(at, "Validation accuracy") == ("55.0\xa0%", "95 % CI 15.0 to 85.0")
    assert metric(at, "Validation AUC")[0] == "0.650"
    assert metric(at, "Majority-class baseline")[0] == "75.0\xa0%"
    assert at.text[0].value == "*x*"
    assert [json.loads(chart.proto.spec)["title"] for chart in at.get("vega_lite_chart")] == [
        "Loss", "Accuracy", "AUC",
    ]  # fmt: skip


def test_curves_can_be_smoothed_and_drawn_by_powers_of_ten(make_run):
    at = open_live(run=make_run("done", records=3).id)
    at.toggle(key="curves_log").set_value(True).run()
    at.slider(key="curves_smoothing").set_value(0.5).run()
    assert not at.exception
    specs = [json.loads(chart.proto.spec) for chart in at.get("vega_lite_chart")]
    assert specs[0]["title"] == "Loss, smoothed"
    assert specs[0]["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"


def test_a_run_that_waits_has_no_empty_bars(make_run):
    at = open_live(run=make_run("waits", "queued").id)
    assert elements(at, "progress") == []
    assert not at.get("vega_lite_chart")
    assert at.text[0].value == "Waiting for its turn."
    assert "No progress count" not in texts(at)


def test_a_run_that_waits_says_how_many_are_before_it(make_run):
    make_run("at work", "running")
    first, second = make_run("first", "queued"), make_run("second", "queued")
    at = open_live(run=first.id)
    assert at.text[0].value == "Waiting for its turn: 1 run before it."
    assert [option.split(" · ")[1] for option in at.selectbox[0].options] == ["running", "queued", "queued"]
    assert open_live(run=second.id).text[0].value == "Waiting for its turn: 2 runs before it."


def test_awkward_names_are_shown_literally(make_run, evaluation):
    name = "<b>x</b> ![y](http://e.x/z.png) $a$ :red[b] 肺炎 Über"
    run = make_run(name, records=3, model=True)
    files.write_json(run.path / "evaluation.json", evaluation)
    at = open_live(run=run.id)
    assert not at.exception
    assert at.subheader[0].value == plain(name)
    said = texts(at)
    assert plain(evaluation["classes"][0]) in said
    assert "![" not in said.replace("\\!\\[", "")


def test_evaluation_is_shown_with_its_mistakes(make_run, evaluation):
    run = make_run("done", records=3, model=True)
    files.write_json(run.path / "evaluation.json", evaluation)
    at = open_live(run=run.id)
    assert [tab.label for tab in at.tabs] == ["Validation"]
    assert metric(at, "Accuracy") == ("50.0\xa0%", "95 % CI 15.0 to 85.0")
    assert metric(at, "Correct") == ("2", "of 4")
    assert len(at.get("plotly_chart")) == 2
    # Listed and there: an image. Listed and gone, or never listed: a sentence.
    assert len(at.get("image")) == 1
    assert texts(at).count("The image file is missing") == 2
    assert [link.label for link in elements(at, "page_link")].count("Predict with this run") == 1
    assert NOT_MEDICAL not in [warning.value for warning in at.warning]


def test_medical_images_come_with_the_warning(make_run, evaluation):
    run = make_run("done", records=3, classes=("NORMAL", "PNEUMONIA"))
    files.write_json(run.path / "evaluation.json", {**evaluation, "classes": ["NORMAL", "PNEUMONIA"]})
    assert NOT_MEDICAL in [warning.value for warning in open_live(run=run.id).warning]


def test_test_split_has_a_tab_of_its_own(make_run, evaluation):
    run = make_run("done", records=3)
    files.write_json(run.path / "evaluation.json", {**evaluation, "test": evaluation["val"]})
    assert [tab.label for tab in open_live(run=run.id).tabs] == ["Validation", "Test"]


def test_no_mistakes_is_said(make_run, evaluation):
    run = make_run("done", records=3)
    files.write_json(run.path / "evaluation.json", {**evaluation, "val": {**evaluation["val"], "worst": []}})
    assert open_live(run=run.id).success[0].value == "No misclassified images."


def test_failed_run_says_why_and_shows_the_log_of_a_program_fault_only(make_run):
    ours = make_run("ours", "failed", message="It broke <b>here</b>.", fault="program")
    theirs = make_run("theirs", "failed", message="There is no folder x.", fault="user")
    for run in (ours, theirs):
        (run.path / "worker.log").write_text("Traceback: ...")
    at = open_live(run=ours.id)
    assert at.error[0].value == plain("It broke <b>here</b>.")
    assert at.code[0].value == "Traceback: ..."
    at = open_live(run=theirs.id)
    assert at.error[0].value == plain("There is no folder x.")
    assert not at.code


def test_stop_asks_the_worker_and_says_so(make_run):
    run = make_run("busy", "queued")
    at = open_live(run=run.id)
    next(b for b in at.button if b.label == "Stop the run").click().run()
    assert run.stop_requested()
    assert "the model so far is kept" in at.toast[0].value
    assert own_labels(at) == ["Kill the process"]


def test_stop_that_comes_too_late_is_one_sentence(make_run, monkeypatch):
    run = make_run("busy", "queued")
    at = open_live(run=run.id)

    def refuse(run):
        raise RunError(f"run {run.id} is not running: it is finished")

    monkeypatch.setattr(launch, "stop", refuse)
    next(b for b in at.button if b.label == "Stop the run").click().run()
    assert not at.exception
    assert at.error[0].value == plain(f"Run {run.id} is not running: it is finished.")


def test_resume_starts_a_worker_that_ends_with_the_server(make_run, monkeypatch):
    run, started = make_run("broken off", "stopped", records=2), []
    monkeypatch.setattr(launch, "start", lambda run, *, parent_pipe: started.append((run.id, parent_pipe)))
    at = open_live(run=run.id)
    next(b for b in at.button if b.label == "Resume").click().run()
    assert not at.exception
    assert started == [(run.id, True)]
    assert at.toast[0].value == plain("Resumed.")
    assert run.read_status().status == "queued"


def test_other_runs_at_work_are_offered(make_run):
    first = make_run("first")
    second = make_run("second *x*", "queued")
    links = [link.label for link in elements(open_live(run=first.id), "page_link")]
    assert "Watch the next run" in links
    assert f"{plain('second *x*')} · queued" in links
    assert "Watch the next run" not in [link.label for link in elements(open_live(run=second.id), "page_link")]


def test_damaged_run_is_no_crash(make_run):
    run = make_run("damaged", records=1)
    for name in ("config.json", "status.json", "manifest.json", "evaluation.json", "events.jsonl"):
        (run.path / name).write_text("{ no json")
    at = open_live(run=run.id)
    assert not at.exception
    assert [error.value for error in at.error] == [
        "The settings of this run cannot be read: its config.json is damaged or of a newer version.",
        plain(f"Run “{run.id}” is damaged: status.json: it is not JSON. Resume it, or delete it."),
    ]
    assert [warning.value for warning in at.warning] == [
        "Damaged and ignored: " + plain("manifest.json: it is not JSON; evaluation.json: it is not JSON") + "."
    ]
    assert "Delete" in [button.label for button in at.button]


def test_a_damaged_status_hides_no_epochs(make_run):
    run = make_run("half there", records=3)
    (run.path / "status.json").write_text("{")
    at = open_live(run=run.id)
    assert at.error[0].value.startswith(plain("Run “half there” is damaged:"))
    assert at.text[0].value == "Ended after epoch 3."


def test_tags_are_shown_literally(make_run):
    run = make_run("done")
    write_note(run, "", ["größe :red[t]"])
    badge = next(one.value for one in open_live(run=run.id).markdown if "größe" in one.value)
    assert badge.endswith("größe \\:red\\[t\\]]")


def test_settings_mark_what_differs_from_the_recommended(make_run):
    make_run("own", settings={"data.batch_size": 7})
    table = open_live().dataframe[0].value
    assert table.iloc[0][["Key", "Value", "Recommended", "Differs"]].tolist() == [
        "data.batch_size",
        "7",
        "32",
        "✓",
    ]
    assert (table["Differs"] == "✓").sum() == 1


def test_an_imported_model_is_told_apart_from_a_training_with_the_same_settings(make_run):
    run = make_run("theirs", records=1, model=True, classes=("cat", "dog", "owl"), phase="saving")
    at = open_live()
    assert "EfficientNetLite0" in texts(at)
    assert ":material/check: Training" in texts(at)
    assert any(one.label.startswith("Settings (") for one in at.expander)
    record = {**run.data().to_dict(), "imported": {"sha256": "x"}}
    files.write_json(run.path / "manifest.json", record)
    at = open_live()
    assert not at.exception
    assert "Imported model · 224 pixels · 3 classes · created" in texts(at)
    assert "EfficientNetLite0" not in texts(at)
    assert ":material/check: Training" not in texts(at)
    assert not any(one.label.startswith("Settings (") for one in at.expander)


def test_only_the_newest_runs_are_listed_but_an_older_one_is_found(make_run, monkeypatch):
    monkeypatch.setattr("pages.shared.run.view.LISTED", 2)
    old = make_run("old")
    for name in "abc":
        make_run(name)
    at = open_live(run=old.id)
    assert at.subheader[0].value == "old"
    assert len(at.selectbox[0].options) == 3
    assert len(RunStore().list()) == 4


def test_the_learning_rate_has_a_curve_where_it_may_be_halved(make_run):
    run = make_run("steps", records=2, settings={"training.reduce_on_plateau": 2})
    for epoch, rate in ((3, 1e-3), (4, 5e-4)):
        run.add_event("epoch", epoch=epoch, phase="training", seconds=1.0, learning_rate=rate, val_loss=1.0)
    at = open_live(run=run.id)
    assert not at.exception
    charts = at.get("vega_lite_chart")
    assert len(charts) == 4
    assert "Learning rate over the epochs. In epoch 4 it is 0.0005." in str(charts[3].proto)


def test_a_learning_rate_that_never_changes_is_a_number(make_run):
    run = make_run("constant", records=1)
    for epoch in (2, 3):
        run.add_event("epoch", epoch=epoch, phase="training", seconds=1.0, learning_rate=5e-4, val_accuracy=0.5)
    at = open_live(run=run.id)
    assert not at.exception
    assert len(at.get("vega_lite_chart")) == 3
    assert "Learning rate: **0.0005** in every epoch." in [caption.value for caption in at.caption]
