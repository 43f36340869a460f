"""The Train page: presets, marks, refusals, and one run for one form."""

import io
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import paths
from core.data.ingest import ingest_files
from core.errors import RunError
from core.store.runs import RunStore
from core.workers import launch
from pages.shared import state
from pages.shared.train import expectation
from pages.shared.train.choices import CHOICES
from tests.pages.driver import widget


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the runs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda run, *, parent_pipe: ids.append(run.id) if parent_pipe else None)
    return ids


@pytest.fixture
def images(image_folder):
    return image_folder("Röntgen *neu*", train=(6, 5), val=(2, 2))


def open_page(reference: object = "sample", *, customise: bool = True, **fields: object) -> AppTest:
    """The page with these values in its fields, which are drawn only where "Customise" is open."""
    at = AppTest.from_file("../../app.py", default_timeout=60)
    at.switch_page("pages/train.py")
    at.session_state[state.DATASET] = str(reference)
    at.session_state[state.CUSTOMISE] = customise
    for key, value in fields.items():
        at.session_state[state.field_key(key.replace("__", "."))] = value
    return at.run()


def field(at: AppTest, key: str):
    return widget(at, state.field_key(key))


def press(at: AppTest, label: str = "Start training") -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def start_of(at: AppTest):
    return next(button for button in at.button if button.label == "Start training")


def told_at(at: AppTest, key: str) -> str:
    """The error that stands right below a field."""
    nodes = [node for node in at.main if hasattr(node, "value")]
    place = next(k for k, node in enumerate(nodes) if getattr(node, "key", None) == state.field_key(key))
    return nodes[place + 1].value.replace("\\", "") if nodes[place + 1].type == "error" else ""


def errors(at: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in at.error]


def captions(at: AppTest) -> str:
    return " ".join(caption.value for caption in at.caption).replace("\\", "")


def test_page_opens_with_the_recommended_preset_for_the_sample():
    at = open_page()
    assert not at.exception
    assert not at.warning
    assert field(at, "data.batch_size").value == 32
    figures = {m.label: m.value for m in at.metric}
    assert list(figures.items())[:3] == [
        ("Training images", "800"), ("Validation images", "160"), ("Batches per epoch", "25"),
    ]  # fmt: skip
    assert figures["Duration, at most"].endswith(" s")
    assert figures["Expected memory"].endswith(" GB")
    assert "Download" not in figures
    assert "Using preset values." in captions(at)
    assert "Queue is empty; starts immediately." in captions(at)


def test_preset_fills_every_field(started):
    at = open_page()
    widget(at, state.PRESET).set_value("question-end-to-end").run()
    assert not at.exception
    assert field(at, "data.shuffle").value == "none"
    assert field(at, "model.dense_units").value == 128
    assert field(at, "training.mode").value == "end_to_end"
    press(at)
    settings = RunStore().get(started[0]).config().settings()
    assert (settings["training.learning_rate"], settings["data.image_size"]) == (7e-4, 150)


def test_differences_are_marked_named_and_taken_back():
    at = open_page()
    field(at, "training.epochs").set_value(7)
    field(at, "model.dropout").set_value(0.5).run()
    assert "2 settings differ from the preset. Dropout: 0.5 instead of 0.2; Epochs: 7 instead of 50." in captions(at)
    assert field(at, "training.epochs").label == "Epochs :primary[●]"
    press(at, "Reset to preset")
    assert field(at, "training.epochs").value == 50
    assert "Using preset values." in captions(at)


def test_values_are_kept_while_another_page_is_visited():
    at = open_page()
    field(at, "data.batch_size").set_value(20).run()
    at.switch_page("pages/dataset.py")
    at.switch_page("pages/train.py").run()
    assert field(at, "data.batch_size").value == 20


def test_start_makes_one_run_and_opens_it(images, started):
    at = open_page(images)
    field(at, "training.epochs").set_value(3)
    widget(at, state.RUN_NAME).set_value("Versuch 1 猫").run()
    press(at)
    config = RunStore().get(started[0]).config()
    assert len(started) == 1
    assert (config.name, config.training.epochs, config.dataset) == ("Versuch 1 猫", 3, str(images))
    assert at.query_params["run"] in (started[0], [started[0]])


def test_second_click_on_the_same_form_starts_nothing(started):
    at = open_page()
    token = at.session_state[state.START_TOKEN]
    press(at)
    at.switch_page("pages/train.py").run()
    at.session_state[state.START_TOKEN] = token
    press(at)
    assert len(started) == 1


def test_form_seen_again_may_be_started_again(started):
    at = open_page()
    press(at)
    at.switch_page("pages/train.py").run()
    press(at)
    assert len(started) == 2


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("training.learning_rate", 0.0, "Learning rate: training.learning_rate is 0.0; it may be 1e-07 to 10."),
        ("data.image_size", 10, "Image size: data.image_size is 10; it may be 16 to 1024."),
        ("data.batch_size", 0, "Batch size: data.batch_size is 0; it may be 1 to 1024."),
        ("training.seed", -1, "Training seed: training.seed is -1; it may be 0 to 2147483647."),
    ],
)
def test_refused_value_is_one_sentence_and_stays_in_the_form(key, value, sentence, started):
    at = open_page()
    field(at, "model.dropout").set_value(0.5)
    at.session_state[state.field_key(key)] = value
    at.run()
    assert start_of(at).disabled
    assert not at.exception
    assert errors(at) == [sentence]
    assert told_at(at, key) == sentence
    assert f"Correct these fields before you start: {sentence.split(':')[0]}." in " ".join(m.value for m in at.markdown)
    assert started == []
    assert (field(at, key).value, field(at, "model.dropout").value) == (value, 0.5)


def test_stages_are_asked_for_and_counted_where_the_run_is_fine_tuned(started):
    at = open_page(training__mode="fine_tune", training__epochs=4)
    assert field(at, "training.finetune_stages").value == 1
    field(at, "training.block_rate_factor").set_value(0.38)
    field(at, "training.finetune_stages").set_value(3).run()
    assert {m.label: m.value for m in at.metric}["Epochs at most"] == "19"
    assert "Epochs: 4 of the head, then 3 stages of 5 of fine-tuning, in the end the last 3 blocks." in captions(at)
    assert field(at, "training.unfreeze_from").options[0] == "As many blocks as stages"
    press(at)
    training = RunStore().get(started[0]).config().training
    assert (training.finetune_stages, training.block_rate_factor, training.most_epochs) == (3, 0.38, 19)


def test_more_stages_than_blocks_are_told_before_the_start(started):
    at = open_page(training__mode="fine_tune", training__unfreeze_from="block6", training__finetune_stages=4)
    assert errors(at) == [
        "Fine-tune stages: training.finetune_stages is 4, but from block6 on EfficientNetLite0 has 3 blocks; ask "
        "for 3 at most, or name an earlier block in training.unfreeze_from."
    ]
    at.run()
    assert start_of(at).disabled
    assert started == []


def test_image_too_small_for_the_backbone_is_told_at_its_field(started):
    at = open_page(data__image_size=20)
    assert start_of(at).disabled
    assert errors(at)[0].startswith("Image size: data.image_size is 20, but EfficientNet-Lite0 (built in) needs")
    assert started == []


def test_unknown_backbone_is_told_and_put_back():
    at = open_page(model__backbone="Nope")
    assert not at.exception
    assert "“Nope”" in at.warning[0].value
    assert field(at, "model.backbone").value == "EfficientNetLite0"


def test_missing_weights_are_one_sentence(monkeypatch, started, tmp_path):
    def unreachable(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    expectation._refusal.clear()
    at = open_page(model__backbone="VGG16")
    assert not at.exception
    assert len(errors(at)) == 1
    assert "vgg16_weights" in errors(at)[0]
    assert start_of(at).disabled
    assert {m.label: m.value for m in at.metric}["Download"] == "59 MB"
    assert any("VGG16 · download" in option for option in field(at, "model.backbone").options)
    monkeypatch.setattr("urllib.request.urlopen", lambda *args, **kwargs: io.BytesIO())
    press(at, "Check again")
    assert not errors(at)
    assert not start_of(at).disabled
    assert "The server is reachable" in captions(at)
    expectation._refusal.clear()
    assert started == []


def test_one_class_and_a_missing_folder_are_one_sentence(image_folder, tmp_path):
    at = open_page(image_folder("single", only=(4,)))
    assert not at.exception
    assert len(at.error) == 1
    assert "only one class" in errors(at)[0]
    assert str(tmp_path) not in errors(at)[0], "where the folder lies is nobody's business"
    assert ", in single;" in errors(at)[0]
    assert not at.metric
    assert start_of(at).disabled
    gone = open_page(tmp_path / "gone")
    assert not gone.exception
    assert len(gone.error) == 1
    assert start_of(gone).disabled
    assert any("no images to train on: choose another dataset" in one.value for one in gone.markdown)


def test_no_duration_is_told_without_images(images, tmp_path):
    def told(at: AppTest) -> list[str]:
        choice = next(radio for radio in at.radio if radio.key == state.CHOICE)
        return list(choice.proto.captions)

    assert all("p to about" in words for words in told(open_page(images)))
    assert not any("p to about" in words for words in told(open_page(tmp_path / "gone")))
    assert not start_of(open_page(images)).disabled


def test_empty_class_is_told_before_and_refused_at_the_start(images, started):
    (images / "train" / "c").mkdir()
    at = open_page(images)
    assert at.warning[0].value.startswith("The class c has 0 readable images")
    assert len(press(at).error) == 1
    assert started == []


def test_block_typed_before_means_nothing_in_bottleneck_mode(started):
    at = open_page(training__unfreeze_from="block5")
    press(at)
    assert errors(at) == []
    assert RunStore().get(started[0]).config().training.unfreeze_from == ""


def test_worker_that_cannot_start_is_one_sentence(monkeypatch):
    def refuse(run, *, parent_pipe):
        raise RunError("the worker cannot be started: no memory")

    monkeypatch.setattr(launch, "start", refuse)
    at = press(open_page())
    assert errors(at) == ["The worker cannot be started: no memory."]


def test_runs_ahead_are_counted(started):
    press(open_page())
    assert "1 run is ahead in the queue" in captions(open_page())


def test_a_beginner_sees_three_ways_with_their_duration_and_the_form_is_closed(started):
    at = open_page(customise=False)
    choice = widget(at, state.CHOICE)
    assert (list(choice.options), choice.value) == (["Fast", "Recommended", "Thorough"], "recommended")
    captions_of = list(choice.proto.captions)
    assert all(text.startswith("Up to about ") for text in captions_of)
    assert [CHOICES[name].about in text for name, text in zip(CHOICES, captions_of, strict=True)] == [True] * 3
    assert not at.session_state[state.CUSTOMISE]
    choice.set_value("best").run()
    assert at.session_state[state.field_key("training.mode")] == "fine_tune"
    with pytest.raises(KeyError):
        field(at, "training.mode")
    assert not at.session_state[state.CUSTOMISE]
    press(at)
    assert RunStore().get(started[0]).config().training.finetune_epochs == 10


def test_the_form_opens_by_itself_once_where_it_says_something_else():
    at = open_page(customise=False, training__epochs=7)
    assert at.session_state[state.CUSTOMISE]
    at.session_state[state.CUSTOMISE] = False
    at.run()
    assert not at.session_state[state.CUSTOMISE]
    assert "Epochs: 7 instead of 50" in captions(at)
    at.session_state[state.CUSTOMISE] = True
    at.run()
    assert field(at, "training.epochs").value == 7
    widget(at, state.PRESET).set_value("question-bottleneck").run()
    assert widget(at, state.CHOICE).value is None


def test_what_was_typed_counts_after_the_form_was_closed(started):
    at = open_page()
    field(at, "training.epochs").set_value(7)
    field(at, "model.dropout").set_value(0.5).run()
    at.session_state[state.CUSTOMISE] = False
    at.run().run()
    assert "2 settings differ from the preset." in captions(at)
    press(at)
    config = RunStore().get(started[0]).config()
    assert (config.training.epochs, config.model.dropout) == (7, 0.5)


def test_what_is_wrong_in_the_closed_form_is_told_below_it():
    at = open_page(data__batch_size=0)
    assert told_at(at, "data.batch_size").startswith("Batch size")
    at.session_state[state.CUSTOMISE] = False
    at.run()
    assert errors(at) == ["Batch size: data.batch_size is 0; it may be 1 to 1024."]
    assert start_of(at).disabled


def test_two_wrong_fields_are_told_at_both():
    at = open_page(data__batch_size=0, training__epochs=0)
    assert told_at(at, "data.batch_size").startswith("Batch size")
    assert told_at(at, "training.epochs").startswith("Epochs")
    assert len(errors(at)) == 2


def test_memory_that_is_not_there_is_told_before_the_start(monkeypatch):
    monkeypatch.setenv("PARITY_MEMORY", "0.5")
    at = open_page()
    assert any("the system may kill it" in warning.value for warning in at.warning)
    assert not start_of(at).disabled


def test_what_an_upload_left_out_is_told(images):
    """A file that points outside its folder is not taken in, which only the Dataset page said."""

    def folder_of(*more: tuple[str, io.BytesIO]) -> Path:
        own = [(str(file.relative_to(images)), io.BytesIO(file.read_bytes())) for file in sorted(images.rglob("*.png"))]
        return ingest_files([*own, *more], paths.uploads_folder())

    def notes(at: AppTest) -> str:
        assert not at.exception
        return " ".join(one.value for one in at.info).replace("\\", "")

    assert "Files left out" not in notes(open_page(folder_of()))
    outside = ("../../evil.png", io.BytesIO(next(images.rglob("*.png")).read_bytes()))
    assert "Files left out because of their type or location: 1." in notes(open_page(folder_of(outside)))
