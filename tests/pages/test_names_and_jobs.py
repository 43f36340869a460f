"""Names given in place, the list of jobs on Home, the closer look at a mistake, the way to the batches."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import files
from core.config import make_config
from core.data.corrections import correct
from core.data.dataset import scan_dataset
from core.data.set_names import set_name
from core.insight.answer import Insight, Prediction
from core.label_review.store import ReviewStore
from core.store.runs import Run, RunStore, Status
from core.sweep.store import SweepStore
from core.workers import launch
from pages.shared import state
from pages.shared.diagnose.verdict import BATCHES, batches_address
from pages.shared.home import jobs_list
from pages.shared.home import runs as home_runs
from pages.shared.predict import mistake
from pages.shared.run import rename
from tests.pages.driver import elements

NAME = "Größe \N{SLICE OF PIZZA} <b>*x*</b>"


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start", lambda run, *, parent_pipe: None)


def opened(page: str, **query: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    at = at.switch_page(page).run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption, *at.subheader, *at.success]).replace("\\", "")


def press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label.replace("\\", "") == label).click().run()
    assert not at.exception
    return at


def test_a_run_is_renamed_beside_its_title(make_run: Callable[..., Run]) -> None:
    run = make_run("before", records=1)
    at = opened("pages/live.py", run=run.id)
    at.text_input(key=f"rename:{run.id}").set_value(NAME)
    next(b for b in at.button if b.label == "Save" and "rename" in str(b.proto.form_id)).click().run()
    assert run.title() == NAME
    assert NAME in words(at)


def test_an_unnamed_run_is_called_by_what_it_is_on_every_page(make_run: Callable[..., Run]) -> None:
    run = make_run("", records=1, model=True)
    title = run.title()
    assert title.startswith("EfficientNetLite0, frozen, ")
    assert title in words(opened("pages/live.py", run=run.id))
    for page in ("app.py", "pages/runs.py"):
        at = opened(page)
        tables = [frame.value for frame in at.dataframe]
        assert any(title in table.to_string() for table in tables), page


def test_a_row_of_home_renames_its_run(make_run: Callable[..., Run]) -> None:
    run = make_run("before", records=1)
    row = home_runs.own_runs()[0]
    assert home_runs.RENAME in home_runs._entries(row)
    rename.rename(run, NAME)
    assert home_runs.own_runs()[0]["name"] == NAME


def test_a_viewer_gives_no_names(make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run("before", records=1)
    monkeypatch.setenv("PARITY_MODE", "team")
    monkeypatch.setenv("PARITY_VIEWERS", "*@lab.example")
    monkeypatch.setattr(st, "user", {"email": "vera@lab.example"})
    at = opened("pages/live.py", run=run.id)
    assert f"rename:{run.id}" not in [text.key for text in at.text_input]
    assert home_runs.RENAME not in home_runs._entries(home_runs.own_runs()[0])
    rename.rename(run, "mine")
    assert run.title() == "before"


def test_a_data_set_is_renamed_beside_its_title(
    image_folder: Callable[..., Path], make_run: Callable[..., Run]
) -> None:
    folder = image_folder("data", train=(6, 6), val=(3, 3))
    at = AppTest.from_file("../../app.py", default_timeout=60)
    at.session_state[state.DATASET] = str(folder)
    at.session_state[state.SOURCE] = "Folder on this machine"
    at.switch_page("pages/dataset.py").run()
    at.text_input(key=f"rename_set:{folder}").set_value(NAME)
    next(b for b in at.button if b.label == "Save").click().run()
    assert set_name(str(folder)) == NAME
    assert NAME in words(at)
    RunStore().create(make_config(str(folder), {}, name="r"))
    assert NAME in words(opened("pages/live.py"))
    assert len(scan_dataset(str(folder)).files) == 18


def test_what_the_buttons_of_a_table_do_is_there_by_name(make_run: Callable[..., Run]) -> None:
    """For the keyboard: Streamlit draws its tables."""
    runs = [make_run(NAME, records=1) for _ in range(2)]
    sweep = ended(SweepStore().create(make_config("sample", {}), [{"training.seed": 1}]))
    at = opened("app.py")
    choice = at.selectbox(key=home_runs.BY_NAME)
    assert choice.value is None
    assert sorted(choice.options) == sorted(f"{NAME} · {run.id[-6:]}" for run in runs)
    choice.set_value(runs[0].id)
    at.selectbox(key=jobs_list.BY_NAME).set_value(sweep.id).run()
    links = [str(link.proto) for link in at.get("page_link")]
    assert any(f"run={runs[0].id}" in link for link in links)
    assert any(f"sweep={sweep.id}" in link for link in links)
    press(at, home_runs.DELETE)
    assert [run.id for run in RunStore().list()] == [runs[1].id]
    choice = at.selectbox(key=home_runs.BY_NAME)
    assert (choice.value, choice.options) == (None, [NAME])
    at.selectbox(key="run_restore:by_name").set_value(runs[0].id).run()
    press(at, "Restore")
    assert len(RunStore().list()) == 2


def ended(job: Any) -> Any:
    job.write_status(Status(status="finished", created=1e9, message="Done."))
    return job


def test_jobs_are_listed_on_home_and_open_by_an_address() -> None:
    assert not jobs_list.listed()
    sweep = ended(SweepStore().create(make_config("sample", {}), [{"training.seed": 1}]))
    review = ended(ReviewStore()._make({"review": "sample", "key": "k"}, ""))
    rows = jobs_list.listed()
    assert [row.kind for row in rows] == ["sweep", "review"]
    table = jobs_list.table(rows)
    assert [row["title"] for row in table] == [rows[0].title, "sample"]
    assert [row["message"] for row in table] == ["Done.", "Done."]
    at = opened("app.py")
    assert any("Label review" in frame.value.to_string() for frame in at.dataframe)
    at = opened("pages/train.py", sweep=sweep.id)
    assert at.session_state[state.SWEEP_KEYS] == ["training.seed"]
    at = opened("pages/dataset.py", review=review.id)
    assert at.session_state[state.TAB] == "Labels"


def test_every_kind_that_is_listed_has_a_place() -> None:
    from core.runs_table.job_rows import KINDS

    assert KINDS.keys() == jobs_list.PLACES.keys()


@pytest.fixture
def mistaken(image_folder: Callable[..., Path]) -> Run:
    """A finished run on a real folder, wrong about one validation image of class a."""
    folder = image_folder("data", train=(6, 6), val=(3, 3))
    index = scan_dataset(str(folder))
    parts = {part: [f for f in index.files if f.split == part] for part in ("train", "val")}
    run = RunStore().create(make_config(str(folder), {}, name="run"))
    run.write_status(Status(status="finished", created=1e9, epoch=1))
    files.write_json(run.path / "manifest.json", {
        "root": str(index.root), "classes": ["a", "b"], "test": [],
        **{part: [{"path": f.path, "label": f.label, "split": part} for f in found] for part, found in parts.items()},
    })  # fmt: skip
    wrong = next(f for f in parts["val"] if f.label == "a")
    mistake = {"file": wrong.path, "label": "a", "predicted": "b", "probability": 0.9, "true_probability": 0.1}
    part = {"count": 6, "correct": 5, "accuracy": 0.83, "interval": [0.4, 0.97], "confusion": [[2, 1], [0, 3]],
            "auc": 0.9, "loss": 0.5, "majority_class": "a", "majority_share": 0.5,
            "worst": [mistake], "per_class": [], "roc": {}}  # fmt: skip
    files.write_json(run.path / "evaluation.json", {"classes": ["a", "b"], "weights": "epoch 1, the last", "val": part})
    return run


def test_a_mistake_is_looked_at_and_its_label_put_right_and_back(mistaken: Run) -> None:
    at = opened("pages/live.py", run=mistaken.id)
    press(at, "Detail")
    assert "Label **a**, predicted as **b**" in words(at)
    press(at, "Relabel as b")
    folder = mistaken.config().dataset
    file = mistaken.evaluation().val.worst[0].file  # type: ignore[union-attr]
    corrected = {f.path: f.label for f in correct(scan_dataset(folder))[0].files}
    assert corrected[file] == "b"
    assert "is b now" in words(at)
    press(at, "Restore the label")
    assert {f.path: f.label for f in correct(scan_dataset(folder))[0].files}[file] == "a"
    press(at, "Exclude it")
    assert file not in {f.path for f in correct(scan_dataset(folder))[0].files}
    assert "Now excluded." in words(at)
    press(at, "Close")
    assert "Restore the label" not in [button.label for button in at.button]


@pytest.mark.parametrize("heat", [{"a": [[1.0, 0.0]], "b": [[0.0, 1.0]]}, {}])
def test_a_mistake_is_shown_once_plain_and_once_with_its_map(
    mistaken: Run, heat: dict[str, list[list[float]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (mistaken.path / "model.keras").write_bytes(b"model")
    answer = Prediction("x", "b", 0.9, {"a": 0.1, "b": 0.9}, insight=Insight(heat=heat, method="cam"))
    monkeypatch.setattr(mistake, "ask_once", lambda *args, **options: [answer])
    at = press(opened("pages/live.py", run=mistaken.id), "Detail")
    file = mistaken.evaluation().val.worst[0].file  # type: ignore[union-attr]
    plain = f"{file}: a predicted as b"
    assert shown(at, file) == [plain]
    at.toggle(key=mistake.WHERE).set_value(True).run()
    assert shown(at, file) == ([f"{file}, original", f"{file} with the class activation map"] if heat else [plain])
    at.toggle(key=mistake.WHERE).set_value(False).run()
    assert shown(at, file) == [plain]


def shown(at: AppTest, file: str) -> list[str]:
    """What stands for each image of this file, other than that in the list, up to the class of its map."""
    alts = [image.alt for element in at.get("image") for image in element.proto.imgs]
    return [alt.split(" of ")[0] for alt in alts if alt.startswith(file) and not alt.endswith(", 0.90")]


def test_a_viewer_looks_at_mistakes_and_changes_no_label(mistaken: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_MODE", "team")
    monkeypatch.setenv("PARITY_VIEWERS", "*@lab.example")
    monkeypatch.setattr(st, "user", {"email": "vera@lab.example"})
    at = press(opened("pages/live.py", run=mistaken.id), "Detail")
    assert "Label **a**, predicted as **b**" in words(at)
    assert "It is b" not in [button.label for button in at.button]


def test_the_batches_of_a_run_are_shown_on_the_dataset_page(make_run: Callable[..., Run]) -> None:
    config = make_config("sample", {"data.shuffle": "none", "data.batch_size": 8})
    run = RunStore().create(config)
    at = opened("pages/dataset.py", **batches_address(run.id, config))
    assert at.session_state[state.TAB] == BATCHES
    assert at.session_state[state.field_key("data.batch_size")] == 8
    named = {name: at.query_params[name] for name in at.query_params}
    assert {name: v[-1] if isinstance(v, list) else v for name, v in named.items()} == {
        "tab": BATCHES, "data.shuffle": "none", "data.batch_size": "8",
    }  # fmt: skip
    assert not elements(at, "exception")
