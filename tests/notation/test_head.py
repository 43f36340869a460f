"""A head as a list: what is read, in which words, what is refused and where; its canonical form; its short form."""

import json
from typing import Any

import pytest

from core.config import RunConfig, make_config, merged, read_config
from core.errors import ConfigError
from core.notation.head import HEAD, NO_LAYERS, Head, convert_head, lowered, read_head, short_form
from core.notation.steps import StepError, read_steps, write_steps

EVERY_KIND = "dense 256 relu l2=0.001, batch_norm momentum=0.9, activation gelu, dropout 0.5, output l2=0.01"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (EVERY_KIND, EVERY_KIND),
        ('Dense(256, "relu", l2=1e-3), BatchNormalization(momentum=.9),Activation("gelu"),Dropout(0.5), output(l2=.01)',
         EVERY_KIND),
        ([{"layer": "dense", "units": 8, "activation": "tanh"}, {"layer": "dropout", "rate": 0.25}],
         "dense 8 tanh, dropout 0.25"),
        ('[{"layer": "dense", "units": 8.0, "activation": "ReLU"}]', "dense 8 relu"),
        (["dense 8 relu", {"layer": "batch_norm"}], "dense 8 relu, batch_norm"),
        ("GlobalMaxPooling2D(), bn", "max, batch_norm"),
        ([{"layer": "flatten"}], "flatten"),
        ([], NO_LAYERS),
        ("None", NO_LAYERS),
        ("  ", ""),
    ],
)  # fmt: skip
def test_a_list_is_read_in_every_form_and_written_in_one(given: Any, text: str) -> None:
    assert convert_head(given) == text
    assert convert_head(text) == text


REFUSED: list[tuple[Any, int, str]] = [
    ("dense", 0, "dense needs units; it may be 1 to 4096"),
    ("dense 8", 0, "dense needs activation; it may be relu, linear, elu, selu, gelu, silu, leaky_relu, softplus, "
                   "tanh, sigmoid"),
    ("dense 8 relu, dense 0 relu", 1, 'units of dense is "0"; it may be 1 to 4096'),
    ("dense 8.5 relu", 0, 'units of dense is "8.5"; it may be 1 to 4096'),
    ([{"layer": "dense", "units": 10**5000, "activation": "relu"}], 0, "units of dense is a number of"),
    ([{"layer": "dense", "units": True, "activation": "relu"}], 0, "units of dense is True; it may be 1 to 4096"),
    ('[{"layer": "dropout", "rate": NaN}]', 0, "rate of dropout is nan; it may be 0 to 0.95"),
    ("dropout 1", 0, 'rate of dropout is "1"; it may be 0 to 0.95'),
    ("dense 8 softmax", 0, 'activation of dense is "softmax"; it may be relu, '),
    ("dense 8 relu l1=0.1", 0, 'dense has no "l1"; it has units, activation, l2'),
    ("dense 8 relu 4", 0, 'dense takes no "4"; it has units, activation, l2'),
    ("conv 8", 0, 'there is no layer "conv"; it may be dense, dropout, batch_norm, activation, output, average, max, '),
    ([7], 0, 'an object with "layer" and its arguments is expected, but "7" came'),
    ("dense 8 relu, max", 1, "max is a pooling layer, so it must be the first layer"),
    ("output l2=0.1, dropout 0.5", 0, "the output is the last layer; put it at the end"),
    ("()", 0, "it is empty; a layer is one of dense, "),
]  # fmt: skip


@pytest.mark.parametrize(("given", "position", "why"), REFUSED, ids=[why[:30] for *_, why in REFUSED])
def test_what_is_not_allowed_is_refused_at_its_layer(given: Any, position: int, why: str) -> None:
    with pytest.raises(StepError) as error:
        read_head(given)
    assert error.value.position == position
    assert error.value.why.startswith(why)
    assert str(error.value) == f"model.head: layer {position + 1}: {error.value.why}"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("dropout 0.1, " * 13, "^model.head has 13 layers; it may have 12 at most$"),
        ("x" * 5001, "^model.head has 5,001 characters; it may have 5,000 at most$"),
        ("[" * 4000, "^model.head is not a list of layers in JSON: "),
        ("[1", "^model.head is not a list of layers in JSON: "),
        (7, '^model.head is a list of layers, but "7" came$'),
        (None, '^model.head is a list of layers, but "None" came$'),
    ],
)
def test_what_is_no_list_is_refused_before_it_is_read(given: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_head(given)


def test_the_list_takes_the_place_of_the_three_settings_and_goes_through_config_json() -> None:
    config = make_config("sample", {"model.head": f"max, {EVERY_KIND}"}, preset="question-bottleneck")
    model = config.model
    assert (model.pooling, model.dense_units, model.dropout, model.head) == ("max", 0, 0.0, EVERY_KIND)
    record = json.loads(json.dumps(config.to_dict()))
    assert record["model"]["head"][0] == {"layer": "dense", "units": 256, "activation": "relu", "l2": 0.001}
    assert RunConfig.from_dict(record) == config == make_config("sample", config.settings())
    assert read_config(json.dumps(record)) == config
    assert make_config("sample", {}).to_dict()["model"]["head"] == ""


def test_a_head_in_both_of_its_forms_is_refused_but_settings_below_it_give_way() -> None:
    with pytest.raises(
        ConfigError, match=r"^model.dropout is 0.5, but model.head is given too and .*; leave model.dropout"
    ):
        make_config("sample", {"model.head": "none", "model.dropout": "0.5"})
    under = make_config("sample", {"model.dense_units": 64}).settings()
    assert make_config("sample", merged(under, {"model.head": "none"})).model.head == "none"
    listed = make_config("sample", {"model.head": "none"}).settings()
    with pytest.raises(ConfigError, match=r"^model.dense_units is 64, but model.head is given too"):
        make_config("sample", merged(listed, {"model.dense_units": 64}))
    assert make_config("sample", merged(listed, {"model.head": "", "model.dense_units": 64})).model.dense_units == 64


@pytest.mark.parametrize(
    ("units", "dropout", "text"),
    [(0, 0.0, NO_LAYERS), (0, 0.2, "dropout 0.2"), (8, 0.0, "dense 8 relu"),
     (8, 0.2, "dropout 0.2, dense 8 relu, dropout 0.2")],
)  # fmt: skip
def test_the_short_form_stands_for_a_list(units: int, dropout: float, text: str) -> None:
    head = short_form(units, dropout)
    assert head.text() == text
    assert read_head(text) == (head, "")
    config = make_config("sample", {"model.dense_units": units, "model.dropout": dropout})
    assert config.model.whole_head == make_config("sample", {"model.head": text}).model.whole_head == head


def test_what_a_head_says_of_itself() -> None:
    head, _ = read_head("dense 8 linear, batch_norm, activation relu, dropout 0.7, dense 4 relu, dense 3 tanh")
    assert (head.dropout, head.units, head.rectified_units) == (0.7, [8, 4, 3], 12)
    assert head.weights(10, 1) == 11 * 8 + 2 * 8 + 9 * 4 + 5 * 3 + 4
    assert Head().weights(10, 3) == 33
    assert lowered(head.text(), 0.5) == head.text().replace("0.7", "0.5")
    steps = read_steps("x", EVERY_KIND, HEAD)
    assert read_steps("x", list(steps), HEAD) == steps
    assert write_steps(steps, HEAD) == EVERY_KIND
