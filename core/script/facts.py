"""Facts of a pasted training script: image sources, backbone, head, what it trains.

Why all of it is inferred: a script is never run, so there is no model to ask, only calls and assignments in the order
of the text. A `predict` extracts features when it runs through the bare backbone before the first `fit`; the training
mode follows from what the last `fit` is fed with, and whether its model contains the backbone. Where the text does not
tell, a fact is empty: a wrong setting in the form is worse than an open one, and a rule that is not sure must say
nothing.
"""

import ast
from functools import cached_property

from core.script.networks import Networks
from core.script.parts import (
    FITS,
    FLOWS,
    LAYERS,
    POOLS,
    PREDICTS,
    Fit,
    Flow,
    Head,
    is_noise,
)
from core.script.reader import Call, Location, Script


class Facts:
    """What a script does, as far as its text tells.

    Attributes:
        script: Script.
        networks: Networks. The backbone, and the models that are made around it.
        first_rate: float or None. The learning rate of the first step of the last training, where following the values
            has found one that the text alone does not tell: through functions, and of a schedule.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.networks = Networks(script)
        self.first_rate: float | None = None

    def where(self, line: int) -> str:
        """`line 7`, or `cell 3, line 7` of a notebook."""
        return self.script.where(line)

    @property
    def backbone(self) -> Call | None:
        """The pretrained network; the last of several."""
        return self.networks.backbones[-1] if self.networks.backbones else None

    @cached_property
    def flows(self) -> list[Flow]:
        """Sources of batches, in order."""
        return [flow for call in self.script.find(*FLOWS) if (flow := self.flow(call)) is not None]

    @cached_property
    def generators(self) -> list[Call]:
        """Calls of ImageDataGenerator."""
        return self.script.find("ImageDataGenerator")

    @cached_property
    def compiles(self) -> list[Call]:
        """Calls of `compile` on a model."""
        return [call for call in self.script.find("compile") if not call.name.startswith("re.")]

    @cached_property
    def fits(self) -> list[Fit]:
        """Trainings, in order."""
        return [self._fit(call) for call in self.script.find(*FITS) if self._is_model_fit(call)]

    @cached_property
    def extractions(self) -> list[Call]:
        """Predictions of the bare backbone: features."""
        return [call for call in self.script.find(*PREDICTS) if self._is_extraction(call)]

    @cached_property
    def predictions(self) -> list[Call]:
        """Predictions of a whole model."""
        return [call for call in self.script.find(*PREDICTS) if call not in self.extractions]

    @cached_property
    def heads(self) -> list[Head]:
        """Groups of layers with a Dense layer, in order; a script has one as a rule."""
        groups: dict[object, Head] = {}
        for call in self.script.calls:
            if call.short not in LAYERS and not is_noise(call.short):
                continue
            head = groups.setdefault(self.networks.container(call), Head())
            where = {"Dense": head.dense, "Dropout": head.dropouts}.get(
                call.short, head.pools if call.short in POOLS else head.other
            )
            where.append(call)
        return [head for head in groups.values() if head.dense]

    @property
    def head(self) -> Head:
        """The last of them; empty where there is none."""
        return self.heads[-1] if self.heads else Head()

    @cached_property
    def unfreezes_between(self) -> bool:
        """Whether layers are made trainable between two trainings."""
        if len(self.fits) < 2:
            return False
        first, last = self.fits[0].call.location.position, self.fits[-1].call.location.position
        return any(first < one.location.position < last and one.value is not False for one in self.script.trainables)

    @cached_property
    def mode(self) -> str:
        """`bottleneck`, `end_to_end`, `fine_tune`, or empty where the script does not tell."""
        # The last training counts: it makes the model that the script ends with.
        if not self.fits:
            return "bottleneck" if self.extractions else ""
        if self.unfreezes_between and self.fits[-1].with_backbone:
            return "fine_tune"
        last = self.fits[-1]
        if last.feed is None and not last.with_backbone and (self.extractions or self._loads_arrays):
            return "bottleneck"
        return "end_to_end" if last.with_backbone else ""

    @cached_property
    def train_flow(self) -> Flow | None:
        """Where the training images come from."""
        fed = [fit.feed for fit in self.fits if fit.feed is not None]
        if self.mode != "bottleneck" and fed:
            return fed[-1]
        extracted = [flow for flow in self.extracted if not _is_val(self.directory(flow))]
        return next(iter(extracted or fed or self.flows), None)

    @cached_property
    def val_flow(self) -> Flow | None:
        """Where the validation images come from."""
        if self.mode != "bottleneck":
            return next((fit.val for fit in self.fits if fit.val is not None), None)
        return next((flow for flow in self.extracted if flow is not self.train_flow), None)

    @cached_property
    def extracted(self) -> list[Flow]:
        """Sources of the images whose features are extracted."""
        found = [self.flow_of(self.input_of(call), call.location) for call in self.extractions]
        return [flow for flow in found if flow is not None]

    def directory(self, flow: Flow) -> str:
        """The folder of a source, by its text where its value is not known."""
        value = self.script.argument(flow.call, "directory")
        return value.text if value.word is None else value.word

    @property
    def _loads_arrays(self) -> bool:
        return any(call.name in ("np.load", "numpy.load") for call in self.script.calls)

    def flow_of(self, node: ast.expr | None, location: Location) -> Flow | None:
        """The source of batches that an expression is, through `.map(...).prefetch(...)` and names."""
        chain: list[Call] = []
        for _ in range(30):  # names may go round in a circle; no real chain is as long
            call = self.script.call_of(node, location)
            if call is None:
                return None
            if (flow := self.flow(call)) is not None:
                return Flow(flow.call, flow.generator, tuple(reversed(chain)))
            if not isinstance(call.node.func, ast.Attribute):
                return None
            chain.append(call)
            node, location = call.node.func.value, call.location
        return None

    def input_of(self, call: Call) -> ast.expr | None:
        """What a `fit` or `predict` is given first."""
        for name in ("x", "generator", "#0"):
            if name in call.arguments:
                return call.arguments[name][0]
        return None

    def flow(self, call: Call) -> Flow | None:
        """The source of batches that a call makes."""
        if call.short == "image_dataset_from_directory":
            return Flow(call, None)
        if call.short not in FLOWS:
            return None
        made_by = self.networks.model_of(call)
        made_by = made_by if made_by is not None and made_by.short == "ImageDataGenerator" else None
        return None if call.short == "flow" and made_by is None else Flow(call, made_by)

    def _fit(self, call: Call) -> Fit:
        given = self.input_of(call)
        val = self.script.argument(call, "validation_data").node
        labels = self.script.argument(call, "y").node
        return Fit(
            call,
            self.flow_of(given, call.location),
            self.flow_of(val, call.location),
            self._with_backbone(call),
            labels,
        )

    def _is_model_fit(self, call: Call) -> bool:
        made_by = self.networks.model_of(call)
        if made_by is not None and (made_by.short in ("Sequential", "Model") or made_by in self.networks.backbones):
            return True
        telling = ("epochs", "validation_data", "callbacks", "steps_per_epoch", "batch_size", "verbose")
        return call.short == "fit_generator" or any(name in call.arguments for name in telling)

    def _with_backbone(self, call: Call) -> bool:
        made_by, backbones = self.networks.model_of(call), self.networks.backbones
        if made_by is not None and made_by.short == "Sequential":
            items = self.networks.items(made_by)
            return any(item in backbones or (item.short == "Model" and bool(backbones)) for item in items)
        if made_by is not None and made_by.short == "Model":
            owner = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
            return owner is not None and bool(self.networks.structure(owner, call.location))
        return made_by in backbones if made_by else bool(backbones) and not self.extractions

    def _is_extraction(self, call: Call) -> bool:
        made_by = self.networks.model_of(call)
        if made_by is None:
            return False
        if made_by in self.networks.backbones:
            return self.script.argument(made_by, "include_top").value is False
        if made_by.short not in ("Model", "Sequential") or not isinstance(call.node.func, ast.Attribute):
            return False
        structure = self.networks.structure(call.node.func.value, call.location)
        return bool(structure) and call.location.position < self._first_fit

    @cached_property
    def _first_fit(self) -> int:
        return next((call.location.position for call in self.script.find(*FITS) if self._is_model_fit(call)), 0)


def _is_val(folder: str) -> bool:
    return any(word in folder.lower() for word in ("val", "test"))
