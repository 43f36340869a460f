"""Diagnose: which two runs are shown, what is said of them, what the search for the cause does."""

import json
import time
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import files
from core.bisect.store import BisectStore
from core.compare import compare
from core.compare.paired import Paired
from core.config import setting
from core.errors import RunError
from core.store.job_records import ProbeStage
from core.store.runs import Run, Status
from core.workers import launch
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.diagnose import choice
from pages.shared.diagnose import probe as diagnose_probe
from pages.shared.diagnose import view as diagnose_view
from pages.shared.diagnose.bisect import settled
from pages.shared.widgets.text import plain
from tests.pages.driver import elements

COMPARISON: dict[str, Any] = {
    "differences": {
        "config": [
            {"key": "data.shuffle", "a": "samples", "b": "none"},
            {"key": "dataset", "a": "/secret/place/films", "b": "/secret/place/x y"},
        ],
        "data": [],
        "environment": [{"what": "NumPy", "a": "2.1", "b": "2.3"}],
    },
    "paired": {
        "count": 200, "only_a_right": 78, "only_b_right": 2, "p_value": 1e-20, "gap": 0.38, "interval": [0.31, 0.45],
        "significant": True,
    },
    "first_divergence": {
        "stage": "labels and order", "step": {"epoch": 1, "batch": 2}, "a": "10 x", "b": "20 *x*",
        "sentence": "The batches differ at epoch 1, batch 2.",
    },
    "probe": None,
    "findings": {
        "a": [],
        "b": [{"id": "x", "severity": "error", "claim": "All batches hold *one* class.", "remedy": "Mix."}],
    },
    "endings": [],
    "classes": {"never_predicted": {"a": [], "b": []}, "recall": {}, "sentences": []},
}  # fmt: skip
ROW: dict[str, Any] = {"base": "a", "settings": {}, "from_b": [], "seed": 1, "run": None, "seconds": 0.0}
TRIALS: list[dict[str, Any]] = [
    {**ROW, "name": "A again", "value": 0.8, "interval": [0.7, 0.9], "status": "finished", "seconds": 9.0},
    {**ROW, "name": "A with data.shuffle = none", "value": None, "interval": None, "status": "running"},
]


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the jobs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id) if parent_pipe else None)
    return ids


@pytest.fixture(autouse=True)
def comparison(monkeypatch):
    monkeypatch.setattr(diagnose_actions, "comparison", lambda a, b: COMPARISON)


@pytest.fixture
def pair(make_pair) -> tuple[Run, Run]:
    return make_pair("good *run*", "bad 肺炎")


def open_diagnose(**query: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    return at.switch_page("pages/diagnose.py").run()


def query(at: AppTest, name: str) -> str:
    value = at.query_params[name]
    return value[0] if isinstance(value, list) else value


def said(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption, *at.text, *at.info, *at.warning, *at.error])


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


@pytest.mark.parametrize(("count", "words"), [(0, "there are no runs so far"), (1, "there is one run so far")])
def test_without_two_runs_it_says_what_to_do(make_run, count, words):
    for k in range(count):
        make_run(f"run {k}", records=1)
    at = open_diagnose()
    assert not at.exception
    assert words in at.info[0].value
    assert {"Run the demo", "Set up a training"} <= {link.label for link in elements(at, "page_link")}


def test_coming_back_to_an_address_without_runs_writes_none_into_it(pair, monkeypatch):
    """Writing would be a new step of the history, and the browser's back button would end on this page."""
    monkeypatch.setattr(choice, "came_by_history", lambda: True)
    at = open_diagnose()
    assert not at.exception
    assert "a" not in at.query_params and "b" not in at.query_params
    assert f"**{plain('good *run*')}**" in said(at)
    at = open_diagnose(a=pair[1].id)
    assert (query(at, "a"), query(at, "b")) == (pair[1].id, pair[0].id), "a link that names one side is completed"


def test_two_newest_runs_are_shown_and_named_in_the_address(pair):
    at = open_diagnose()
    assert not at.exception
    assert (query(at, "a"), query(at, "b")) == (pair[0].id, pair[1].id)
    assert f"**{plain('good *run*')}**" in said(at)
    assert "bad 肺炎" in said(at)
    best = [m for m in at.metric if m.label == "Validation accuracy"]
    # 0.575 of 4 images is 2 of 4: Wilson gives 0.150 to 0.850.
    assert [(m.value, m.delta) for m in best] == [("57.5\xa0%", "95 % CI 15.0 to 85.0")] * 2
    assert len(at.get("vega_lite_chart")) == 3


def test_every_section_is_there(pair):
    assert [s.value for s in open_diagnose().subheader] == [
        "What differs", "Learning curves", "Is the gap more than chance?", "First divergence", "Findings",
        "Find the cause", "Share",
    ]  # fmt: skip


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("run_id", ["../../etc/passwd", "x" * 5000, "20260101-000000-000-000000", "肺 \\ %00"])
def test_unknown_run_is_one_sentence_and_the_lists_still_work(pair, side, run_id):
    at = open_diagnose(**{side: run_id})
    assert not at.exception
    assert [e.value for e in at.error] == [f"Run {side.upper()}: no such run. Choose from the lists."]
    at.selectbox[0].set_value(pair[1].id).run()
    at.selectbox[1].set_value(pair[0].id).run()
    assert "no such run" not in said(at)
    assert (query(at, "a"), query(at, "b")) == (pair[1].id, pair[0].id)


def test_the_same_run_twice_is_said(pair):
    at = open_diagnose(a=pair[0].id, b=pair[0].id)
    assert not at.exception
    assert at.info[0].value == "The same run is selected twice. Choose two different runs."
    assert not at.metric


def test_unknown_search_is_one_sentence_and_the_runs_are_shown(pair):
    at = open_diagnose(bisect="nonsense")
    assert not at.exception
    assert at.error[0].value == "No such search. The comparison of the two runs is below."
    assert len(at.get("vega_lite_chart")) == 3


def test_a_search_in_the_address_stands_for_its_two_runs(pair, make_pair):
    bisect = BisectStore().create(*pair)
    make_pair("newer", "newest")
    at = open_diagnose(bisect=bisect.id)
    assert (query(at, "a"), query(at, "b")) == (pair[0].id, pair[1].id)


def test_only_what_differs_is_listed_and_folders_by_their_last_part(pair):
    at = open_diagnose()
    settings = at.dataframe[0].value
    assert settings.to_dict("records") == [
        {"Setting": setting("data.shuffle").metadata["label"], "A": "Every epoch", "B": "Off", "Key": "data.shuffle"},
        {"Setting": "Dataset", "A": "films", "B": "x y", "Key": "dataset"},
    ]
    assert "/secret" not in settings.to_csv()
    assert ":material/check: Nothing differs. Same images, labels and split." in [m.value for m in at.markdown]


def test_gap_and_first_divergence_are_said_in_a_sentence(pair):
    at = open_diagnose()
    assert (
        "**The gap is more than chance.** Of 200 images, 78 are classified correctly only by A and 2 only by B."
        in said(at)
    )
    gap = next(m for m in at.metric if m.label == "Gap, A minus B")
    assert (gap.value, gap.delta) == ("+38.0", "95 % CI +31.0 to +45.0")
    assert next(m for m in at.metric if m.label == "p-value").value == "< 0.001"
    assert plain("The batches differ at epoch 1, batch 2.") in said(at)
    row = next(d.value for d in at.dataframe if "Stage" in d.value.columns).iloc[0]
    assert (row["Step"], row["A"], row["B"]) == ("epoch 1, batch 2", "10 x", "20 *x*")


def test_gap_within_chance_is_said():
    paired: Paired = {"count": 100, "only_a_right": 6, "only_b_right": 5, "p_value": 1.0, "significant": False}
    assert diagnose_view.gap_sentence(paired).startswith("**The gap may be chance.** Of 100 images, 6 are")


def test_groups_and_same_answers_are_said():
    paired: Paired = {"count": 200, "only_a_right": 20, "only_b_right": 0, "p_value": 1.0, "significant": False,
                      "groups": 10, "same_answers": 180}  # fmt: skip
    assert diagnose_view.gap_sentence(paired) == (
        "**The gap may be chance.** Of 200 images, 20 are classified correctly only by A and 0 only by B. They are of "
        "10 groups, such as patients or exact copies, and a group counts as one case. Equally good runs differ at "
        "least this much in 100 % of cases (p 1\\.000)."
    )
    assert diagnose_view.gap_sentence({**paired, "groups": 4}).startswith("**Too few groups to tell.** Of 200 images")
    same: Paired = {**paired, "only_a_right": 0}
    assert diagnose_view.gap_sentence(same).startswith("**No gap on these images.** Both runs are correct on")
    assert diagnose_view.gap_sentence({**same, "same_answers": 200}).startswith("**The answers are identical.** Both")


def test_a_run_cut_short_and_a_class_never_predicted_are_said(pair, monkeypatch):
    """Also where the gap itself cannot be tested."""
    classes = {**COMPARISON["classes"], "sentences": ["B never predicts “*a*”."]}
    found = {**COMPARISON, "endings": ["B was stopped."], "classes": classes, "paired": {"reason": "no predictions"}}
    monkeypatch.setattr(diagnose_actions, "comparison", lambda a, b: found)
    at = open_diagnose()
    assert not at.exception
    assert {plain("B was stopped."), plain("B never predicts “*a*”.")} <= {one.value for one in at.warning}
    assert "Not testable. No predictions" in said(at)


def test_findings_stand_under_their_run_and_are_literal(pair):
    at = open_diagnose()
    assert at.error[0].value == plain("All batches hold *one* class. Mix.")
    assert ":material/check: No findings that the other run does not have." in [m.value for m in at.markdown]
    assert [e.label for e in at.expander] == []


def test_what_both_runs_have_stands_apart(pair, monkeypatch):
    both = {"id": "both", "severity": "info", "claim": "Early stopping is off.", "remedy": ""}
    own = COMPARISON["findings"]["b"]
    found = {**COMPARISON, "findings": {"a": [both], "b": [both, *own]}}
    monkeypatch.setattr(diagnose_actions, "comparison", lambda a, b: found)
    at = open_diagnose()
    assert next(e for e in at.expander if "both" in e.label).label == "Findings in both runs (1)"
    assert [i.value for i in at.info] == [plain("Early stopping is off. ")]


@pytest.mark.parametrize(("epochs", "labels"), [(50, ["Findings in both runs (1)"]), (60, [])])
def test_a_finding_in_the_words_of_an_older_version_is_the_same(pair, monkeypatch, epochs: int, labels: list[str]):
    old = {"id": "one", "severity": "info", "claim": "It never stops early.", "evidence": {"epochs": 50}}
    new = {**old, "claim": "Early stopping is off.", "evidence": {"epochs": epochs}}
    found = {**COMPARISON, "findings": {"a": [new], "b": [old]}}
    monkeypatch.setattr(diagnose_actions, "comparison", lambda a, b: found)
    assert [e.label for e in open_diagnose().expander if "both" in e.label] == labels


def test_runs_that_cannot_be_compared_are_one_sentence_and_the_curves_stay(pair, monkeypatch):
    def refuse(a, b):
        raise RunError("run x cannot be read: *damaged*")

    monkeypatch.setattr(diagnose_actions, "comparison", refuse)
    at = open_diagnose()
    assert not at.exception
    assert at.error[0].value == f"These two runs cannot be compared. {plain('Run x cannot be read: *damaged*.')}"
    assert len(at.get("vega_lite_chart")) == 3


def test_cost_is_shown_before_the_search_starts(pair, monkeypatch):
    cost = {
        "factors": ["data.shuffle"], "arms": 6, "minutes": 4.2,
        "skipped": [{"key": "training.mode", "reason": "both are frozen"}],
    }  # fmt: skip
    monkeypatch.setattr(diagnose_actions, "estimate", lambda a, b: cost)
    at = open_diagnose()
    assert "About **6 trials**, **4 min** on this machine; updated while it runs." in said(at)
    assert "both are frozen" in at.dataframe[-1].value.to_csv()
    assert at.number_input[0].value == 30


def test_start_makes_one_search_with_the_budget_and_names_it_in_the_address(pair, started):
    at = open_diagnose()
    at.number_input[0].set_value(7)
    at.number_input[1].set_value(2.5)
    button(at, "Find the cause").click().run()
    assert not at.exception
    (bisect,) = BisectStore().list()
    assert (bisect.budget_minutes(), bisect.runs()[0].id, started) == (7, pair[0].id, [bisect.id])
    assert bisect.margin() == pytest.approx(0.025)
    assert query(at, "bisect") == bisect.id
    assert "Find the cause" not in [b.label for b in at.button]


def test_search_at_work_shows_its_trials_and_can_be_stopped(pair):
    bisect = BisectStore().create(*pair)
    files.write_json(bisect.path / "result.json", {**bisect.result(), "arms": TRIALS, "verdict": "inconclusive"})
    bisect.write_status(Status(status="queued", created=1e9, queued=time.monotonic(), message="Tries *it*."))
    at = open_diagnose()
    assert not at.exception
    assert elements(at, "progress")[0].text == "Trials: 1 of 2 planned"
    assert "Tries *it*." in [t.value for t in at.text]
    assert "Searching for the cause" in said(at)
    assert len(at.get("vega_lite_chart")) == 4
    button(at, "Stop the search").click().run()
    assert bisect.stop_requested()
    assert "Stopping …" in [b.label for b in at.button]


def test_verdict_is_the_cause_in_words_with_the_evidence_below_and_a_way_to_the_fix(pair, finish):
    bisect = BisectStore().create(*pair)
    sentence = "data.shuffle made the difference: switching it alone turns 0.89 into 0.50 and back"
    finish(bisect, "single", factors=["data.shuffle"], sentence=sentence, arms=TRIALS[:1], good="a")
    at = open_diagnose()
    assert f"### {plain('“Shuffle” is the cause.')}" in [m.value for m in at.markdown]
    assert "One setting makes the difference" in said(at)
    assert plain(sentence) in said(at)
    a, b = sorted(pair, key=lambda run: run.config().data.shuffle != "samples")
    files.write_json(bisect.path / "result.json", {**bisect.result(), "runs": [a.id, b.id]})
    at = open_diagnose(a=a.id, b=b.id)
    at.button(key="fix").click().run()
    assert at.session_state["setting:data.shuffle"] == "samples"
    assert "with the fix: Shuffle: " in at.success[0].value.replace("\\", "")


def test_two_questions_have_an_answer_each_and_settings_their_values_and_reason(pair, finish):
    a, b = pair
    bisect = BisectStore().create(a, b)
    trials = [
        {**ROW, "name": f"{side.upper()} again, training.seed {seed}", "base": side, "from_b": from_b, "value": value,
         "interval": [0.7, 0.9], "status": "finished", "seconds": 2.0}
        for side, from_b, value in (("a", [], 0.8), ("b", ["data.shuffle"], 0.5))
        for seed in (2, 3)
    ]  # fmt: skip
    trials.append({**trials[0], "name": "A itself, training.seed 1", "own": True, "run": a.id})
    ends: tuple[tuple[list[str], float], ...] = (([], 0.8), (["data.shuffle"], 0.5))
    facts = {
        "candidates": ["data.shuffle"], "good": "a", "images": 200, "margin": 0.01, "arms": trials, "part": "val",
        "gap": {"value": 0.3, "interval": [0.25, 0.35], "seeds": 6, "p_value": 0.001, "level": 0.988},
        "values": {"data.shuffle": {"a": "samples", "b": "none"}}, "why": {"data.shuffle": "Because *so*."},
        "other_images": {"sentence": "On other images it would hold."},
        "auc": {"value": 0.1, "interval": [0.05, 0.15], "a": [], "b": [], "sentence": "AUC is lower by 0.1."},
        "note": "Early stopping in run A has chosen.",
        "measured": [{"from_b": f, "value": v, "interval": [v - 0.1, v + 0.1], "seeds": 2} for f, v in ends],
    }  # fmt: skip
    finish(bisect, "single", factors=["data.shuffle"], sentence="It.", **facts)
    text = said(open_diagnose(a=a.id, b=b.id))
    assert "Yes: A is better by 30" in text.replace("\\", "")
    assert "(+25.0 to +35.0; 6 seeds each, 200 images)" in text.replace("\\", "")
    assert plain("On other images it would hold.") in text
    assert plain("AUC is lower by 0.1.") in text
    assert "Run A has samples, run B has none" in text
    assert plain("Because *so*.") in text
    assert "It is the only difference: A reaches 80.0\xa0%, B 50.0\xa0%." in text.replace("\\", "")
    at = open_diagnose(a=b.id, b=a.id)
    turned = said(at).replace("\\", "")
    assert "Yes: B is better by 30" in turned
    assert "Run A has none, run B has samples." in turned
    assert "Early stopping in run B has chosen." in turned
    drawn = str(at.get("vega_lite_chart")[-1].proto)
    assert "A again: 50.0\xa0%, 2 seeds" in drawn
    assert "B itself, training.seed 1: 80.0\xa0%, not counted" in drawn


def test_a_search_of_an_older_version_is_shown_as_it_was(pair, finish):
    bisect = BisectStore().create(*pair)
    finish(bisect, "single", factors=["data.shuffle"], sentence="It.", arms=TRIALS[:1])
    record: Any = bisect.result()
    new = ("other_images", "measured", "auc", "values", "why", "note", "margin", "part", "images", "decided_by")
    files.write_json(bisect.path / "result.json", {key: record[key] for key in record if key not in new})
    at = open_diagnose()
    assert not at.exception
    assert plain("“Shuffle” is the cause.") in said(at)
    assert "Best validation accuracy" in str(at.get("vega_lite_chart")[-1].proto)
    assert "Does it generalise" not in said(at)


def test_search_made_the_other_way_round_is_told_in_the_order_of_the_lists(pair, finish):
    a, b = pair
    trials = [{**TRIALS[0], "from_b": []}]
    noise = {"a": [0.8], "b": [0.5], "spread": None}
    finish(BisectStore().create(a, b), "no-difference", sentence="It.", good="a", arms=trials, noise=noise)
    at = open_diagnose(a=b.id, b=a.id)
    assert "B again" in str(at.get("vega_lite_chart")[-1].proto)
    assert "A again" not in str(at.get("vega_lite_chart")[-1].proto)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("inconclusive", "No answer yet"), ("no-difference", "No difference that matters"), ("novel", "novel")],
)
def test_other_verdicts_are_said_plainly(pair, finish, verdict, words):
    finish(BisectStore().create(*pair), verdict, sentence="The intervals overlap.")
    at = open_diagnose()
    assert not at.exception
    assert words in said(at)
    assert plain("The intervals overlap.") in said(at)


def test_failed_search_says_why_and_goes_on_when_asked(pair, finish, started):
    bisect = BisectStore().create(*pair)
    finish(bisect, "", "failed", "the disk is *full*")
    at = open_diagnose()
    assert plain("The disk is *full*.") in [e.value for e in at.error]
    assert "Ended without a verdict; results so far are kept." in [t.value for t in at.text]
    button(at, "Resume the search").click().run()
    assert started == [bisect.id]
    assert bisect.read_status().status == "queued"


def test_nothing_trains_in_a_search_that_has_ended():
    result: Any = {"arms": TRIALS}
    states = [[trial["status"] for trial in settled(result, is_active=active)["arms"]] for active in (True, False)]
    assert states == [["finished", "running"], ["finished", "waiting"]]


def test_refused_start_is_one_sentence(pair, monkeypatch):
    def refuse(*_):
        raise RunError("cannot create a bisect in *here*: no space left")

    monkeypatch.setattr(BisectStore, "create", refuse)
    at = open_diagnose()
    button(at, "Find the cause").click().run()
    assert not at.exception
    assert at.error[0].value == plain("Cannot create a bisect in *here*: no space left.")


def test_report_holds_what_the_page_shows(pair):
    a, b = pair
    page = diagnose_actions.report_page(a, b, compare.compare(a, b), None, with_images=False)
    assert "<html" in page
    record = diagnose_actions.report_record(a, b, compare.compare(a, b), None, with_images=False)
    assert isinstance(json.loads(record), dict)


def test_images_are_not_in_the_report_unless_ticked(pair):
    at = open_diagnose()
    assert at.checkbox[0].label == "With images"
    assert at.checkbox[0].value is False


def test_one_click_pushes_the_same_images_through_both_runs(pair, monkeypatch):
    asked = []

    def measure(a, b):
        asked.append((a.id, b.id))
        return [
            ProbeStage(stage="decoded pixels", largest_difference=0.0),
            ProbeStage(stage="features", largest_difference=1.5),
        ]

    monkeypatch.setattr(diagnose_probe, "probe", measure)
    for run in pair:
        (run.path / "model.keras").touch()
    at = open_diagnose()
    assert asked == []
    button(at, "Compare activations").click().run()
    assert not at.exception
    assert asked == [(pair[0].id, pair[1].id)]
    table = next(frame.value for frame in at.dataframe if "Largest difference" in frame.value)
    assert list(table["Largest difference"]) == [0.0, 1.5]
