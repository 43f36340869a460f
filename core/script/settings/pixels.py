"""Setting `data.preprocessing`: all that changes the pixels between the files and the network, wherever it is done."""

import ast
from dataclasses import replace

from core.models.catalogue import BACKBONES
from core.script.flow.machine import is_value
from core.script.flow.made import Made
from core.script.flow.objects import FEATURES, RAW, Array, Step
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.pathways import VAGUE, name_of_feed
from core.script.settings.story import Story

KEY = "data.preprocessing"

SCALES = {(1.0, 0.0): "raw", (1 / 255, 0.0): "rescale", (1 / 127.5, -1.0): "tf"}
"""Factor and what is added, by what the catalogue of networks calls it."""

_SETTINGS = {"raw": "none", "rescale": "rescale"}


def fill_pixels(story: Story, found: Collected) -> None:
    """Writes how pixels are scaled."""
    array = story.arrived
    row = BACKBONES.get(story.base.name) if story.base is not None else None
    own = row.preprocessing if row is not None else ""
    if array is None or array.role == FEATURES:
        found.ask(KEY, "it is not visible in the script how the images reach the network")
        return
    array = _without_idle(story, found, array)
    if array.strange is not None:
        _strange(story, found, array)
        return
    if not story.is_followed and not array.steps and story.base is not None:
        found.ask(
            KEY,
            f"{found.script.where(story.base.line)}: how the images get into {story.base.name} cannot be followed",
            story.base.line,
        )
        return
    if array.greyed:
        found.note(array.greyed, "the images are made grey here; a run keeps the colours of their files")
    inner = _inner(story, found, own)
    if inner is None:
        return
    own = inner
    steps = [
        step for step in array.steps if step.family or step.scale is None or (step.scale, step.offset) != (1.0, 0.0)
    ]
    if not steps:
        _unscaled(story, found, array, own)
        return
    kind, line = _kind(found, steps, own)
    if not kind:
        return
    if kind == own:
        found.state(KEY, "backbone", *(step.line for step in steps))
    elif kind in _SETTINGS and not _is_bare(story):
        found.state(KEY, _SETTINGS[kind], *(step.line for step in steps))
    else:
        name = story.base.name if story.base is not None else "the backbone"
        found.beyond(KEY, f"{steps[-1].text} is not the preprocessing of {name}", line, nearest="backbone")


_OF_SETS = ("featurewise", "samplewise", "zca")
"""Arguments of an ImageDataGenerator that scale pixels by figures of the images themselves."""


def _without_idle(story: Story, found: Collected, array: Array) -> Array:
    """Images whose generator was to scale them by figures of all images, which it is never given: Keras warns, and
    leaves them as they are."""
    text, line = array.strange or ("", 0)
    if not text.startswith(_OF_SETS):
        return array
    generator = story.batches.generator if story.batches is not None else None
    if generator is None or text.startswith("samplewise") or _is_fitted(found, generator):
        return array
    if any(name.startswith("samplewise") for name in generator.arguments):
        return array
    given = argument(found.script, generator, text)
    told = f"{text}={given.text} of ImageDataGenerator" if given.text else f"{text} of ImageDataGenerator"
    found.note(line, f"{told} has no effect: the generator is never fitted to images")
    return replace(array, strange=None, span=array.span or RAW if array.source.kind == "folder" else array.span)


def _is_fitted(found: Collected, generator: Made) -> bool:
    """Whether the script gives a generator images to take figures of, or the figures."""
    if {"mean", "std", "principal_components"} & set(generator.arguments):
        return True
    by_name = found.script.names_of(generator.node) if generator.node is not None else []
    owners = [one.node.func.value for one in found.script.find("fit") if isinstance(one.node.func, ast.Attribute)]
    return any(isinstance(one, ast.Name) and one.id in by_name for one in owners)


_BARE = {"MobileNetV3": "tf", "EfficientNetV2B": "torch", "ConvNeXt": "torch"}
"""What networks that scale pixels by themselves do with them, by the beginning of their names."""


def _is_bare(story: Story) -> bool:
    """Whether a network that scales pixels by itself is made without the layers that do so."""
    return story.base is not None and is_value(story.base.arguments.get("include_preprocessing"), False)


def _inner(story: Story, found: Collected, own: str) -> str | None:
    """The backbone's own preprocessing as the script has to do it; None where that is asked for."""
    given = argument(found.script, story.base, "include_preprocessing")
    if own != "raw" or story.base is None or given.known is True or not given.stated:
        return own
    if given.known is not False:
        found.ask(KEY, given.why, given.line)
        return None
    return next((family for start, family in _BARE.items() if story.base.name.startswith(start)), "other")


def _strange(story: Story, found: Collected, array: Array) -> None:
    text, line = array.strange or ("", 0)
    if text in VAGUE and not (array.source.number == 0 and text == "images"):
        feed = name_of_feed(story, found) or "the images"
        where = f"{found.script.where(line)}: " if line else ""
        found.ask(KEY, f"{where}the pixel range of {feed} is known only when the script runs", line)
        return
    if text.startswith(_OF_SETS):
        why = f"{text} of ImageDataGenerator changes pixels by their mean or spread; there is no setting for it"
        found.beyond(KEY, why, line, nearest="backbone")
        return
    if text.endswith(".imread"):
        why = f"{text} gives the pixels of PNG files as 0 to 1 and those of other files as 0 to 255"
        found.beyond(KEY, why, line, nearest="backbone")
        return
    if array.source.number == 0 and text == "images":
        feed, fit = getattr(story.feed, "text", "") or getattr(story.feed, "name", ""), story.last
        feed = feed if feed not in VAGUE else name_of_feed(story, found)
        found.ask(
            KEY,
            f"the pixel range of {feed or 'the images'} is known only when the script runs",
            fit.line if fit is not None else 0,
        )
        return
    if text == "a branch":
        found.ask(
            KEY,
            f"{found.script.where(line)}: which of two pixel scalings is used is known only when the script runs",
            line,
        )
        return
    found.beyond(KEY, f"the effect of {text} on the pixels is unknown", line, nearest="backbone")


def _unscaled(story: Story, found: Collected, array: Array, own: str) -> None:
    line = array.source.line
    if array.span is None:
        where = f"{found.script.where(line)}: " if line else ""
        text = array.source.text or "the images"
        text = text if text not in VAGUE else name_of_feed(story, found) or "the images"
        found.ask(KEY, f"{where}the pixel range of {text} is known only when the script runs", line)
    elif _is_bare(story):
        name = story.base.name if story.base is not None else "the backbone"
        why = f"{name} has no scaling of its own here, and pixels stay at 0 to 255; in a run {name} scales them"
        found.beyond(KEY, why, story.base.line if story.base is not None else line, nearest="backbone")
    elif own == "raw":
        name = story.base.name if story.base is not None else "the backbone"
        found.leave_out(KEY, "backbone", f"no rescale and no preprocess_input: {name} scales pixels itself", line)
    else:
        found.leave_out(KEY, "none", "no rescale and no preprocess_input: pixels stay at 0 to 255", line)


def _kind(found: Collected, steps: list[Step], own: str) -> tuple[str, int]:
    """`raw`, `rescale`, or a family of networks; empty where it is none of them, which is then said."""
    families = [step for step in steps if step.family and step.family != "range"]
    if families and len(steps) == 1:
        family = families[0].family
        if family == "own":
            family = own if families[0].text.endswith("preprocess_input") else ""
        if not family:
            found.beyond(KEY, f"the effect of {families[0].text} is unknown", families[0].line, nearest="backbone")
        return family, families[0].line
    if families:
        found.beyond(KEY, "pixels are scaled in more than one place", steps[-1].line, nearest="backbone")
        return "", 0
    if any(step.family == "range" or step.scale is None for step in steps):
        one = next(step for step in steps if step.family == "range" or step.scale is None)
        found.beyond(KEY, f"{one.text} scales each image or array by its own values", one.line, nearest="rescale")
        return "", 0
    scale, offset = 1.0, 0.0
    for step in steps:
        scale, offset = scale * (step.scale or 0), offset * (step.scale or 0) + step.offset
    kinds = [kind for (a, b), kind in SCALES.items() if abs(scale - a) < 1e-5 and abs(offset - b) < 1e-2]
    if not kinds:
        twice = len([step for step in steps if step.scale not in (1, None)]) > 1
        why = "pixels are scaled in more than one place" if twice else f"Parity does not scale by {steps[-1].text}"
        found.beyond(KEY, why, steps[-1].line, nearest="backbone" if own in ("tf", "raw") else "rescale")
    return (kinds[0], steps[-1].line) if kinds else ("", 0)
