"""The panel that takes a run away, and the form that brings one: what is offered to whom, what a click does."""

import pytest
from streamlit.testing.v1 import AppTest

from core import files
from core.access.persons import person_of
from core.errors import AccessError, DataError, RunError
from core.export.formats import FORMATS
from pages.shared.predict import model_import
from pages.shared.run import export_view
from pages.shared.shell import access
from pages.shared.widgets.text import plain


def open_page(page: str, run_id: str) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=60)
    at.query_params["run"] = run_id
    return at.switch_page(page).run()


def panel(at: AppTest):
    return next(part for part in at.expander if part.label == "Export")


@pytest.fixture
def run(make_run, evaluation):
    run = make_run("trained", records=3, model=True)
    files.write_json(run.path / "evaluation.json", evaluation)
    return run


@pytest.fixture
def formats_made(monkeypatch, tmp_path):
    """Names of the formats that were made; the last is ready from then on."""
    names: list[str] = []
    path = tmp_path / "it.onnx"

    def make(run, kind, progress, images=None):
        progress("Converting it.", 0.4)
        names.append(kind.name)
        path.write_bytes(b"x" * 1500)
        return path

    monkeypatch.setattr(export_view, "prepare_export", make)
    monkeypatch.setattr(export_view, "prepared", lambda run, kind: path if kind.name in names else None)
    return names


@pytest.mark.parametrize("page", ["pages/live.py", "pages/predict.py"])
def test_every_format_says_what_it_is_for(run, page):
    at = open_page(page, run.id)
    assert not at.exception
    (choice,) = panel(at).radio
    assert choice.options == [kind.title for kind in FORMATS.values()]
    assert panel(at).button[0].label == "Prepare: Keras model"


def test_it_is_prepared_on_a_click_and_then_downloaded(run, formats_made):
    at = open_page("pages/live.py", run.id)
    panel(at).radio[0].set_value("onnx").run()
    assert panel(at).button[0].help.startswith("Takes 10 to 30 seconds")
    panel(at).button[0].click().run()
    assert formats_made == ["onnx"]
    assert [button.label for button in panel(at).get("download_button")] == ["Download, 2 kB"]
    assert not panel(at).button
    assert formats_made == ["onnx"], "a rerun makes nothing anew"


def test_a_failure_is_one_sentence(run, monkeypatch):
    def fail(*_):
        raise RunError("the disk is [full](x)")

    monkeypatch.setattr(export_view, "prepare_export", fail)
    at = open_page("pages/live.py", run.id)
    panel(at).button[0].click().run()
    assert not at.exception
    assert panel(at).error[0].value == plain("The disk is [full](x).")
    assert panel(at).button[0].label == "Prepare: Keras model"


def test_nothing_is_offered_while_it_works_and_records_alone_without_a_model(make_run, evaluation):
    active = make_run("active", "queued")
    assert not [part for part in open_page("pages/live.py", active.id).expander if part.label == "Export"]
    bare = make_run("bare", "failed")
    assert panel(open_page("pages/live.py", bare.id)).caption[0].value.startswith("Nothing to export yet")
    records = make_run("records", records=3)
    files.write_json(records.path / "evaluation.json", evaluation)
    (choice,) = panel(open_page("pages/live.py", records.id)).radio
    assert choice.options == [FORMATS[name].title for name in ("script", "card", "zip")]


def test_a_visitor_is_offered_what_is_cheap_and_can_get_nothing_else(run, monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "public")
    at = open_page("pages/live.py", run.id)
    assert panel(at).radio[0].options == [FORMATS[name].title for name in ("keras", "card", "zip")]
    with pytest.raises(AccessError, match=r"does not allow you to convert a model into another format"):
        export_view._convert(run, FORMATS["onnx"], lambda words, share: None)
    with pytest.raises(AccessError, match=r"does not allow you to import a model"):
        model_import._import_run(None)
    assert not [part for part in open_page("pages/predict.py", run.id).expander if part.label.startswith("Bring")]


def test_a_script_for_others_names_no_folder_of_the_server(run, monkeypatch):
    asked = []
    monkeypatch.setattr(export_view, "prepare_export", lambda run, kind, progress, images=None: asked.append(images))
    export_view._convert(run, FORMATS["script"], lambda words, share: None)
    monkeypatch.setenv("PARITY_MODE", "team")
    monkeypatch.setenv("PARITY_TRAINERS", "tom@lab.example")
    monkeypatch.setattr(access, "person", lambda: person_of("tom@lab.example", ""))
    export_view._convert(run, FORMATS["script"], lambda words, share: None)
    assert asked == [None, "pictures"]


def test_a_zip_is_brought_and_its_run_shown_and_a_bad_one_is_one_sentence(run, make_run, monkeypatch):
    other = make_run("other", records=1)
    answers = iter([DataError("x.zip is not a zip file."), other])

    def bring(file, owner=""):
        if isinstance(answer := next(answers), DataError):
            raise answer
        return answer

    monkeypatch.setattr(model_import, "import_bundle", bring)
    at = open_page("pages/predict.py", run.id)
    form = next(part for part in at.expander if part.label == "Import run")
    form.file_uploader[0].upload("x.zip", b"PK").run()
    form = next(part for part in at.expander if part.label == "Import run")
    form.button[0].click().run()
    assert not at.exception
    assert at.error[0].value == plain("x.zip is not a zip file.")
    form = next(part for part in at.expander if part.label == "Import run")
    form.button[0].click().run()
    assert not at.exception
    assert at.query_params["run"] == other.id
