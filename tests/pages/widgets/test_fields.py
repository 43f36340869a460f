"""Every setting has a widget made from its own words; the form knows what differs and what has meaning."""

import pytest
from streamlit.testing.v1 import AppTest

from core.config import PRESETS, keys, make_config, setting
from core.errors import ConfigError
from core.models.catalogue import BACKBONES
from pages.shared.train import form as train_form
from pages.shared.widgets import fields


def draw(key: str, value: object) -> AppTest:
    """One field alone on a page."""

    def script(key, value):
        import streamlit as st

        from core.config import make_config
        from pages.shared import state
        from pages.shared.widgets import fields

        st.session_state.setdefault(state.field_key(key), value)
        result = fields.field(key, {**make_config("sample", {}).settings(), key: value})
        st.text(repr(result))

    return AppTest.from_function(script, kwargs={"key": key, "value": value}, default_timeout=60).run()


def test_every_setting_has_a_widget_that_keeps_its_value_and_type():
    def script():
        import streamlit as st

        from core.config import keys, make_config, setting
        from pages.shared import state
        from pages.shared.widgets import fields

        values = make_config("sample", {}).settings()
        for key in keys():
            st.session_state.setdefault(state.field_key(key), setting(key).default)
            st.text(repr(fields.field(key, {**values, key: setting(key).default})))

    at = AppTest.from_function(script, default_timeout=60).run()
    assert not at.exception
    assert not at.warning
    assert {key: text.value for key, text in zip(keys(), at.text, strict=True)} == {
        key: repr(setting(key).default) for key in keys()
    }


def test_help_names_the_key_and_the_limits():
    told = {key: fields.help_of(key) for key in keys()}
    assert [key for key, text in told.items() if f"`{key}`" not in text] == []
    limited = [key for key in keys() if setting(key).metadata["low"] is not None]
    assert [key for key, text in told.items() if "Allowed:" in text] == limited


def test_value_that_is_no_choice_is_told_and_put_back():
    at = draw(fields.BACKBONE, "Nope*net*")
    assert not at.exception
    assert at.warning[0].value.replace("\\", "").startswith("Backbone was “Nope*net*”")
    assert at.text[0].value == "'EfficientNetLite0'"


def test_choices_of_the_block_follow_the_backbone():
    values = make_config("sample", {"model.backbone": "VGG16"}).settings()
    assert fields.choices_of(fields.UNFREEZE, values) == (
        "",
        "block1",
        "block2",
        "block3",
        "block4",
        "block5",
        "all",
    )
    assert fields.choices_of(fields.UNFREEZE, {**values, "model.backbone": "?"}) == ("", "all")
    assert fields.choices_of(fields.BACKBONE, values) == tuple(BACKBONES)


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("model.backbone", "VGG16", "VGG16"),
        ("training.learning_rate", 7e-4, "0.0007"),
        ("data.drop_remainder", True, "on"),
        ("data.shuffle", "none", "Off"),
        ("data.augmentation", "none", "None"),
        ("training.unfreeze_from", "", "None (frozen)"),
        ("training.unfreeze_from", "block5", "block5"),
        ("training.mode", "end_to_end", "Full pass"),
    ],
)
def test_values_are_put_into_words(key, value, word):
    assert fields.word_of(key, value) == word


def test_error_begins_with_the_words_of_its_field():
    with pytest.raises(ConfigError) as caught:
        make_config("sample", {"training.learning_rate": 0})
    assert fields.sentence_of(caught.value).replace("\\", "") == (
        "Learning rate: training.learning_rate is 0.0; it may be 1e-07 to 10."
    )
    assert fields.sentence_of(ConfigError("some *thing*")) == "Some \\*thing\\*\\."


def test_every_setting_is_on_the_page_once_and_every_preset_has_a_title():
    shown = [key for group in train_form.GROUPS.values() for key in group] + train_form.advanced_keys()
    assert sorted([*shown, fields.MODE]) == sorted(keys())
    assert set(train_form.PRESET_TITLES) == set(PRESETS)


@pytest.mark.parametrize(
    ("key", "changes", "meaning"),
    [
        ("training.unfreeze_from", {}, False),
        ("training.unfreeze_from", {"training.mode": "end_to_end"}, True),
        ("training.finetune_epochs", {"training.mode": "end_to_end"}, False),
        ("training.finetune_epochs", {"training.mode": "fine_tune"}, True),
        ("training.finetune_stages", {"training.mode": "end_to_end"}, False),
        ("training.finetune_stages", {"training.mode": "fine_tune"}, True),
        ("training.block_rate_factor", {}, False),
        ("training.block_rate_factor", {"training.mode": "fine_tune"}, True),
        ("training.literal", {"training.mode": "end_to_end"}, True),
        ("training.literal", {"training.mode": "end_to_end", "training.unfreeze_from": "all"}, False),
        ("data.augmentation_draws", {}, False),
        ("data.augmentation_draws", {"data.augmentation": "light"}, True),
        ("data.validation_split", {}, False),
        ("training.epochs", {}, True),
        ("training.runtime", {}, True),
        ("training.runtime", {"training.mode": "end_to_end", "training.literal": True}, False),
        ("training.runtime", {"training.mode": "end_to_end", "training.mixup": 0.2}, False),
        ("training.runtime", {"training.mode": "bottleneck", "training.mixup": 0.2}, True),
        ("training.mixup", {"training.mode": "bottleneck", "training.mixup": 0.2}, False),
        ("training.mixup", {"training.mode": "end_to_end"}, True),
        ("training.mixup", {"training.mode": "fine_tune"}, True),
    ],
)
def test_settings_without_meaning_are_left_out(key, changes, meaning):
    values = {**make_config("sample", {}).settings(), **changes}
    assert train_form.has_meaning(key, values, split_on_disk=True) is meaning


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "About 1.3 k trainable parameters"),
        ({"model.pooling": "flatten", "model.dense_units": 128, "data.image_size": 150}, "About 4.1 M"),
        ({"training.mode": "end_to_end", "training.unfreeze_from": "all"}, "About 3.4 M"),
        ({"training.mode": "fine_tune"}, "Between 1.3 k and 3.4 M"),
    ],
)
def test_cost_is_told_roughly(changes, sentence):
    assert train_form.cost_sentence(make_config("sample", changes), 2).startswith(sentence)


@pytest.mark.parametrize(("ahead", "start"), [(0, "Queue is empty"), (1, "1 run is ahead"), (3, "3 runs are ahead")])
def test_queue_is_told(ahead, start):
    assert train_form.queue_sentence(ahead).startswith(start)


def test_end_to_end_is_said_only_where_all_weights_train():
    assert fields.mode_words("end_to_end", "") == "Frozen backbone, full pass"
    assert fields.mode_words("end_to_end", "all") == "End to end"
    assert fields.mode_words("end_to_end", "block5") == "Full pass, trained from block5 on"
    assert fields.mode_words("bottleneck", "") == "Bottleneck"
