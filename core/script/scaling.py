"""Pixel scaling of a pasted script: values that reach the network, from all that changes them on the way."""

import ast
from dataclasses import dataclass, replace

from core.script.facts import Facts
from core.script.pixel_path import Tracer
from core.script.pixel_steps import IMAGES, INPUT, UNKNOWN_END, Path, Step
from core.script.reader import Call

SCALES = {(1 / 255, 0.0): "rescale", (1 / 127.5, -1.0): "tf"}
"""Factor and what is added, by what the catalogue of networks calls it."""


@dataclass(frozen=True)
class Pixels:
    """From the files to the network.

    Attributes:
        steps: All that changes their values, in order.
        unknown: Why it is not all known, for a person; empty where it is.
        line: The line that leaves it unknown.
        flow_line: Where the images are read; 0 where that is not known.
        split: A call of `train_test_split` on the way.
        source: Where the way begins, in the script's words, if not at files that are decoded; and its line.
    """

    steps: tuple[Step, ...]
    unknown: str = ""
    line: int = 0
    flow_line: int = 0
    split: Call | None = None
    source: str = ""
    source_line: int = 0

    @property
    def scalings(self) -> list[Step]:
        """The steps that change the scale."""
        return [step for step in self.steps if step.function or step.scale != 1]

    @property
    def kind(self) -> str:
        """`none`, a value of `SCALES`, or empty: for another scale, a function by name, or what is not known."""
        if self.unknown or any(step.function for step in self.steps):
            return ""
        scale, offset = 1.0, 0.0
        for step in self.steps:
            scale, offset = scale * (step.scale or 0), offset * (step.scale or 0) + step.offset
        known = {(1.0, 0.0): "none", **SCALES}
        return next((kind for (a, b), kind in known.items() if abs(scale - a) < 1e-5 and abs(offset - b) < 1e-3), "")


def training_pixels(facts: Facts) -> Pixels:
    """What happens to the images that are trained on, or whose features are."""
    calls = facts.extractions if facts.mode == "bottleneck" and facts.extractions else []
    calls = calls[:1] or [fit.call for fit in facts.fits[-1:]]
    tracer = Tracer(facts)
    if calls:
        feed = tracer.trace(facts.input_of(calls[0]), calls[0].location)
    elif facts.train_flow is not None:
        feed = tracer.trace(facts.train_flow.call.node, facts.train_flow.call.location)
    else:
        feed = Path(UNKNOWN_END)
    return _joined(facts, feed, _in_model(facts, tracer, calls[0] if calls else None))


def validation_pixels(facts: Facts) -> Pixels | None:
    """What happens to the images that the last training is validated on; None where it is given none."""
    fit = facts.fits[-1] if facts.fits else None
    node = facts.script.argument(fit.call if fit else None, "validation_data").node
    if fit is None or node is None:
        return None
    tracer = Tracer(facts)
    return _joined(facts, tracer.trace(node, fit.call.location), _in_model(facts, tracer, fit.call))


def _joined(facts: Facts, feed: Path, model: Path) -> Pixels:
    steps = feed.steps + model.steps
    known = feed.end == IMAGES
    pixels = Pixels(
        steps,
        flow_line=feed.line if known else 0,
        split=feed.split,
        source="" if known else feed.text,
        source_line=0 if known else feed.line,
    )
    strange = next((step for step in steps if not step.is_known), None)
    if strange is not None:
        why = f"what {strange.text} does to the pixels is not known here"
        return replace(pixels, unknown=why, line=strange.line)
    if pixels.scalings:  # whoever divides by 255 has 0 to 255 before, wherever the images come from
        return pixels
    if feed.end != IMAGES:
        why = f"what values the pixels of {feed.text or 'the images'} have is known only when the script runs"
        return replace(pixels, unknown=why, line=feed.line)
    if model.end != INPUT:
        name = facts.backbone.short if facts.backbone else "the network"
        return replace(pixels, unknown=f"how the images get into {name} cannot be followed", line=model.line)
    return pixels


def _in_model(facts: Facts, tracer: Tracer, used: Call | None) -> Path:
    """What the model does to its images before the backbone gets them."""
    backbone, script = facts.backbone, facts.script
    if backbone is None:
        return Path(INPUT)
    tensor = script.argument(backbone, "input_tensor")
    if tensor.node is not None and tensor.value is not None:
        return tracer.trace(tensor.node, backbone.location)
    made_by = facts.model_of(used) if used is not None else backbone
    if made_by is backbone or any(_is_input_of(facts, call) for call in script.find("Model")):
        return Path(INPUT)
    for call in reversed(script.calls):
        if (
            call.node.args
            and call.node is not backbone.node
            and script.call_of(call.node.func, call.location) is backbone
        ):
            return tracer.trace(call.node.args[0], call.location)
    around = [call for call in script.find("Sequential") if backbone in facts.items(call)]
    return tracer.layer(around[-1], Path(INPUT, around[-1].line)) if around else Path(UNKNOWN_END, backbone.line)


def _is_input_of(facts: Facts, model: Call) -> bool:
    """`Model(base.input, ...)`: the images go straight into the backbone."""
    node = facts.script.origin(facts.script.argument(model, "inputs").node, model.location)[0]
    node = node.value if isinstance(node, ast.Subscript) else node
    node = node.elts[0] if isinstance(node, (ast.List, ast.Tuple)) and node.elts else node
    if not isinstance(node, ast.Attribute) or node.attr not in ("input", "inputs"):
        return False
    return facts.script.call_of(node.value, model.location) is facts.backbone
