"""What unnamed runs are called, and what tells them apart."""

import time
from pathlib import Path

import pytest

from core.config import make_config
from core.errors import RunError
from core.store import run_titles
from core.store.notes import rename_run
from core.store.run_titles import Described, _label, described, told_apart
from core.store.runs import Run, RunStore

WORDS = "VGG16, frozen, 224 px, lr 0.001"


def described_run(**changed: object) -> Described:
    return Described("", WORDS, {"dataset": "/data/cats", **changed})


def make(dataset: str = "/data/cats", name: str = "", **settings: object) -> Run:
    asked = {"model.backbone": "VGG16", "data.image_size": 224, "training.learning_rate": 0.001}
    asked |= {key.replace("__", "."): value for key, value in settings.items()}
    return RunStore().create(make_config(dataset, asked, name=name))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, WORDS),
        ({"training.mode": "end_to_end"}, "VGG16, frozen, full pass, 224 px, lr 0.001"),
        ({"training.mode": "end_to_end", "training.unfreeze_from": "all"}, "VGG16, all weights, 224 px, lr 0.001"),
        ({"training.mode": "end_to_end", "training.unfreeze_from": "block5"},
         "VGG16, trained from block5, 224 px, lr 0.001"),
        ({"training.mode": "fine_tune", "training.learning_rate": 3e-5, "data.image_size": 96},
         "VGG16, fine-tuned, 96 px, lr 3e-05"),
    ],
)  # fmt: skip
def test_a_run_is_called_by_what_it_is(settings: dict[str, object], words: str) -> None:
    asked = {"model.backbone": "VGG16", "data.image_size": 224, "training.learning_rate": 0.001, **settings}
    assert described(make_config("x", asked)) == words


def test_what_differs_is_added_and_then_the_time() -> None:
    ids = ["20260102-030405-000-aaaaaa", "20260102-030445-000-bbbbbb", "20260102-030445-001-cccccc"]
    other = {"data.shuffle": "none", "data.drop_remainder": True, "training.seed": 3, "training.momentum": 0.5}
    assert told_apart({ids[0]: described_run()}) == {ids[0]: WORDS}
    assert told_apart({ids[0]: described_run(), ids[1]: described_run(**other)}) == {
        ids[0]: WORDS,
        ids[1]: f"{WORDS}, {_label('data.shuffle')} none, {_label('data.drop_remainder')} yes",
    }
    assert set(told_apart(dict.fromkeys(ids, described_run())).values()) == {
        f"{WORDS}, 2026-01-02 03:04:05 UTC", f"{WORDS}, bbbbbb", f"{WORDS}, cccccc",
    }  # fmt: skip
    on = {ids[0]: described_run(), ids[1]: Described("", WORDS, {"dataset": "/data/dogs"})}
    assert set(told_apart(on).values()) == {f"{WORDS}, on cats", f"{WORDS}, on dogs"}


def test_titles_follow_what_comes_goes_and_is_renamed() -> None:
    first = make()
    assert first.title() == WORDS
    second = make(data__shuffle="none")
    assert first.title() == WORDS
    assert second.title().startswith(f"{WORDS}, ")
    assert second.title().endswith("none")
    rename_run(second, "  Größe \N{SLICE OF PIZZA}   <b>*x*</b>  ")
    assert second.title() == "Größe \N{SLICE OF PIZZA} <b>*x*</b>"
    third = make(data__shuffle="none")
    rename_run(first, "named")
    assert (first.title(), third.title()) == ("named", WORDS)
    rename_run(second, "")
    assert second.title() != third.title()
    assert {second.title()[: len(WORDS)], third.title()[: len(WORDS)]} == {WORDS}


def test_a_run_is_found_by_what_it_is_called() -> None:
    run = make()
    assert RunStore().get(WORDS).id == run.id
    with pytest.raises(RunError, match=r"^there is no run"):
        RunStore().get("x" * 100_000)


@pytest.mark.parametrize("name", ["a" * 101, "a\x00b", "a\x1bb", "\u202eabc"])
def test_a_name_that_is_not_allowed_changes_nothing(name: str) -> None:
    run = make(name="before")
    with pytest.raises(RunError, match=r"keeps its name: name: at most 100 printable characters"):
        rename_run(run, name)
    assert run.title() == "before"


def test_an_emoji_of_several_parts_is_a_name() -> None:
    run = make()
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{MICROSCOPE} lab"
    assert rename_run(run, family) == family
    assert run.title() == family


def test_a_damaged_run_is_called_by_its_id(tmp_path: Path) -> None:
    run = make()
    (run.path / "config.json").write_text("{")
    assert run.title() == run.id


def test_many_titles_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [make(training__seed=k) for k in range(1, 30)]
    assert len({run.title() for run in runs}) == len(runs)
    read: list[Path] = []

    def note(path: Path) -> Described:
        read.append(path)
        return Described("", "", {})

    monkeypatch.setattr(run_titles, "_read", note)
    run_titles._memory().described.clear()
    run_titles._memory().titles.clear()
    start = time.process_time()
    assert len(run_titles.titles(RunStore().root)) == len(runs)  # of the file that all processes share
    assert read == []
    assert time.process_time() - start < 1
