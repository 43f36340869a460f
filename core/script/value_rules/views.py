"""What a model makes of what it is trained on or asked with: the images that arrive, the output, the labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.checks.finding import Finding
from core.script.calls_behind import Index, calls_behind
from core.script.flow import models
from core.script.flow.layer_kinds import WEIGHTED
from core.script.flow.machine import Machine, Stop, word
from core.script.flow.made import Layer, Made
from core.script.flow.networks import Ask, Compile, Fit, Model
from core.script.flow.objects import Array, Batches, External, Items, Out
from core.script.flow.training_calls import images_of
from core.script.flow.value import Value
from core.script.reader import Call, Script
from core.script.rules_order import finding

_SNAKE = {
    "binarycrossentropy": "binary_crossentropy",
    "categoricalcrossentropy": "categorical_crossentropy",
    "sparsecategoricalcrossentropy": "sparse_categorical_crossentropy",
    "binaryfocalcrossentropy": "binary_crossentropy",
    "categoricalfocalcrossentropy": "categorical_crossentropy",
    "meansquarederror": "mse",
    "mean_squared_error": "mse",
    "meanabsoluteerror": "mae",
    "mean_absolute_error": "mae",
}

__all__ = ["Course", "Loss", "View", "finding"]


@dataclass(frozen=True)
class View:
    """One training or question.

    Attributes:
        x: Images or features as given; None where nothing is known of them.
        arrived: What the first layer that learns, or the pretrained network, gets.
        by: That layer or network.
        passed: All layers and models that they went through, with what each got.
        out: The output; None where it is not known.
    """

    x: Array | None
    arrived: Array | None
    by: Layer | Model | None
    passed: tuple[tuple[Value, Value], ...]
    out: Out | None


@dataclass(frozen=True)
class Loss:
    """The loss of a compile: its name (a focal loss has that of the plain one), line, and whether it takes logits."""

    name: str
    line: int
    from_logits: bool
    focal: bool = False


@dataclass
class Course:
    """A script that was followed, with its questions answered once."""

    script: Script
    machine: Machine

    def where(self, line: int) -> str:
        """`line 7`, or `cell 3, line 7` of a notebook."""
        return self.script.where(line)

    @cached_property
    def fits(self) -> list[Fit]:
        """Trainings in order."""
        return [one for one in self.machine.events if isinstance(one, Fit)]

    @cached_property
    def asks(self) -> list[Ask]:
        """Questions to models, in order."""
        return [one for one in self.machine.events if isinstance(one, Ask)]

    def view(self, model: Model, value: Value | None) -> View:
        """What a model makes of a value."""
        key = (id(model), id(value))
        if key not in self._views:
            self._views[key] = _view(self.machine, model, value)
            self._kept.append(value)
        return self._views[key]

    @cached_property
    def _views(self) -> dict[tuple[int, int], View]:
        return {}

    @cached_property
    def _kept(self) -> list[Any]:
        return []

    def of_fit(self, fit: Fit) -> View:
        """What a training's model makes of its images."""
        return self.view(fit.model, images_of(fit.x))

    def validation(self, fit: Fit) -> tuple[Value | None, Value | None]:
        """Images and labels that a training is validated on; None where there are none or they are not known."""
        if isinstance(fit.val, Batches):
            return fit.val.x, fit.val.y
        if isinstance(fit.val, Items) and len(fit.val.values) >= 2 and not fit.val.more:
            return fit.val.values[0], fit.val.values[1]
        return None, None

    def behind(self, event: Fit | Ask, *names: str) -> list[Call]:
        """All calls that an argument of a training or question is made by."""
        return [] if event.node is None else calls_behind(self.script, self._index, event.node, *names)

    @cached_property
    def _index(self) -> Index:
        index = Index()
        index.read(self.script.tree)
        return index

    def fit_of(self, ask: Ask) -> Fit | None:
        """The last training of a model that is asked, or of the one model inside it."""
        before = [fit for fit in self.fits if fit.model is ask.model]
        if before:
            return before[-1]
        inner = [one for one in ask.model.layers if isinstance(one, Model)]
        return next((fit for fit in reversed(self.fits) if any(fit.model is one for one in inner)), None)


def _view(machine: Machine, model: Model, value: Value | None) -> View:
    machine.passed = []
    array = value if isinstance(value, Array) else None
    try:
        found = models.run(machine, model, array if array is not None else Array(strange=("images", 0)))
    except Stop:
        found = None
    passed = tuple(machine.passed)
    arrived, by = _arrived(passed)
    out = found.out if isinstance(found, Array) else None
    return View(array, arrived, by, passed, out)


def _arrived(passed: tuple[tuple[Value, Value], ...]) -> tuple[Array | None, Layer | Model | None]:
    for by, array in passed:
        learns = isinstance(by, Layer) and by.kind in WEIGHTED
        network = isinstance(by, Model) and by.kind == "backbone"
        if (learns or network) and isinstance(array, Array) and isinstance(by, (Layer, Model)):
            return array, by
    return None, None


def loss_of(compiled: Compile | None) -> Loss | None:
    """The loss of a compile; None where it is not known."""
    if compiled is None or (value := compiled.arguments.get("loss")) is None:
        return None
    line = compiled.lines.get("loss", compiled.line)
    value = alone(value)
    if isinstance(value, Made):
        name, logits = value.kind, value.arguments.get("from_logits")
        return Loss(_plain(name), line, getattr(logits, "value", False) is True, _is_focal(name))
    named = value.short if isinstance(value, External) else word(value)
    return Loss(_plain(named), line, False, _is_focal(named)) if named is not None else None


def alone(value: Value) -> Value:
    """What a list of one holds: Keras takes `loss=["mse"]` as `loss="mse"` where there is one output."""
    is_one = isinstance(value, Items) and len(value.values) == 1 and not value.more
    return value.values[0] if is_one and isinstance(value, Items) else value


def _is_focal(name: str) -> bool:
    return "focal" in name.lower() and _plain(name) != name


def _plain(name: str) -> str:
    return _SNAKE.get(name.replace("_", "").lower(), _SNAKE.get(name.lower(), name))


def metric_names(compiled: Compile | None) -> list[str]:
    """Metrics that a compile names in words."""
    value = compiled.arguments.get("metrics") if compiled is not None else None
    found = value.values if isinstance(value, Items) else ([] if value is None else [value])
    return [name for one in found if (name := word(one)) is not None]


Rule = Iterator[Finding]
