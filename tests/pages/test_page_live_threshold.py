"""Live's evaluation with kept predictions: the threshold, the images of a cell, the calibration."""

import pytest
from streamlit.testing.v1 import AppTest

from core import files
from core.store.runs import Run


def open_live(run: Run) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    at.query_params["run"] = run.id
    return at.switch_page("pages/live.py").run()


def metric(at: AppTest, label: str) -> str:
    return str(next(m for m in at.metric if m.label == label).value)


def keep(run: Run, rows: list[tuple[str, str, list[float]]], classes: tuple[str, ...]) -> None:
    head = ",".join(["split", "file", "label", "predicted", *(f"p({name})" for name in classes)])
    lines = [
        ",".join(["val", file, label, classes[p.index(max(p))], *(f"{value:.6f}" for value in p)])
        for file, label, p in rows
    ]
    (run.path / "predictions.csv").write_text("\n".join([head, *lines]))


@pytest.fixture
def finished(make_run, evaluation) -> Run:
    """Three cats at .1, .4 and .7 and a dog at .6 of being a dog; the first two images exist."""
    run = make_run("done", records=3, classes=("cat", "dog"))
    files.write_json(run.path / "evaluation.json", {**evaluation, "classes": ["cat", "dog"]})
    scores = [
        ("val/0.png", "cat", 0.1),
        ("val/1.png", "cat", 0.4),
        ("val/2.png", "cat", 0.7),
        ("val/3.png", "dog", 0.6),
    ]
    keep(run, [(file, label, [1 - p, p]) for file, label, p in scores], ("cat", "dog"))
    return run


def test_the_figures_follow_the_threshold(finished):
    at = open_live(finished)
    assert not at.exception
    figures = ("Sensitivity", "Specificity", "Precision", "Accuracy at threshold")
    assert [metric(at, name) for name in figures] == ["100.0\xa0%", "66.7\xa0%", "50.0\xa0%", "75.0\xa0%"]
    slider = next(s for s in at.slider if s.label == "Decision threshold for dog")
    slider.set_value(0.65).run()
    assert [metric(at, name) for name in figures] == ["0.0\xa0%", "66.7\xa0%", "0.0\xa0%", "50.0\xa0%"]
    assert any("looks better on them than on new images" in c.value for c in at.caption)
    slider.set_value(0.9).run()
    assert [metric(at, name) for name in figures] == ["0.0\xa0%", "100.0\xa0%", "–", "75.0\xa0%"]


def test_the_images_of_a_cell_are_shown(finished):
    at = open_live(finished)
    choice = next(s for s in at.selectbox if s.label == "Images in cell")
    assert choice.options == ["cat predicted as dog: 1", "cat, correct: 2", "dog, correct: 1"]
    choice.set_value((0, 0)).run()
    assert not at.exception
    alts = [image.proto.imgs[0].alt for image in at.get("image")]
    assert alts[:2] == ["val/0.png: cat predicted as cat, 0.90", "val/1.png: cat predicted as cat, 0.60"]
    slider = next(s for s in at.slider if s.label.startswith("Decision threshold"))
    slider.set_value(0.2).run()
    assert not at.exception
    choice = next(s for s in at.selectbox if s.label == "Images in cell")
    assert choice.value == (0, 0)
    assert choice.options[0] == "cat predicted as dog: 2"


def test_a_cell_that_empties_is_let_go(finished):
    at = open_live(finished)
    next(s for s in at.selectbox if s.label == "Images in cell").set_value((0, 1)).run()
    next(s for s in at.slider if s.label.startswith("Decision threshold")).set_value(0.95).run()
    assert not at.exception
    assert next(s for s in at.selectbox if s.label == "Images in cell").value is None


def test_three_classes_have_cells_but_no_threshold(make_run, evaluation):
    run = make_run("done", records=3, classes=("a", "b", "c"))
    val = {**evaluation["val"], "confusion": [[0, 1, 0], [0, 0, 0], [0, 0, 1]]}
    files.write_json(run.path / "evaluation.json", {**evaluation, "classes": ["a", "b", "c"], "val": val})
    keep(run, [("val/0.png", "a", [0.2, 0.5, 0.3]), ("val/1.png", "c", [0.1, 0.1, 0.8])], ("a", "b", "c"))
    at = open_live(run)
    assert not at.exception
    assert [slider.label for slider in at.slider] == ["Smoothing"]
    choice = next(s for s in at.selectbox if s.label == "Images in cell")
    assert choice.options == ["a predicted as b: 1", "c, correct: 1"]


def test_too_few_images_to_calibrate_is_said(finished):
    at = open_live(finished)
    assert any("4 images are too few to fit a temperature" in m.value.replace("\\", "") for m in at.markdown)


def test_the_calibration_is_told_with_its_figures(make_run, evaluation):
    run = make_run("done", records=3, classes=("cat", "dog"))
    files.write_json(run.path / "evaluation.json", {**evaluation, "classes": ["cat", "dog"]})
    keep(run, [(f"{k}.png", "dog" if k % 10 else "cat", [0.01, 0.99]) for k in range(60)], ("cat", "dog"))
    at = open_live(run)
    assert not at.exception
    said = " ".join(m.value for m in at.markdown).replace("\\", "")
    assert "fitted on these same 60 validation images: the predictions were overconfident" in said
    assert "Expected calibration error 9.0\xa0% before and 0.0\xa0% after" in said
    assert len(at.get("plotly_chart")) == 4
