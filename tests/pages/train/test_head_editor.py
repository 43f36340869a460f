"""The head's editor: it begins with the simple head, adds, removes, orders, and says at a row what is wrong there."""

import pytest
from streamlit.testing.v1 import AppTest

from core.store.runs import RunStore
from core.workers import launch
from pages.shared import state
from tests.pages.driver import widget

FIELD = state.field_key("model.head")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(launch, "start", lambda run, *, parent_pipe: None)
    app = AppTest.from_file("../../../app.py", default_timeout=60)
    app.switch_page("pages/train.py")
    app.session_state[state.DATASET] = "sample"
    app.session_state[state.field_key("model.dense_units")] = 16
    return app.run()


def press(at: AppTest, label: str, number: int = 0) -> AppTest:
    return [button for button in at.button if button.label == label][number].click().run()


def errors(at: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in at.error]


def test_a_list_is_made_ordered_and_trained_and_the_simple_head_comes_back(at: AppTest) -> None:
    widget(at, state.HEAD_LISTED).set_value(True).run()
    assert at.session_state[FIELD] == "dropout 0.2, dense 16 relu, dropout 0.2"
    assert not any(one.label == "Hidden units" for one in at.number_input), "the simple settings say nothing now"
    press(at, "Add Batch normalisation")
    press(at, "Up", 3)
    assert at.session_state[FIELD] == "dropout 0.2, dense 16 relu, batch_norm, dropout 0.2"
    press(at, "Remove", 0)
    next(one for one in at.number_input if one.label == "Units").set_value(32).run()
    next(one for one in at.selectbox if one.label == "Activation").set_value("elu").run()
    [one for one in at.number_input if one.label == "L2 penalty"][-1].set_value(0.01).run()
    wanted = "dense 32 elu, batch_norm, dropout 0.2, output l2=0.01"
    assert at.session_state[FIELD] == wanted
    assert not at.exception
    press(at, "Start training")
    assert RunStore().list()[0].config().model.head == wanted
    at.switch_page("pages/train.py").run()
    assert at.session_state[FIELD] == wanted, "it is still there after a look at the curves"
    widget(at, state.HEAD_LISTED).set_value(False).run()
    assert at.session_state[FIELD] == ""
    assert widget(at, state.field_key("model.dense_units")).value == 16


def test_what_is_not_allowed_is_said_at_its_row_and_start_waits(at: AppTest) -> None:
    at.session_state[FIELD] = "dense 8 relu, dropout 0.5"
    at.run()
    next(one for one in at.number_input if one.label == "Rate").set_value(1.5).run()
    said = errors(at)
    assert said[0] == 'Layer 2: rate of dropout is "1.5"; it may be 0 to 0.95.'
    assert said[1].startswith("Layers of the head: model.head: layer 2: rate of dropout is")
    assert [button.disabled for button in at.button if button.label == "Start training"] == [True]
    for _ in range(9):
        press(at, "Add Dropout")
    assert all(button.disabled for button in at.button if button.label.startswith("Add "))
