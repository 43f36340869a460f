"""The fragment that re-reads a run: what it says in each state, and that the page turns when the run ends."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.config import make_config
from core.store.run_records import EpochRecord, Event
from core.store.runs import Status
from pages.shared.run import poll
from pages.shared.run.facts import DataFacts


def steps(status: Status, **settings) -> str:
    words = poll._steps(status, make_config("sample", {f"training.{key}": value for key, value in settings.items()}))
    for icon, mark in (("check", "+"), ("play_arrow", ">"), ("more_horiz", "."), ("stop", "#")):
        words = words.replace(f":material/{icon}:", mark)
    return words


def test_steps_show_what_is_done_and_what_is_to_come():
    assert (
        steps(Status("running", phase="training")) == "+ Data · + Features · > **Training** · . Evaluation · . Saving"
    )
    assert steps(Status("queued")) == ". Data · . Features · . Training · . Evaluation · . Saving"
    assert steps(Status("interrupted", phase="data")).startswith("# **Data** · . Features")
    assert steps(Status("finished", phase="")) == "+ Data · + Features · + Training · + Evaluation · + Saving"


def test_steps_say_which_stage_of_fine_tuning_it_is_at():
    staged = {"mode": "fine_tune", "finetune_stages": 3}
    assert steps(Status("running", phase="finetuning 2"), **staged) == (
        "+ Data · + Features · + Training · > **Fine-tuning, stage 2 of 3** · . Evaluation · . Saving"
    )
    assert "> **Fine-tuning** ·" in steps(Status("running", phase="finetuning"), mode="fine_tune")
    assert "· + Fine-tuning ·" in steps(Status("running", phase="evaluating"), **staged)


def test_pace_is_that_of_the_phase_it_is_at():
    facts = DataFacts("", ("a", "b"), {"train": 800, "val": 4, "test": 0}, "a", 0.5)
    records = [
        EpochRecord(event="epoch", epoch=k, seconds=seconds, phase=phase)
        for k, seconds, phase in ((1, 0.1, "training"), (2, 8.0, "finetuning 2"))
    ]
    assert poll._pace(Status("running", phase="finetuning 2", epochs=4), records, facts) == (100, 16)
    assert poll._pace(Status("running", phase="finetuning 3", epochs=4), records, facts) == (None, None)


def test_steps_depend_on_the_way_of_training():
    assert "Fine-tuning" in steps(Status(), mode="fine_tune")
    assert "Features" not in steps(Status(), mode="end_to_end", unfreeze_from="all")
    assert "Features" not in steps(Status(), mode="end_to_end", literal=True)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status("failed", message="Boom."), "Ended before training."),
        (Status("interrupted", epoch=3, epochs=10), "Ended in epoch 3 of 10."),
        (Status("running", message="Trains."), "Trains."),
        (Status("stopped"), "Stopped by user; the model so far is kept."),
    ],
)
def test_one_sentence_says_where_the_run_is(status, sentence):
    assert poll._message(status) == sentence


def test_pace_comes_from_the_epochs_where_they_are_too_short_to_be_timed():
    facts = DataFacts("", ("a", "b"), {"train": 800, "val": 4, "test": 0}, "a", 0.5)
    records = [EpochRecord(event="epoch", epoch=k, seconds=s) for k, s in enumerate((99, 2, 2, 2, 2, 2), start=1)]
    assert poll._pace(Status("running", phase="training", epochs=10), records, facts) == (400, 8)
    timed = Status("running", phase="training", epochs=10, images_per_second=50, eta_seconds=3)
    assert poll._pace(timed, records, facts) == (50, 3)
    assert poll._pace(Status("running", phase="features"), [], None) == (None, None)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"event": "note", "message": "The cache was used."}, "The cache was used."),
        ({"event": "resumed", "time": 5.0, "epoch": 3}, "Resumed: epoch 3"),
        ({"time": 5.0}, "Event"),
    ],
)
def test_events_become_notes(event, line):
    assert poll._note(Event(**event)) == line


def test_ticks_go_on_only_while_there_is_something_to_wait_for(make_run, monkeypatch):
    intervals = []

    def fragment(tick, run_every):
        intervals.append(run_every)
        return lambda run, was: None

    monkeypatch.setattr(st, "fragment", fragment)
    done = make_run("done")
    poll.watch(done, done.read_status())
    stopped = make_run("stopped", "stopped")
    poll.watch(stopped, stopped.read_status())
    busy = make_run("busy", "queued")
    poll.watch(done, done.read_status())
    poll.watch(busy, busy.read_status())
    assert intervals == [None, poll.QUEUE_SECONDS, poll.QUEUE_SECONDS, poll.EVERY_SECONDS]


def test_the_whole_page_is_drawn_anew_once_the_run_has_ended(make_run, monkeypatch):
    run = make_run("busy", "queued", records=1)
    at = AppTest.from_file("../../../app.py", default_timeout=60).switch_page("pages/live.py")
    drawn = []

    def end_after_first_look(run, status):
        drawn.append(status.status)
        if len(drawn) == 1:
            run.write_status(Status("finished", created=status.created, seconds={"total": 4.0}))

    original = poll.watch
    monkeypatch.setattr(poll, "watch", lambda run, status: (end_after_first_look(run, status), original(run, status)))
    at.run()
    assert not at.exception
    assert drawn == ["queued", "finished"]
    assert [toast.value for toast in at.toast] == ["busy\\: finished\\."]
    assert ("Total time", "4 s") in [(m.label, m.value) for m in at.metric]
    assert run.read_status().status == "finished"


def test_events_are_shown_in_a_list(make_run):
    run = make_run("done", records=1)
    run.add_event("note", message="*Über* 肺 $x$")
    at = AppTest.from_file("../../../app.py", default_timeout=60).switch_page("pages/live.py").run()
    assert any(text.value.endswith("  *Über* 肺 $x$") for text in at.text)
    assert "Log (1)" in [expander.label for expander in at.expander]
