"""The head of a network as a list of layers between the features and the output, and its short form of two settings.

    dense 256 relu, batch_norm, dropout 0.5, dense 64 relu l2=0.001, dropout 0.3

The short form, `model.dense_units` and `model.dropout`, stands for a list as well: dropout before each Dense layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.notation.steps import Argument, Grammar, Kind, Step, StepError, read_steps, step_record, write_steps

KEY = "model.head"
"""The setting that is the head as a list of layers."""

SHORT_FORM = ("model.dense_units", "model.dropout")
"""Settings that are its short form: 0 where the head is a list."""

NO_LAYERS = "none"
"""The notation of an empty list: the features go straight to the output. (Empty text is the short form.)"""

ACTIVATIONS = ("relu", "linear", "elu", "selu", "gelu", "silu", "leaky_relu", "softplus", "tanh", "sigmoid")
MOST_UNITS = 4096

_L2 = Argument("l2", 0.0, 0, 10)
_OUTPUT = "output"

POOLINGS = ("average", "max", "flatten")
"""What makes features of the last map; a list may begin with one, which is then `model.pooling`."""

HEAD = Grammar(
    "layer",
    (
        Kind(
            "dense",
            "Dense",
            (
                Argument("units", 128, 1, MOST_UNITS, by_place=True, required=True),
                Argument("activation", "relu", choices=ACTIVATIONS, by_place=True, required=True),
                _L2,
            ),
        ),
        Kind("dropout", "Dropout", (Argument("rate", 0.5, 0, 0.95, by_place=True, required=True),)),
        Kind(
            "batch_norm",
            "Batch normalisation",
            (Argument("momentum", 0.99, 0, 0.9999), Argument("epsilon", 0.001, 1e-7, 0.1)),
            ("batchnormalization", "bn"),
        ),
        Kind(
            "activation",
            "Activation",
            (Argument("activation", "relu", choices=ACTIVATIONS, by_place=True, required=True),),
        ),
        Kind(_OUTPUT, "Output", (_L2,)),
        Kind("average", "Average pooling", (), ("avg", "globalaveragepooling2d", "globalavgpool2d")),
        Kind("max", "Max pooling", (), ("globalmaxpooling2d", "globalmaxpool2d")),
        Kind("flatten", "Flatten"),
    ),
    12,
)
"""What may stand in a head. `output` is the last layer, which is always there: it is named to give it an L2 penalty."""


@dataclass(frozen=True)
class Head:
    """A head, whichever way it was written.

    Attributes:
        layers: tuple of Step. Between the features and the output.
        output_l2: float. L2 penalty of the output layer's kernel; 0 for none.
    """

    layers: tuple[Step, ...] = ()
    output_l2: float = 0.0

    @property
    def dropout(self) -> float:
        """Largest rate of a Dropout in it; 0 without one."""
        return max((float(layer["rate"]) for layer in self.layers if layer.kind == "dropout"), default=0.0)

    @property
    def is_penalised(self) -> bool:
        """Whether weights of it add an L2 penalty to the loss."""
        return self.output_l2 > 0 or any(float(layer["l2"]) > 0 for layer in self.layers if layer.kind == "dense")

    @property
    def units(self) -> list[int]:
        """Units of its Dense layers before the output."""
        return [int(layer["units"]) for layer in self.layers if layer.kind == "dense"]

    @property
    def rectified_units(self) -> int:
        """Units that are silent below zero: those of Dense layers with a relu in or right behind them."""
        return sum(self._silent(k) for k in range(len(self.layers)))

    def _silent(self, k: int) -> int:
        layer = self.layers[k]
        if layer.kind not in ("dense", "activation") or layer["activation"] != "relu":
            return 0
        return next((int(one["units"]) for one in self.layers[k::-1] if one.kind == "dense"), 0)

    def weights(self, inputs: int, outputs: int) -> int:
        """Weights that are learned.

        Args:
            inputs: int. Length of a feature vector.
            outputs: int. Units of the output layer.
        """
        count, width = 0, inputs
        for layer in self.layers:
            if layer.kind == "dense":
                count += (width + 1) * layer["units"]
                width = layer["units"]
            elif layer.kind == "batch_norm":
                count += 2 * width
        return count + (width + 1) * outputs

    def text(self) -> str:
        """In canonical notation; never empty."""
        output = (Step(_OUTPUT, (("l2", self.output_l2),)),) if self.output_l2 else ()
        return write_steps((*self.layers, *output), HEAD) or NO_LAYERS


def short_form(dense_units: int, dropout: float) -> Head:
    """The head that the two settings stand for: dropout, dense, dropout, output; what is 0 is left out."""
    before = (Step("dropout", (("rate", dropout),)),) if dropout > 0 else ()
    dense = (Step("dense", (("units", dense_units), ("activation", "relu"), ("l2", 0.0))),) if dense_units > 0 else ()
    return Head((*before, *dense, *(before if dense else ())))


def read_head(value: Any) -> tuple[Head, str]:
    """A head that is given as a list, and the pooling that stands at its beginning.

    Args:
        value: str or sequence. See `core.notation.steps.read_steps`.

    Returns:
        The head; and `average`, `max`, `flatten`, or empty where it names none.

    Raises:
        ConfigError: it is not a list of layers.
    """
    if isinstance(value, str) and value.strip().lower() == NO_LAYERS:
        return Head(), ""
    steps = read_steps(KEY, value, HEAD)
    for k, step in enumerate(steps):
        if step.kind in POOLINGS and k:
            raise StepError(KEY, HEAD.word, k, f"{step.kind} is a pooling layer, so it must be the first layer")
        if step.kind == _OUTPUT and k < len(steps) - 1:
            raise StepError(KEY, HEAD.word, k, "the output is the last layer; put it at the end")
    pooling = steps[0].kind if steps and steps[0].kind in POOLINGS else ""
    layers = tuple(step for step in steps if step.kind not in (*POOLINGS, _OUTPUT))
    return Head(layers, steps[-1]["l2"] if steps and steps[-1].kind == _OUTPUT else 0.0), pooling


def convert_head(value: Any) -> str:
    """A value of `model.head` in canonical notation, a pooling at its beginning for `ModelConfig` to take; empty text
    for the short form."""
    if isinstance(value, str) and not value.strip():
        return ""
    head, pooling = read_head(value)
    if not pooling:
        return head.text()
    return pooling if head == Head() else f"{pooling}, {head.text()}"


def lowered(text: str, most: float) -> str:
    """A value of `model.head` with no Dropout above a rate."""
    head, _ = read_head(text)
    layers = [
        Step("dropout", (("rate", min(layer["rate"], most)),)) if layer.kind == "dropout" else layer
        for layer in head.layers
    ]
    return Head(tuple(layers), head.output_l2).text()


def heads_in_one_form(settings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Flat settings of several runs, the short form written as the list that it stands for where one has a list.

    Args:
        settings: sequence of dict. `{"model.head": "", "model.dense_units": 8, ...}`; what is absent stays absent.
    """
    if not any(one.get(KEY) for one in settings):
        return [dict(one) for one in settings]
    return [_as_list(one) for one in settings]


def _as_list(settings: Mapping[str, Any]) -> dict[str, Any]:
    units, dropout = (settings.get(key) for key in SHORT_FORM)
    if settings.get(KEY) or units is None or dropout is None:
        return dict(settings)
    return {**settings, KEY: short_form(units, dropout).text(), **dict(zip(SHORT_FORM, (0, 0.0), strict=True))}


def head_record(text: str) -> Any:
    """A value of `model.head` as config.json has it: a list of objects; empty text for the short form."""
    if not text:
        return ""
    head, _ = read_head(text)
    output = [{HEAD.word: _OUTPUT, "l2": head.output_l2}] if head.output_l2 else []
    return [*(step_record(layer, HEAD) for layer in head.layers), *output]
