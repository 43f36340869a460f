"""The sweep on the Train page: what is asked for, what is shown, what is taken."""

import pytest
from streamlit.testing.v1 import AppTest

from core.config import make_config
from core.errors import AccessError
from core.housekeeping.trial_ids import trial_ids
from core.store.runs import Status
from core.sweep.plan import plan
from core.sweep.store import Sweep, SweepSpec, SweepStore
from core.workers import launch
from pages.shared import state
from pages.shared.shell import jobs
from pages.shared.train.sweep_chart import trials_figure, trials_table, trials_words
from pages.shared.widgets.fields import label_of
from tests.pages.driver import widget

CHOICES = {"training.learning_rate": (1e-4, 1e-2), "training.optimizer": ("adam", "sgd")}


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the jobs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id) if parent_pipe else None)
    return ids


@pytest.fixture
def done() -> Sweep:
    """A sweep that has finished, its third trial the best and its last one failed."""
    base = make_config("sample", {})
    sweep = SweepStore().create(base, plan(base, CHOICES), 5)
    record = sweep.result()
    for k, (row, value) in enumerate(zip(record["arms"], (0.8, 0.7, 0.9, None), strict=True)):
        row |= {"status": "failed", "run": f"run{k}"}
        if value:
            row |= {"status": "finished", "value": value, "interval": [value - 0.1, value + 0.05], "loss": 1 - value,
                    "auc": value, "epochs": 3}  # fmt: skip
    record["best"] = {"arm": 2, "run": "run2", "settings": record["arms"][2]["settings"], "value": 0.9, "pictures": 100,
                      "expected": 0.87, "expected_interval": [0.8, 0.94], "optimism": 0.03, "alike": 1}  # fmt: skip
    record["sentence"] = "Best of 3: *x*"
    sweep.write_result(record)
    sweep.write_status(Status(status="finished", message="done"))
    return sweep


def open_page(sweep: Sweep | None = None, **fields: object) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=60)
    at.switch_page("pages/train.py")
    if sweep:
        at.session_state[state.SWEEP] = sweep.id
    for key, value in fields.items():
        at.session_state[state.field_key(key.replace("__", "."))] = value
    return at.run()


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def test_the_fields_make_a_grid_that_is_started_with_the_form(started):
    at = open_page(training__epochs=7)
    widget(at, state.SWEEP_KEYS).set_value(["training.learning_rate", "training.optimizer"]).run()
    widget(at, state.choices_key("training.learning_rate")).set_value("1e-4, 1e-2").run()
    assert "Start 4 trials" in labels(at)
    press(at, "Start 4 trials")
    assert not at.exception
    (sweep,) = SweepStore().list()
    assert started == [sweep.id]
    assert sweep.trials() == plan(make_config("sample", {}), CHOICES)
    assert (sweep.config().training.epochs, sweep.budget_minutes()) == (7, 30)
    assert "Stop the sweep" in labels(at)
    press(at, "Stop the sweep")
    assert sweep.stop_requested()
    assert widget(at, "sweep_stop").disabled
    assert widget(at, "sweep_stop").label == "Stopping …"


def test_random_trials_have_a_seed_and_take_ranges():
    at = open_page()
    widget(at, state.SWEEP_KEYS).set_value(["training.learning_rate"]).run()
    widget(at, state.choices_key("training.learning_rate")).set_value("1e-4..1e-1").run()
    assert "is a range; say how many trials" in at.warning[-1].value.replace("\\", "")
    assert next(button for button in at.button if button.label == "Start 0 trials").disabled
    widget(at, state.SWEEP_RANDOM).set_value(5).run()
    widget(at, state.SWEEP_SEED).set_value(3).run()
    press(at, "Start 5 trials")
    (sweep,) = SweepStore().list()
    from core.sweep.plan import read_choices

    span = read_choices("training.learning_rate", "1e-4..1e-1")
    assert sweep.trials() == plan(make_config("sample", {}), {"training.learning_rate": span}, 5, 3)


def test_an_unfrozen_form_is_told_that_a_sweep_needs_features():
    at = open_page(training__mode="end_to_end", training__unfreeze_from="all")
    said = " ".join(warning.value for warning in at.warning).replace("\\", "")
    assert "A sweep trains heads on cached features" in said


def test_the_best_settings_go_into_the_form_with_one_click(done):
    at = open_page(done)
    assert not at.exception
    assert ":material/emoji_events: Best of 3\\: \\*x\\*" in [m.value for m in at.markdown]
    table = at.dataframe[0].value
    assert list(table["accuracy"]) == pytest.approx([90, 80, 70])
    assert list(table[label_of("training.learning_rate")]) == [1e-2, 1e-4, 1e-4]
    assert "Failed trials: learning\\_rate=0\\.01, optimizer=sgd." in [c.value for c in at.caption]
    press(at, "Use the best settings")
    assert widget(at, state.field_key("training.learning_rate")).value == 0.01
    assert widget(at, state.field_key("training.optimizer")).value == "adam"


def test_a_sweep_that_ended_early_can_go_on(done, started):
    done.write_status(Status(status="stopped", message="Stopped after 3 of 4 trials; the results so far are kept."))
    at = press(open_page(done), "Resume the sweep")
    assert not at.exception
    assert started == [done.id]


def test_trials_are_kept_out_of_the_lists_of_runs(done):
    assert trial_ids() == {"run0", "run1", "run2", "run3"}


def test_the_lines_go_through_every_setting_to_the_accuracy(done):
    lines = trials_figure(done.result(), label_of, dark=True).data[0]
    rate, optimizer, accuracy = lines.dimensions
    assert (list(rate["values"]), list(rate["ticktext"])) == ([-2, -4, -4], ["0.0001", "0.01"])
    assert (list(optimizer["values"]), list(optimizer["ticktext"])) == ([0, 0, 1], ["adam", "sgd"])
    assert list(accuracy["values"]) == [0.9, 0.8, 0.7]
    assert trials_words(done.result()).endswith(
        "The best: learning_rate=0.01, optimizer=adam 90.0\xa0%; learning_rate=0.0001, optimizer=adam 80.0\xa0%; "
        "learning_rate=0.0001, optimizer=sgd 70.0\xa0%."
    )
    assert len(trials_table(done.result(), label_of)) == 3


def test_a_public_visitor_sees_no_sweep_and_cannot_start_one(monkeypatch, started):
    monkeypatch.setenv("PARITY_MODE", "public")
    assert not [label for label in labels(open_page()) if label.endswith("arms")]
    base = make_config("sample", {})
    with pytest.raises(AccessError, match="This public demonstration does not allow you to start a sweep"):
        jobs.begin("sweep", SweepSpec(base, trials=plan(base, CHOICES), budget_minutes=5))
    assert started == []
