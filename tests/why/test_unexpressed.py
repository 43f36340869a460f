"""What reading finds in one script alone: the verdict, a hint or nothing, by what the search between them has shown."""

from typing import Any

import pytest

from core.script.importing import import_script
from core.why.answer import answer_of
from core.why.side import ScriptSide, side_of
from core.why.unexpressed import blamed, hints
from tests.why import scripts
from tests.why.prepared import ask, carry_through, end_at_once

SHOWN: dict[str, Any] = {"verdict": "no-difference", "factors": []}
OPEN: dict[str, Any] = {"verdict": "inconclusive", "factors": []}
CAUSE: dict[str, Any] = {"verdict": "single", "factors": ["training.learning_rate"]}

STOPPING = scripts.SHUFFLED.replace(
    "validation_data=val)", "validation_data=val, callbacks=[EarlyStopping(patience=2, restore_best_weights=True)])"
).replace("from keras.models", "from keras.callbacks import EarlyStopping\nfrom keras.models")
LAST_EPOCH = STOPPING.replace(", restore_best_weights=True", "")
DISORDERED = scripts.SHUFFLED.replace(
    'class_mode="binary",\n    shuffle=True)', 'class_mode="binary",\n    classes=["dog", "cat"], shuffle=True)'
)
CLASS_BY_CLASS = scripts.END_TO_END.replace("epochs=2", "epochs=2, shuffle=False")


def sides(*texts: str) -> tuple[ScriptSide, ScriptSide]:
    one, two = (
        side_of(import_script(text, f"{name}.py"), text, "sample")
        for name, text in zip(("one", "two"), texts, strict=True)
    )
    return one, two


def test_an_error_is_the_verdict_only_where_no_setting_was_shown_to_matter() -> None:
    pair = sides(scripts.SHUFFLED, DISORDERED)
    assert (blamed(SHOWN, pair), hints(SHOWN, pair)) == (["class-order-differs"], [])
    for found in (OPEN, CAUSE):
        assert blamed(found, pair) == []
        (hint,) = hints(found, pair)
        assert hint.startswith('two.py, line 19: "dog" is class 0 in training and class 1 in validation'), hint
    assert hints({}, pair) == [], "before the search there is nothing to say"


@pytest.mark.parametrize("text", [scripts.HOT, CLASS_BY_CLASS])
def test_an_error_that_a_setting_expresses_is_for_the_search(text: str) -> None:
    pair = sides(scripts.SHUFFLED, text)
    assert pair[1].faults(), "there is one"
    assert pair[0].config.settings() != pair[1].config.settings(), "and a setting has it"
    for found in (SHOWN, OPEN, CAUSE):
        assert (blamed(found, pair), hints(found, pair)) == ([], [])


def test_what_is_no_error_is_a_hint_until_a_cause_is_shown() -> None:
    pair = sides(STOPPING, LAST_EPOCH)
    assert pair[0].config.settings() == pair[1].config.settings()
    for found in (SHOWN, OPEN):
        assert blamed(found, pair) == []
        assert [hint.split(":")[0] for hint in hints(found, pair)] == ["two.py, line 23"]
    assert hints(CAUSE, pair) == []
    assert hints(SHOWN, sides(LAST_EPOCH, LAST_EPOCH.replace("model", "net"))) == [], "both have it"


TWO_SIGMOIDS = scripts.QUICK.replace('Dense(1, activation="sigmoid")', 'Dense(2, activation="sigmoid")').replace(
    'class_mode="binary"', 'class_mode="categorical"'
)


def test_what_the_reader_could_not_take_over_is_a_hint_unless_both_have_it() -> None:
    """Its settings are those of the other script, so the search says nothing of it."""
    pair = sides(scripts.QUICK, TWO_SIGMOIDS)
    assert pair[0].config.settings() == pair[1].config.settings()
    said = "two.py, line 9: two outputs with binary_crossentropy: a run has one sigmoid output for two classes."
    assert hints(SHOWN, pair) == hints(OPEN, pair) == [said]
    assert hints(CAUSE, pair) == []
    renamed = TWO_SIGMOIDS.replace("reader", "images")
    assert hints(SHOWN, sides(TWO_SIGMOIDS, renamed)) == []


@pytest.mark.parametrize(("steps", "count"), [("per_epoch", 0), ("3", 1)])
def test_the_same_argument_in_other_names_is_not_told(steps: str, count: int) -> None:
    text = scripts.QUICK.replace("epochs=12", "epochs=12, steps_per_epoch=number")
    other = text.replace("steps_per_epoch=number", f"steps_per_epoch={steps}")
    texts = [f"import os\n{name} = int(os.environ['N'])\n{one}" for name, one in (("number", text), (steps, other))]
    if count:
        texts[1] = f"import os\n\n{other}"
    assert len([one for one in hints(SHOWN, sides(*texts)) if one.startswith("two.py")]) == count


def test_a_seed_that_is_drawn_is_chance() -> None:
    drawn = scripts.QUICK.replace(
        "rate = 0.1", "import os\nkeras.utils.set_random_seed(int(os.environ['S']))\nrate = 0.1"
    )
    pair = sides(scripts.QUICK, drawn)
    assert [one["text"] for one in pair[1].not_read()] == ["the seed is known only when the script runs"]
    assert hints(SHOWN, pair) == []


def test_a_way_of_writing_is_no_difference() -> None:
    old = STOPPING.replace("base = ", 'print("loss")\nhistory = None\nbase = ')
    assert hints(SHOWN, sides(STOPPING, old)) == []


@pytest.mark.parametrize(
    ("texts", "verdict", "said"),
    [
        (
            (scripts.SHUFFLED, DISORDERED),
            "inconclusive",
            'tried, as no setting expresses it: second.py, line 19: "dog"',
        ),
        ((STOPPING, LAST_EPOCH), "no-difference", "EarlyStopping keeps the last epoch's weights by default."),
    ],
)
def test_the_answer_is_open_where_the_difference_was_not_trained(
    monkeypatch: pytest.MonkeyPatch, texts: tuple[str, str], verdict: str, said: str
) -> None:
    monkeypatch.setattr("core.workers.script_client.SECONDS", 150.0)
    found = end_at_once(monkeypatch)
    found |= {"verdict": verdict, "factors": [], "good": "", "sentence": "The budget of 1 minute ended."}
    why = ask(*texts)
    carry_through(why)
    answer = answer_of(why)
    assert (answer["verdict"], answer["factors"], answer["repaired"]) == ("inconclusive", [], None)
    assert said in answer["sentence"] and "The budget of 1 minute ended." in answer["sentence"]
