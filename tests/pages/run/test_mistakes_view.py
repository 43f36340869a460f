"""Mistakes on Live: all of them, in pages, by kind and by how sure they are."""

import numpy as np
from streamlit.testing.v1 import AppTest

from core.insight.stored import Stored
from pages.shared.run.mistakes_view import SHOWN, Wrong, all_mistakes


def kept(count: int = 30) -> Stored:
    """Images of three classes; every second one of `a` is called `b` or `c`."""
    labels = np.zeros(count, dtype=np.int64)
    probabilities = np.tile([0.6, 0.3, 0.1], (count, 1))
    for k in range(0, count, 2):
        said = 1 if k % 4 else 2
        probabilities[k] = 0.1
        probabilities[k, said] = 0.5 + k / 120
    return Stored(("a", "*b*", "c"), tuple(f"{k}.png" for k in range(count)), labels, probabilities)


def page(count: int) -> None:
    from core.config import make_config
    from core.store.run_records import PartFigures
    from core.store.runs import RunStore
    from pages.shared.run.mistakes_view import mistakes_panel
    from tests.pages.run.test_mistakes_view import kept

    runs = RunStore()
    run = runs.list()[0] if runs.list() else runs.create(make_config("nowhere", {}))
    mistakes_panel(run, "val", PartFigures(accuracy=0.5), kept(count))


def shown(at: AppTest) -> list[str]:
    return [text.value for text in at.caption if text.value.endswith("\\.png")]


def test_all_mistakes_are_there_the_surest_first():
    found = all_mistakes(kept())
    assert len(found) == 15
    assert found[0] == Wrong("28.png", "a", "c", 0.5 + 28 / 120)
    assert [wrong.probability for wrong in found] == sorted((w.probability or 0 for w in found), reverse=True)
    assert all_mistakes(Stored(("a", "b"), ("1",), np.array([0]), np.array([[0.5, 0.5]]))) == []


def test_they_are_shown_in_pages_and_chosen_by_kind_and_confidence():
    at = AppTest.from_function(page, args=(60,), default_timeout=20).run()
    assert not at.exception
    assert "30 mistakes." in [text.value for text in at.caption]
    assert len(shown(at)) == SHOWN
    at.number_input[0].set_value(3).run()
    assert len(shown(at)) == 6
    at.multiselect[0].select("a predicted as c").run()
    assert "15 of 30 mistakes." in [text.value for text in at.caption]
    assert at.number_input[0].value == 1
    at.slider[0].set_value(0.9).run()
    assert shown(at) == ["56\\.png", "52\\.png", "48\\.png"]
    at.slider[0].set_value(1.0).run()
    assert not shown(at)
    assert not at.exception


def test_few_mistakes_need_no_choice():
    at = AppTest.from_function(page, args=(10,), default_timeout=20).run()
    assert len(shown(at)) == 5
    assert not at.multiselect
    assert not at.number_input
