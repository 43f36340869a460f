"""What is known against a figure: from findings to the words that stand beside the number, and everywhere it goes."""

from core import files
from core.checks import preflight
from core.checks.finding import Finding
from core.config import make_config
from core.course import during
from core.course.caveats import _OF_ALL, _OF_THE_SPLIT, LEAKAGE, caveats, known_findings, run_caveats, with_caveats
from core.export.card import model_card
from core.report.run_report import run_report
from core.runs_table.details import read_details
from core.store.runs import Run, RunStore, Status

LEAK = Finding("leak-patient", "warning", "33 of 100 validation images have their patient in training too.")
COPIES = Finding("leak-exact-duplicate", "warning", "2 of 100 held-out images are copies of images in another part.")
CONSTANT = Finding("constant-predictor", "error", "All validation images get the same answer.")


def test_a_caveat_follows_from_warnings_and_errors_and_is_said_once():
    assert caveats([]) == []
    assert caveats([LEAK, COPIES]) == [LEAKAGE]
    assert caveats([LEAK, CONSTANT]) == ["chance level: same prediction for every image", LEAKAGE]
    nothing = Finding("nothing-learnt", "warning", "")
    assert caveats([nothing, CONSTANT]) == ["chance level: same prediction for every image"]
    assert caveats([Finding("leak-patient", "info", "")]) == []
    assert caveats([Finding("too-few-updates", "warning", "4 epochs of 8 batches.")]) == []


def test_an_error_always_says_something():
    assert caveats([Finding("of-tomorrow", "error", "")]) == ["error found: see the findings"]
    led = Finding("weights-not-loaded", "warning", "").with_symptoms([CONSTANT])
    assert caveats([led]) == ["chance level: same prediction for every image"]


def test_what_concerns_the_validation_images_says_nothing_of_the_test_images():
    assert caveats([LEAK], "test") == []
    assert caveats([Finding("split-after-sort", "error", "")], "test") == []
    assert caveats([COPIES, CONSTANT], "test") == ["chance level: same prediction for every image", LEAKAGE]


def test_every_finding_with_words_is_one_that_some_check_gives():
    before = {check.__name__.replace("_", "-") for check in preflight.CHECKS}
    course = {check.__name__.replace("_", "-") for check in during.CHECKS}
    measured = {"val-labels-look-wrong"}
    assert set(_OF_ALL) | set(_OF_THE_SPLIT) <= before | course | measured


def test_a_figure_carries_its_caveats_in_a_sentence():
    assert with_caveats("0.954", [LEAKAGE]) == "0.954 (optimistic: data leakage)"
    assert with_caveats("0.954", []) == "0.954"


def evaluated(*found: Finding) -> Run:
    run = RunStore().create(make_config("somewhere", {}))
    files.write_json(run.path / "manifest.json", {"root": "somewhere", "classes": ["a", "b"]})
    files.write_json(run.path / "findings.json", {"findings": [one.to_dict() for one in found]})
    part = {"accuracy": 0.9, "count": 100, "correct": 90, "interval": [0.826, 0.945], "majority_class": "a"}
    files.write_json(run.path / "evaluation.json", {"val": part, "classes": ["a", "b"]})
    run.write_status(Status(status="finished", created=1.0))
    return run


def test_the_run_s_row_report_and_card_have_them_and_a_healthy_twin_has_none():
    run, twin = evaluated(LEAK), evaluated()
    assert run_caveats(run) == [LEAKAGE]
    assert run_caveats(twin) == []
    assert list(read_details(run).caveats) == [LEAKAGE]
    assert "90.0 % (95 % CI 82.6 to 94.5) (optimistic: data leakage)" in run_report(run)
    assert "**Read with care: optimistic: data leakage.**" in model_card(run)
    assert "optimistic" not in run_report(twin) + model_card(twin)


def test_findings_from_before_are_known_where_the_settings_are_damaged():
    run = evaluated(LEAK)
    (run.path / "config.json").write_text("{")
    assert [one.id for one in known_findings(run)] == ["leak-patient"]
