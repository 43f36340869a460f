"""Setting `data.augmentation`: what changes images at random, by generator, layers or functions of tf.image."""

from typing import Any

from core.errors import ConfigError
from core.notation.augmentation import STEPS_OF_PRESET, read_augmentation
from core.script.flow.layer_kinds import MIXED_WITH_LABELS
from core.script.flow.made import Layer, Made
from core.script.flow.objects import Array
from core.script.generator_steps import RANDOM_ARGUMENTS, generator_steps
from core.script.settings.changes import lost_change
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.random_steps import STEPS_OF, NoStep
from core.script.settings.story import Story
from core.script.settings.trainings import is_made_elsewhere

KEY = "data.augmentation"

QUESTION = {"shear_range": 0.2, "zoom_range": 0.2, "horizontal_flip": True}
"""The augmentation that the program has under that name."""

_LIBRARIES = ("albumentations", "imgaug", "Augmentor", "torchvision", "kornia", "volumentations", "solt")


def fill_augmentation(story: Story, found: Collected) -> None:
    """Writes the augmentation of the training images."""
    array = story.arrived
    changes = list(array.random) if array is not None else []
    generators = [one for one in changes if isinstance(one, Made) and one.kind == "ImageDataGenerator"]
    if not changes and story.batches is not None and story.batches.generator is not None:
        generators = [story.batches.generator]
    others = [one for one in changes if one not in generators and one.kind != MIXED_WITH_LABELS]
    steps: list[str] = []
    refused: list[tuple[str, int]] = []
    lines: list[int] = []
    for generator in generators:
        if not _of_generator(found, generator, steps, refused, lines):
            return
    for one in others:
        _of_layer(found, one, steps, refused, lines)
    refused += _of_libraries(found)
    if not refused and (line := lost_change(story, found)):
        why = f"{found.script.where(line)}: whether the training images are changed at random there cannot be followed"
        found.ask(KEY, why, line)
        return
    _write(story, found, steps, refused, lines)


def _write(story: Story, found: Collected, steps: list[str], refused: list[tuple[str, int]], lines: list[int]) -> None:
    if "question" in steps and len(steps) > 1:
        steps = [part for one in steps for part in (STEPS_OF_PRESET.get(one) or one).split(", ")]
    try:
        text = read_augmentation(steps[0] if steps == ["question"] else steps)
    except ConfigError as error:
        refused, text = [*refused, (str(error), lines[0] if lines else 0)], "none"
    if refused:
        told = "; ".join(why for why, _ in refused[:4])
        found.beyond(KEY, told, *(line for _, line in refused), nearest=text)
    elif not steps:
        elsewhere = story.last is not None and is_made_elsewhere(story.last)
        hidden = "the images come from elsewhere; whether they are changed at random there is not in the script"
        found.leave_out(KEY, "none", hidden if elsewhere else "no argument that changes images at random")
    else:
        found.state(KEY, text, *dict.fromkeys(lines))
        once = drawn_once(story)
        if once:
            found.state("data.augmentation_draws", 1, once)


def _of_libraries(found: Collected) -> list[tuple[str, int]]:
    """The first call of a package that changes images in ways of its own, which are not read."""
    used = ((call, call.name.partition(".")[0]) for call in found.script.calls)
    first = next(((call, name) for call, name in used if name in _LIBRARIES), None)
    return [(f"{first[1]} changes the images; its steps are not read", first[0].line)] if first else []


def drawn_once(story: Story) -> int:
    """The line that keeps one random version of each image for all epochs; 0 where each epoch draws again."""
    if story.mode == "bottleneck" and story.asked is not None:
        return story.asked.line
    line, before = story.batches.cached if story.batches is not None else (0, 0)
    drawn = len(story.arrived.random) if story.arrived is not None else 0
    if isinstance(story.feed, Array) and story.feed.random:  # an array is made once
        line, before = story.feed.random[0].line, len(story.feed.random)
    return line if before and before == drawn else 0


def _of_generator(
    found: Collected, generator: Made, steps: list[str], refused: list[tuple[str, int]], lines: list[int]
) -> bool:
    """The steps of an ImageDataGenerator; False where its arguments cannot be read, which is then asked."""
    if "featurewise_unknown" in generator.arguments:
        found.ask(KEY, f"{found.script.where(generator.line)}: **options cannot be read", generator.line)
        return False
    given = {name: argument(found.script, generator, name) for name in RANDOM_ARGUMENTS}
    told = {name: one for name, one in given.items() if one.stated and not _is_nothing(one.known)}
    told = {name: one for name, one in told.items() if one.known is not None or not one.is_known}
    if not told:
        return True
    values = {name: one.known for name, one in told.items()}
    unknown = next((one for one in told.values() if one.known is None), None)
    if unknown is not None:
        found.ask(KEY, unknown.why, unknown.line)
        return False
    lines += [line for one in told.values() for line in one.lines]
    if values == QUESTION:
        steps.append("question")
        return True
    fill, value = argument(found.script, generator, "fill_mode"), argument(found.script, generator, "cval")
    mode = fill.known if fill.stated else "nearest"
    grey = value.number if value.stated else 0.0
    made = generator_steps(values, mode, grey)
    if made:
        steps += made.split(", ")
        return True
    for name, one in told.items():
        alone = generator_steps({name: one.known}, mode, grey)
        near = alone or generator_steps({name: one.known}, "nearest")
        steps += [near] if near else []
        if not alone:
            filled = bool(near) and f" with fill_mode={mode}, cval={grey:g}" if isinstance(grey, (int, float)) else ""
            refused.append((f"Parity has no augmentation of {name}={one.text or one.known}{filled or ''}", one.line))
    return True


def _is_nothing(value: Any) -> bool:
    return value in (0, False, (0, 0), (0.0, 0.0), ())


def _of_layer(
    found: Collected, one: Layer | Made, steps: list[str], refused: list[tuple[str, int]], lines: list[int]
) -> None:
    maker = STEPS_OF.get(one.kind)
    try:
        if maker is None:
            raise NoStep(f"Parity has no {one.kind}")
        made = maker(one)
    except NoStep as error:
        refused.append((str(error), one.line))
        steps += [error.near] if error.near else []
        return
    steps += made
    lines.append(one.line)
    lines += [line for line in one.lines.values() if line != one.line]
