"""Runs: the table with its state in the address, what is done to chosen runs, and any number of them compared."""

import json

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import files
from core.config import make_config
from core.housekeeping import trash
from core.report.run_report import run_report
from core.runs_table import details
from core.store.notes import read_note, write_note
from core.store.runs import Run, RunStore, Status
from core.sweep.store import SweepStore
from pages.shared import state
from pages.shared.runs import actions, page
from tests.pages.driver import elements

MARKUP = "Größe <b>*fett*</b> [x](http://e.x)"


def open_runs(**address: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=30)
    at.switch_page("pages/runs.py")
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def names(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["name"])


def named(at: AppTest, kind: str, label: str):
    return next(one for one in elements(at.main, kind) if one.label == label)


def press(at: AppTest, label: str) -> AppTest:
    named(at, "button", label).click().run()
    assert not at.exception
    return at


def asked(at: AppTest, name: str) -> str:
    value = at.query_params.get(name, "")
    return value[0] if isinstance(value, list) else value


@pytest.fixture
def three(make_run) -> list[Run]:
    """Three runs: the last one is the worst, has a markup name, and another rate."""
    runs = [
        make_run("good", records=4),
        make_run("better", records=8, settings={"model.backbone": "VGG16"}),
        make_run(MARKUP, "stopped", records=1, settings={"training.learning_rate": 0.01}),
    ]
    write_note(runs[0], "baseline", ["paper"])
    return runs


def test_without_runs_it_says_what_to_do():
    at = open_runs()
    assert at.info[0].value.startswith("There are no runs yet.")
    assert not at.dataframe


def test_one_run_and_its_columns(make_run):
    make_run("only", records=3, seconds={"total": 65.0})
    at = open_runs()
    (row,) = at.dataframe[0].value.to_dict("records")
    assert (row["name"], row["status"], list(row["findings"]), row["seconds"]) == ("only", "Finished", [], "65 s")
    assert (row["val_accuracy"], row["epochs"], row["dataset"]) == (pytest.approx(57.5), 3, "pictures")
    assert list(row["curve"]) == pytest.approx([0.75, 0.7, 0.65])
    assert not named(at, "multiselect", "Chosen runs").value


def test_what_is_shown_is_in_the_address_and_comes_back_from_it(three):
    at = open_runs()
    assert names(at) == [MARKUP, "better", "good"]
    named(at, "selectbox", "Sort by").set_value("val_accuracy").run()
    assert names(at) == ["better", "good", MARKUP]
    press(at, "Largest first")
    assert names(at) == [MARKUP, "good", "better"]
    assert asked(at, "sort") == "val_accuracy:asc"
    named(at, "text_input", "Filter by words").set_value("good").run()
    assert (names(at), asked(at, "q")) == (["good"], "good")
    press(at, "Show all")
    named(at, "multiselect", "Conditions").set_value(["backbone=VGG16"]).run()
    assert (names(at), asked(at, "filter")) == (["better"], "model.backbone=VGG16")
    again = open_runs(sort="val_accuracy:asc", q="o", columns="note,learning_rate", status="finished,stopped")
    assert names(again) == ["good"]
    assert set(list(again.dataframe[0].value)[5:]) == {"note", "training.learning_rate"}
    assert names(open_runs(tags="paper")) == ["good"]
    assert names(open_runs(filter="val_auc>=0.65%2C")) == [MARKUP, "better", "good"], (
        "what is none is left out, and said"
    )


def test_what_cannot_be_asked_is_said(three):
    at = open_runs(filter="nonsense>3,val_auc>0.65", sort="nothing", columns="nothing")
    assert 'there is no column "nonsense"' in at.warning[0].value.replace("\\", "")
    assert names(at) == ["better", "good"]
    named(at, "multiselect", "Conditions").set_value(["val_auc>0.65", "good"]).run()
    assert at.error[0].value.replace("\\", "").startswith('"good" is not a condition')
    assert asked(at, "filter") == "val_auc>0.65"
    at = open_runs(q="nowhere")
    assert at.info[0].value == "No runs match the filter."


def test_settings_that_differ_come_first(three):
    at = open_runs(columns="data.batch_size,learning_rate,epochs")
    assert list(at.dataframe[0].value)[5:] == ["training.learning_rate", "epochs", "data.batch_size"]
    assert list(at.dataframe[0].value["training.learning_rate"]) == ["0.01", "0.001", "0.001"]


def test_damaged_runs_are_rows_that_say_so(three):
    (three[0].path / "status.json").write_text("{")
    (three[1].path / "config.json").write_text("{")
    rows = {row["name"]: row["status"] for row in open_runs().dataframe[0].value.to_dict("records")}
    assert rows == {"good": "Damaged", three[1].id: "Finished, settings damaged", MARKUP: "Stopped"}


def test_a_sweep_is_one_row_that_opens_and_stands_for_its_trials(three):
    sweep = SweepStore().create(make_config("sample", {}), [{"training.learning_rate": 0.1}], 5)
    sweep.write_result({**sweep.result(), "arms": [{"run": run.id} for run in three[:2]]})
    sweep.write_status(Status(status="finished", created=2e9))
    at = open_runs()
    rows = {row["name"]: row["status"] for row in at.dataframe[0].value.to_dict("records")}
    assert rows == {"Sweep: Learning rate": "Finished, 2 trials", MARKUP: "Stopped"}
    at = open_runs(open=sweep.id, chosen=sweep.id)
    assert names(at)[:3] == ["Sweep: Learning rate", "└ better", "└ good"]
    press(at, "Compare")
    assert asked(at, "compare") == f"{three[1].id},{three[0].id}"


def test_chosen_runs_are_tagged_renamed_deleted_and_taken_back(three):
    at = open_runs(chosen=three[0].id)
    named(at, "text_input", "Name").set_value(f"  {MARKUP} 2 ")
    next(one for one in at.button if one.label == "Save" and "rename" in str(one.proto.form_id)).click().run()
    assert three[0].title() == f"{MARKUP} 2"
    assert f"{MARKUP} 2" in names(at)
    actions.tag_runs(three, ["new"], ["PAPER"])
    assert [read_note(run).tags for run in three] == [("new",)] * 3
    at = open_runs(chosen=",".join(run.id for run in three[:2]))
    press(at, "Delete 2")
    assert names(at) == [MARKUP]
    assert len(trash.deleted_runs()) == 2
    assert not asked(at, "chosen")
    press(at, "Undo")
    assert len(names(at)) == 3


def test_chosen_runs_are_exported(three):
    table = actions.table_csv(details_rows(), ["val_accuracy", "tags"]).decode("utf-8-sig").splitlines()
    assert table[0] == "run,name,kind,status,val_accuracy,tags"
    assert table[-1].startswith(f"{three[0].id},good,run,finished,0.6,paper")
    assert actions.reports(three[:2])[:2] == b"PK"


def details_rows():
    from core.runs_table.rows import table_rows

    return table_rows()


def test_runs_are_compared_and_lead_to_diagnose(three, evaluation):
    for run in three[:2]:
        files.write_json(run.path / "evaluation.json", evaluation)
    at = open_runs(chosen=f"{three[0].id},{three[1].id}")
    press(at, "Compare")
    assert [part.value for part in at.subheader] == ["Curves", "What differs", "ROC curves", "Per-class metrics"]
    table = at.dataframe[0]
    assert list(table.value["name"]) == ["better", "good"]
    assert list(table.value)[:3] == ["colour", "name", "val_accuracy"], "in sight on a phone"
    assert table.proto.placeholder == "–"
    differs = at.dataframe[1].value
    assert (list(differs["Key"]), list(differs["better"])) == (["model.backbone"], ["VGG16"])
    charts = [json.loads(chart.proto.spec) for chart in at.get("vega_lite_chart")]
    scales = [spec["layer"][-1]["encoding"]["color"]["scale"] for spec in charts[:3]]
    assert {json.dumps(scale) for scale in scales} == {
        json.dumps({"domain": ["better", "good"], "range": ["#0072B2", "#C47F00"]})
    }
    press(at, "Why do they differ?")
    assert at.title[0].value == "Diagnose"
    assert (asked(at, "a"), asked(at, "b")) == (three[1].id, three[0].id)


def colours(at: AppTest) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Colour and dashes of each run in the first chart."""
    encoding = json.loads(at.get("vega_lite_chart")[0].proto.spec)["layer"][-1]["encoding"]
    scale, dashes = (encoding[name]["scale"] for name in ("color", "strokeDash"))
    return dict(zip(scale["domain"], zip(scale["range"], map(tuple, dashes["range"]), strict=True), strict=True))


def test_a_run_keeps_its_colour_when_others_go_on_diagnose_and_in_its_report(three):
    at = open_runs(compare=",".join(run.id for run in three))
    before = colours(at)
    assert len({colour for colour, _ in before.values()}) == len({dash for _, dash in before.values()}) == 3
    named(at, "multiselect", "Compared runs").set_value([three[2].id, three[1].id]).run()
    assert asked(at, "compare") == f"{three[2].id},{three[1].id}"
    assert colours(at) == {name: before[name] for name in (MARKUP, "better")}
    assert colours(open_runs(compare=f"{three[2].id},{three[0].id}")) == {n: before[n] for n in (MARKUP, "good")}
    at = open_runs().switch_page("pages/diagnose.py")
    at.query_params["a"], at.query_params["b"] = three[2].id, three[1].id
    at.run()
    scale = json.loads(at.get("vega_lite_chart")[0].proto.spec)["encoding"]["color"]["scale"]
    assert scale == {"domain": ["A", "B"], "range": [before[MARKUP][0], before["better"][0]]}
    assert f'stroke="{before[MARKUP][0]}"' in run_report(three[2])


def test_other_images_and_runs_that_are_gone_are_said_first(three):
    record = json.loads((three[1].path / "manifest.json").read_text())
    files.write_json(three[1].path / "manifest.json", {**record, "val": record["val"][:2]})
    at = open_runs(
        compare=f"{three[0].id},{three[1].id},20200101-000000-000-abcdef", smooth="0.5", log="1", across="time"
    )
    assert "evaluated on different validation images (“good”: 4; “better”: 2)" in at.warning[0].value.replace("\\", "")
    assert at.info[0].value == "1 of the runs in the address does not exist any more."
    assert named(at, "slider", "Smoothing").value == 0.5
    assert open_runs(compare="20200101-000000-000-abcdef").info[1].value == "No runs left to compare."
    assert not open_runs(compare=f"{three[0].id},{three[1].id}", smooth="nan", log="x", across="y", part="z").exception


def test_it_comes_back_as_it_was_left(three):
    at = open_runs(sort="name:asc", q="o")
    for name in state.LOOK:
        at.query_params.pop(name, None)
    at.switch_page("pages/train.py").run()
    for name in state.LOOK:
        at.query_params.pop(name, None)
    at.switch_page("pages/runs.py").run()
    assert (asked(at, "sort"), asked(at, "q")) == ("name:asc", "o")


def test_diagnose_offers_the_compared_runs_first(three):
    at = open_runs(compare=f"{three[2].id},{three[0].id}")
    for name in state.LOOK:
        at.query_params.pop(name, None)
    at.switch_page("pages/diagnose.py").run()
    assert not at.exception
    assert [option.split(" · ")[0] for option in at.selectbox[0].options][:2] == [MARKUP, "good"]
    assert "Choose from the table of runs" in [link.label for link in elements(at.main, "page_link")]


def test_a_viewer_of_a_team_looks_and_changes_nothing(three, monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "team")
    monkeypatch.setenv("PARITY_VIEWERS", "vera@lab.example")
    monkeypatch.setattr(st, "user", {"email": "vera@lab.example"})
    at = open_runs(chosen=f"{three[0].id},{three[1].id}")
    labels = {button.label for button in at.button}
    assert {"Compare", "Why do they differ?"} <= labels
    assert labels.isdisjoint({"Delete 2", "Delete", "Save", "Clone"})
    assert not trash.deleted_runs()


def test_a_thousand_runs_are_listed(make_run, monkeypatch):
    monkeypatch.setattr(details, "read_details", lambda run: details.Details({}, 1.0, 1, 0, 0))
    monkeypatch.setattr(page, "READ_SECONDS", 60.0)
    for k in range(1000):
        folder = RunStore().root / f"20260101-000000-000-{k:06x}"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text('{"format": 1, "name": "' + f'run {k}"' + "}")
        (folder / "status.json").write_text('{"status": "finished", "created": 5.0}')
    at = open_runs()
    assert len(names(at)) == 1000
    assert at.caption[-1].value.startswith("1,000 rows")


def test_what_was_said_is_said_again_by_a_page_that_runs_again_by_itself(
    three: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an undo: the runs that are back are read while the page stands there, which then runs once more."""
    at = open_runs()
    unread = iter([3])
    monkeypatch.setattr(page, "_unread", lambda rows: next(unread, 0))
    at.session_state[state.RUN_NOTICE] = (True, "9 restored.")
    at.run()
    assert not at.exception
    assert ["restored" in toast.value for toast in at.toast] == [True]


def test_an_order_and_a_column_that_there_are_not_are_told(three):
    told = " ".join(warning.value.replace("\\", "") for warning in open_runs(sort="zz", columns="name,yy").warning)
    assert "zz" in told
    assert "yy" in told
    assert not open_runs(sort="val_accuracy:asc", columns="val_accuracy,epochs").warning
