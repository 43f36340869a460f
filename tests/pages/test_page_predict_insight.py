"""Predict beyond probabilities: maps, neighbours, foreign images, calibration, a second run. The model is ours."""

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import files
from core.insight import reference
from core.insight.answer import METHODS, Insight, Neighbour, Prediction
from core.insight.reference import measure
from core.insight.views import ALONE
from core.store.runs import Run
from core.workers.try_model_client import IMPORTED, PLAIN_NOTES
from pages.shared.predict import asking
from pages.shared.widgets.text import plain

MAP = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def open_predict(*names: str, **query: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    at.switch_page("pages/predict.py").run()
    for name in names:
        at.file_uploader[0].upload(name, png())
    return at.run()


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), (99, 99, 99)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, int, bool]]:
    """Run, number of images and whether maps were wanted, of each question. Names that begin with `odd` are foreign.

    The run called "other" says the first class, all others the second.
    """
    questions: list[tuple[str, int, bool]] = []

    def predict(run, images, progress=None, *, heat=False, views=ALONE):
        questions.append((run.title(), len(images), heat))
        return [answer_of(run, name, heat) for name, _ in images]

    monkeypatch.setattr(asking, "predict", predict)
    return questions


def answer_of(run: Run, name: str, heat: bool) -> Prediction:
    a, b = run.classes()
    near = (Neighbour("val/0.png", a, 0.125), Neighbour("val/3.png", b, 0.25))
    odd = name.startswith("odd")
    insight = Insight(near, 0.9 if odd else 0.05, odd, {b: MAP, a: [[0.0] * 3] * 3} if heat else {}, "cam")
    label = a if run.title() == "other" and name != "same.png" else b
    return Prediction(name, label, 0.9, {a: 0.9 if label == a else 0.1, b: 0.9 if label == b else 0.1}, insight=insight)


def remember(run: Run) -> None:
    """A reference whose limit is the same for all: every validation image lies 0.5 away."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(8, 4)).astype(np.float32)
    ood_limit = measure(features, features)
    kept = reference.OutOfDistributionLimit(8, 5, np.full(40, 0.5, np.float32))
    assert ood_limit.k == kept.k
    reference.write(run, features, np.arange(8), kept)


def images(at: AppTest) -> list[str]:
    return [image.proto.imgs[0].alt for image in at.get("image")]


def test_a_closer_look_shows_map_neighbours_and_whether_it_is_foreign(make_run, asked):
    run = make_run("trained", records=1, model=True, classes=("cat", "dog"))
    remember(run)
    at = open_predict("a.png", "odd.png")
    assert not at.exception
    assert asked == [("trained", 2, True)]
    assert at.warning[0].value.startswith("1 of 2 images is out of distribution: its prediction is unreliable.")
    assert [c.value for c in at.caption].count(":material/help: out of distribution") == 1
    assert any(METHODS["cam"] in c.value and "at the top left" in c.value for c in at.caption)
    assert any("In distribution: its 5th nearest training image is 0.050 away" in m.value for m in at.markdown)
    at.selectbox(key="closer_picture").set_value(1).run()
    assert "Out of distribution: its 5th nearest" in at.warning[1].value
    assert asked == [("trained", 2, True)]


def test_neighbours_that_are_gone_have_their_names(make_run, asked):
    run = make_run("trained", records=1, model=True, classes=("cat", "dog"))
    remember(run)
    at = open_predict("a.png")
    alts = images(at)
    assert "Training image val/0.png of class cat, distance 0.125" in alts
    assert not any("val/3.png" in alt for alt in alts)
    assert any("image file is missing" in c.value for c in at.caption)
    assert plain("val/3.png") in [c.value for c in at.caption]
    assert all(alts)


def test_a_class_for_which_nothing_speaks_is_said(make_run, asked):
    make_run("trained", records=1, model=True, classes=("cat", "dog"))
    at = open_predict("a.png")
    at.selectbox(key="closer_class").set_value("cat").run()
    assert any(c.value.startswith("No region supports this class.") for c in at.caption)
    assert any(alt.endswith("the class activation map of cat: mostly nowhere") for alt in images(at))


def test_the_opacity_changes_the_image(make_run, asked):
    make_run("trained", records=1, model=True, classes=("cat", "dog"))
    at = open_predict("a.png")
    before = [image.proto.imgs[0].url for image in at.get("image")]
    at.slider(key="closer_opacity").set_value(0).run()
    after = [image.proto.imgs[0].url for image in at.get("image")]
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_a_run_that_remembers_nothing_says_how_it_could(make_run, asked):
    run = make_run("trained", records=1, model=True, classes=("cat", "dog"))
    at = open_predict("a.png")
    assert any(f"`python -m core remember {run.id}`" in c.value for c in at.caption)


def test_a_model_from_elsewhere_says_why_it_cannot(make_run, asked):
    run = make_run("theirs", records=1, model=True, classes=("cat", "dog"))
    files.write_json(run.path / "manifest.json", {**run.data().to_dict(), "imported": {"sha256": "x"}})
    at = open_predict("a.png")
    assert IMPORTED
    assert any("an imported model does not contain its training images" in c.value for c in at.caption)


def test_an_imported_model_has_no_images_of_a_dataset_until_it_was_evaluated_on_one(make_run, asked):
    own = make_run("own", records=1, model=True, classes=("cat", "dog"))
    run = make_run("theirs", records=1, model=True, classes=("cat", "dog"))
    record = {**run.data().to_dict(), "imported": {"sha256": "x"}}
    files.write_json(run.path / "manifest.json", {**record, "val": []})
    at = open_predict(run=own.id)
    at.segmented_control[0].set_value("Images of the dataset").run()
    at.selectbox[0].set_value(run.id).run()
    assert not at.exception
    assert at.segmented_control[0].options == ["Files", "Camera"]
    assert at.segmented_control[0].value == "Files"
    files.write_json(run.path / "manifest.json", record)
    at.run()
    assert at.segmented_control[0].options == ["Files", "Camera", "Images of the dataset"]


def test_what_is_known_of_an_import_is_no_warning(make_run, asked):
    run = make_run("theirs", records=1, model=True, classes=("cat", "dog"))
    notes = ["Its pixels may be wrong.", *PLAIN_NOTES]
    files.write_json(run.path / "manifest.json", {**run.data().to_dict(), "imported": {"sha256": "x", "notes": notes}})
    at = open_predict()
    assert [warning.value for warning in at.warning] == [plain("Its pixels may be wrong.")]
    assert [info.value for info in at.info] == [plain(note) for note in PLAIN_NOTES]


def test_maps_are_asked_for_a_few_images_only(make_run, asked):
    make_run("trained", records=1, model=True, classes=("cat", "dog"))
    at = open_predict(*(f"{k}.png" for k in range(12)), "odd.png")
    assert not at.exception
    assert asked == [("trained", 13, False)]
    assert at.dataframe[0].value["unlike"].tolist() == [""] * 12 + ["unlike"]


def keep_predictions(run: Run, right: int, wrong: int) -> None:
    """Validation answers that are always 99 % sure."""
    rows = [("dog", 0.99)] * right + [("cat", 0.99)] * wrong
    lines = [f"val,{k}.png,{label},dog,{1 - p:.6f},{p:.6f}" for k, (label, p) in enumerate(rows)]
    (run.path / "predictions.csv").write_text("\n".join(["split,file,label,predicted,p(cat),p(dog)", *lines]))


def test_calibrated_answers_are_less_sure(make_run, asked):
    run = make_run("trained", records=1, model=True, classes=("cat", "dog"))
    keep_predictions(run, 45, 5)
    at = open_predict("a.png")
    assert [bar.text for bar in at.get("progress")] == ["dog 90.0\xa0%", "cat 10.0\xa0%"]
    at.toggle(key="predict_calibrated").set_value(True).run()
    # 99 to 1 became 9 to 1, its square root but for a little; so does 9 to 1 become nearly 3 to 1.
    odds = 9 ** (np.log(9) / np.log(99))
    share = 100 * odds / (1 + odds)
    assert next(bar.text for bar in at.get("progress")) == f"dog {share:.1f}\xa0%"
    assert at.dataframe[0].value["probability"][0] == pytest.approx(share / 100, abs=1e-3)
    assert any("fitted on these same 50 validation images" in c.value for c in at.caption)
    assert len(asked) == 1


def test_what_cannot_be_calibrated_is_not_offered(make_run, asked):
    run = make_run("trained", records=1, model=True, classes=("cat", "dog"))
    keep_predictions(run, 45, 0)
    at = open_predict("a.png")
    assert at.toggle(key="predict_calibrated").disabled
    assert any("no image was misclassified" in c.value for c in at.caption)


def test_another_run_is_asked_about_the_same_images(make_run, asked):
    other = make_run("other", records=1, model=True, classes=("cat", "dog"))
    run = make_run("trained", records=1, model=True, classes=("cat", "dog"))
    at = open_predict("same.png", "b.png", run=run.id)
    at.selectbox(key="predict_other_run").set_value(other.id).run()
    assert not at.exception
    assert asked == [("trained", 2, True), ("other", 2, False)]
    table = at.dataframe[1].value
    assert table["file"].tolist() == ["b.png", "same.png"]
    assert table["agree"].tolist() == ["differ", "same"]
    assert table[["one", "other"]].iloc[0].tolist() == ["dog", "cat"]
    assert table["gap"].tolist() == pytest.approx([0.8, 0.0])
    assert any("predict different classes for **1 of 2** images." in m.value for m in at.markdown)
    at.run()
    assert len(asked) == 2


def test_a_single_run_has_nobody_to_be_compared_with(make_run, asked):
    make_run("trained", records=1, model=True, classes=("cat", "dog"))
    at = open_predict("a.png")
    assert not any("Compare models" in m.value for m in at.markdown)
