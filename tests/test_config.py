"""Configurations: every setting explains itself, presets say what the question says, mistakes get one sentence."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import (
    FORMAT,
    PRESETS,
    DataConfig,
    ModelConfig,
    RunConfig,
    TrainConfig,
    beside_recommended,
    keys,
    make_config,
    read_config,
    setting,
)
from core.errors import ConfigError

FIXED_KEYS = [
    "data.image_size",
    "data.batch_size",
    "data.shuffle",
    "data.augmentation",
    "data.augmentation_draws",
    "data.preprocessing",
    "data.drop_remainder",
    "data.validation_split",
    "data.positive_class",
    "data.seed",
    "model.backbone",
    "model.weights",
    "model.pooling",
    "model.dense_units",
    "model.dropout",
    "training.mode",
    "training.epochs",
    "training.optimizer",
    "training.learning_rate",
    "training.unfreeze_from",
    "training.class_weight",
    "training.early_stopping",
    "training.precision",
    "training.seed",
]


def refusal(**values: Any) -> str:
    """The sentence with which a setting is refused; `data__image_size=10` stands for `data.image_size`."""
    with pytest.raises(ConfigError) as error:
        make_config("sample", {key.replace("__", "."): value for key, value in values.items()})
    return str(error.value)


def test_the_promised_keys_exist() -> None:
    assert set(FIXED_KEYS) <= set(keys())


def test_recommended_is_every_default() -> None:
    assert PRESETS["recommended"] == {}
    assert make_config("sample", {}) == RunConfig()
    assert RunConfig().training.mode == "bottleneck"
    assert RunConfig().dataset == "sample"


@pytest.mark.parametrize("key", keys())
def test_every_setting_explains_itself_and_has_a_default_it_would_accept(key: str) -> None:
    spec = setting(key)
    assert spec.metadata["label"]
    assert spec.metadata["help"].endswith((".", ")"))
    assert make_config("sample", {key: spec.default}) == RunConfig()
    assert make_config("sample", {key: str(spec.default)}) == RunConfig()


@pytest.mark.parametrize("key", [key for key in keys() if setting(key).metadata["choices"]])
def test_every_choice_is_explained_and_can_be_taken(key: str) -> None:
    for choice in setting(key).metadata["choices"]:
        assert make_config("sample", {key: choice}).settings()[key] == choice


BESIDE = {"training.mixup": {"training.mode": "end_to_end"}}
"""What a setting needs beside it: bottleneck mode has no mixed images."""


@pytest.mark.parametrize("key", [key for key in keys() if setting(key).metadata["low"] is not None])
def test_every_number_may_be_as_low_and_as_high_as_it_says(key: str) -> None:
    spec = setting(key)
    for end in (spec.metadata["low"], spec.metadata["high"]):
        assert make_config("sample", {key: end, **BESIDE.get(key, {})}).settings()[key] == end
    with pytest.raises(ConfigError, match=rf"^{key} is .*; it may be "):
        make_config("sample", {key: spec.metadata["low"] - 1})


QUESTION = {
    "data.image_size": 150,
    "data.batch_size": 20,
    "data.augmentation": "question",
    "data.preprocessing": "rescale",
    "model.backbone": "EfficientNetLite0",
    "model.weights": "imagenet",
    "model.pooling": "flatten",
    "model.dense_units": 128,
    "model.dropout": 0.7,
    "training.epochs": 10,
    "training.optimizer": "adam",
    "training.learning_rate": 0.0007,
    "training.unfreeze_from": "",
    "training.class_weight": "none",
    "training.early_stopping": 0,
    "training.precision": "float32",
}


@pytest.mark.parametrize(
    ("preset", "own"),
    [
        (
            "question-bottleneck",
            {
                "training.mode": "bottleneck",
                "data.augmentation_draws": 1,
                "data.drop_remainder": True,
                "data.shuffle": "samples",
            },
        ),
        (
            "question-end-to-end",
            {
                "training.mode": "end_to_end",
                "data.augmentation_draws": 0,
                "data.drop_remainder": False,
                "data.shuffle": "none",
            },
        ),
    ],
)
def test_the_questions_presets_have_the_questions_values(preset: str, own: dict[str, Any]) -> None:
    values = make_config("sample", {}, preset=preset).settings()
    expected = {**QUESTION, **own}
    assert {key: values[key] for key in expected} == expected


def test_the_two_presets_of_the_question_differ_in_four_settings_only() -> None:
    a, b = (make_config("sample", {}, preset=f"question-{name}").settings() for name in ("bottleneck", "end-to-end"))
    assert {key for key in a if a[key] != b[key]} == {
        "training.mode", "data.shuffle", "data.augmentation_draws", "data.drop_remainder",
    }  # fmt: skip


def test_single_settings_win_over_the_preset() -> None:
    config = make_config("sample", {"model.backbone": "VGG16", "data.batch_size": "8"}, preset="question-bottleneck")
    assert (config.model.backbone, config.data.batch_size, config.data.image_size) == ("VGG16", 8, 150)


def test_settings_are_listed_as_they_are_declared() -> None:
    assert list(RunConfig().settings()) == keys()
    assert keys()[0] == "data.image_size"


@pytest.mark.parametrize("preset", PRESETS)
def test_a_configuration_comes_back_from_its_json(preset: str) -> None:
    config = make_config("/data/Röntgen, 2", {"training.seed": 7}, preset=preset, name="ein Läufer")
    assert read_config(json.dumps(config.to_dict())) == config
    assert config.to_dict()["format"] == FORMAT


def test_a_part_or_a_setting_that_is_not_there_has_its_default() -> None:
    assert read_config("{}") == RunConfig()
    assert read_config('{"data": {"seed": 3}}') == RunConfig(data=DataConfig(seed=3))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"training__learning_rate": 0}, "training.learning_rate is 0.0; it may be 1e-07 to 10"),
        ({"training__learning_rate": "-1"}, "training.learning_rate is -1.0; it may be 1e-07 to 10"),
        ({"data__image_size": "10"}, "data.image_size is 10; it may be 16 to 1024"),
        ({"training__epochs": "abc"}, 'training.epochs is a whole number, but "abc" came; it may be 1 to 1000'),
        ({"training__epochs": "nan"}, 'training.epochs is a whole number, but "nan" came; it may be 1 to 1000'),
        ({"training__epochs": "inf"}, 'training.epochs is a whole number, but "inf" came; it may be 1 to 1000'),
        ({"training__epochs": "-1"}, "training.epochs is -1; it may be 1 to 1000"),
        ({"training__epochs": "1e9"}, "training.epochs is 1000000000; it may be 1 to 1000"),
        ({"data__batch_size": 0}, "data.batch_size is 0; it may be 1 to 1024"),
        ({"model__dropout": 1.0}, "model.dropout is 1.0; it may be 0 to 0.95"),
        ({"data__validation_split": 0}, "data.validation_split is 0.0; it may be 0.01 to 0.9"),
        ({"data__validation_split": 1}, "data.validation_split is 1.0; it may be 0.01 to 0.9"),
        ({"data__shuffle": "sample"}, 'data.shuffle is "sample"; it may be samples, batches, none'),
        ({"data__drop_remainder": "perhaps"}, 'data.drop_remainder is true or false, but "perhaps" came'),
        ({"model__backbone": 3}, 'model.backbone is text, but "3" came'),
    ],
)
def test_a_value_outside_is_refused_with_what_came_and_what_is_allowed(values: dict[str, Any], sentence: str) -> None:
    assert refusal(**values) == sentence


def test_an_unknown_setting_gets_the_nearest_name() -> None:
    assert refusal(data__bach_size=3) == 'there is no setting "data.bach_size"; did you mean data.batch_size?'
    assert refusal(learning_rate=3).endswith("did you mean training.learning_rate?")


def test_a_setting_like_none_other_gets_the_list() -> None:
    assert refusal(zzz=1) == f'there is no setting "zzz"; settings are {", ".join(keys())}'


def test_an_unknown_preset_gets_the_list() -> None:
    with pytest.raises(ConfigError) as error:
        make_config("sample", {}, preset="quick")
    assert str(error.value) == (
        'there is no preset "quick"; the presets are recommended, fast, best, question-bottleneck, question-end-to-end'
    )


def test_epochs_of_all_stages_are_counted() -> None:
    staged = TrainConfig(mode="fine_tune", epochs=20, finetune_epochs=5, finetune_stages=3)
    assert (staged.finetuning_epochs, staged.most_epochs) == (15, 35)
    assert TrainConfig(epochs=20, finetune_stages=3).most_epochs == 20


def test_a_configuration_from_before_there_were_stages_has_one() -> None:
    record = make_config("sample", {"training.mode": "fine_tune"}).to_dict()
    del record["training"]["finetune_stages"], record["training"]["block_rate_factor"]
    training = RunConfig.from_dict(record).training
    assert (training.finetune_stages, training.block_rate_factor) == (1, 1.0)


def test_the_record_of_a_run_from_before_there_was_a_choice_of_validation_loss_has_the_log_loss() -> None:
    record = make_config("sample", {}).to_dict()
    assert record["training"].pop("val_loss") == "objective"
    assert RunConfig.from_dict(record).training.val_loss == "log_loss"
    del record["training"]["epochs"]
    assert RunConfig.from_dict(record).training.epochs == 20, "what the default was then"
    assert read_config('{"training": {"epochs": 3}}').training.val_loss == "objective", "no run's own record"


def test_a_bottleneck_has_nothing_to_unfreeze() -> None:
    assert refusal(training__unfreeze_from="block5") == (
        'training.unfreeze_from is "block5", but in bottleneck mode the backbone never trains; '
        "leave it empty, or set training.mode to end_to_end or fine_tune"
    )
    assert make_config("sample", {"training.unfreeze_from": "block5", "training.mode": "end_to_end"})


def test_a_bottleneck_has_no_mixed_images() -> None:
    assert refusal(training__mixup=0.2) == (
        "training.mixup is 0.2, but in bottleneck mode the features of each image are computed once, and those of a "
        "mixed image do not follow from them; set it to 0, or training.mode to end_to_end or fine_tune"
    )
    for mode, features in (("end_to_end", False), ("fine_tune", True)):
        training = make_config("sample", {"training.mixup": 0.2, "training.mode": mode}).training
        assert (training.takes_features, training.is_on_features) == (features, False)
    assert make_config("sample", {"training.mode": "end_to_end"}).training.is_on_features


@pytest.mark.parametrize(
    ("mode", "unfreeze_from", "frozen"),
    [
        ("bottleneck", "", True),
        ("end_to_end", "", True),
        ("end_to_end", "all", False),
        ("fine_tune", "", False),
        ("fine_tune", "block5", False),
    ],
)
def test_a_backbone_is_frozen_where_nothing_trains_it(mode: str, unfreeze_from: str, frozen: bool) -> None:
    assert TrainConfig(mode=mode, unfreeze_from=unfreeze_from).is_frozen is frozen


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"format": 2}', "this configuration has format 2; this version of Parity reads up to 1"),
        ('{"format": "1"}', "this configuration has format 1; this version of Parity reads up to 1"),
        ("[]", "a configuration is an object with keys, but this is list"),
        ('{"data": 3}', 'data: settings with their values are expected, but "3" was given'),
        (
            '{"dat": {}}',
            "dat: there is no such section of a configuration; the sections are data, dataset, format, model, name, "
            "training",
        ),
        ('{"data": {"size": 3}}', 'there is no setting "data.size"; did you mean data.seed?'),
        ('{"data": {"image_size": NaN}}', 'data.image_size is a whole number, but "nan" came; it may be 16 to 1024'),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_config(text)
    assert str(error.value) == sentence


@pytest.mark.parametrize("text", ["", "{", "\0", "nonsense", "[" * 100_000, '{"format": ' + "9" * 5000 + "}"])
def test_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^this is not a configuration: "):
        read_config(text)


@pytest.mark.parametrize(("name", "length"), [("n" * 101, 101), ("two\nlines", 9), ("\x1b[31m", 5), ("\udcff", 1)])
def test_a_name_that_cannot_be_shown_in_a_line_is_refused(name: str, length: int) -> None:
    with pytest.raises(ConfigError) as error:
        make_config("sample", {}, name=name)
    assert str(error.value) == f"name: at most 100 printable characters, but {length} were given"


def test_a_section_holds_values_of_its_own_types_however_it_was_made() -> None:
    data = DataConfig(image_size="150", drop_remainder="yes")  # type: ignore[arg-type]
    assert (data.image_size, data.drop_remainder) == (150, True)
    assert type(TrainConfig(learning_rate=1).learning_rate) is float
    with pytest.raises(ConfigError, match=r"^model\.dropout is 2\.0; it may be 0 to 0\.95$"):
        dataclasses.replace(ModelConfig(), dropout=2)


def test_a_configuration_cannot_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().data.image_size = 3  # type: ignore[misc]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
VALUES = JSON | st.sampled_from(["all", "end_to_end", "none", "1e3", "-0", "true", "٣"])
SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        part: JSON
        | st.dictionaries(st.sampled_from([key.split(".")[1] for key in keys()]) | st.text(max_size=5), VALUES)
        for part in ("data", "model", "training", "format", "dataset", "name", "more")
    },
)


def only_valid_or_refused(make: Any) -> None:
    """Whatever comes: a configuration that survives its own JSON, or one sentence."""
    try:
        config = make()
    except ConfigError as error:
        assert str(error)
        return
    assert read_config(json.dumps(config.to_dict())) == config


@given(st.text() | SECTIONS.map(json.dumps) | JSON.map(json.dumps))
@settings(max_examples=150, deadline=None)
def test_whatever_text_is_read_gives_a_configuration_or_one_sentence(text: str) -> None:
    only_valid_or_refused(lambda: read_config(text))


@given(st.dictionaries(st.sampled_from(keys()) | st.text(max_size=20), VALUES, max_size=4), st.sampled_from([*PRESETS]))
@settings(max_examples=150, deadline=None)
def test_whatever_settings_come_give_a_configuration_or_one_sentence(values: dict[str, Any], preset: str) -> None:
    only_valid_or_refused(lambda: make_config("sample", values, preset=preset))


def test_a_head_that_is_a_list_stands_beside_the_recommended_one_as_a_list() -> None:
    plain = beside_recommended(make_config("sample", {"training.epochs": 3}))
    assert [row for row in plain if row[1] != row[2]] == [("training.epochs", 3, 50)]
    assert [key for key, *_ in plain] == keys()
    listed = beside_recommended(make_config("sample", {"model.head": "dropout 0.3, dense 8 elu"}))
    assert [row for row in listed if row[1] != row[2]] == [("model.head", "dropout 0.3, dense 8 elu", "dropout 0.2")]
    assert set(keys()) - {key for key, *_ in listed} == {"model.dense_units", "model.dropout"}, "they have no effect"
    same = beside_recommended(make_config("sample", {"model.head": "dropout 0.2"}))
    assert [row for row in same if row[1] != row[2]] == []
