"""Setting `data.augmentation`: what changes images at random, by generator, layers or functions of tf.image."""

from collections.abc import Callable
from typing import Any

from core.errors import ConfigError
from core.notation.augmentation import STEPS_OF_PRESET, read_augmentation
from core.script.flow.chance import DRAWN, TURNED, axis_of
from core.script.flow.layer_kinds import MIXED_WITH_LABELS
from core.script.flow.machine import constant, number
from core.script.flow.made import Layer, Made
from core.script.flow.objects import Array
from core.script.generator_steps import RANDOM_ARGUMENTS, generator_steps
from core.script.settings.changes import lost_change
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.story import Story

KEY = "data.augmentation"

QUESTION = {"shear_range": 0.2, "zoom_range": 0.2, "horizontal_flip": True}
"""The augmentation that the program has under that name."""

_FILLS = {"reflect": "reflect", "nearest": "nearest", "wrap": "wrap", "constant": "black"}
_TURN = 360

_LIBRARIES = ("albumentations", "imgaug", "Augmentor", "torchvision", "kornia", "volumentations", "solt")


class _Beyond(Exception):
    """No step does it; the text says what, `near` is the step that comes nearest, or empty."""

    def __init__(self, text: str, near: str = "") -> None:
        super().__init__(text)
        self.near = near


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
        found.leave_out(KEY, "none", "no argument that changes images at random")
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
            refused.append((f"Parity has no augmentation of {name}={one.text or one.known}", one.line))
    return True


def _is_nothing(value: Any) -> bool:
    return value in (0, False, (0, 0), (0.0, 0.0), ())


def _of_layer(
    found: Collected, one: Layer | Made, steps: list[str], refused: list[tuple[str, int]], lines: list[int]
) -> None:
    maker = _LAYERS.get(one.kind)
    try:
        if maker is None:
            raise _Beyond(f"Parity has no {one.kind}")
        made = maker(one)
    except _Beyond as error:
        refused.append((str(error), one.line))
        steps += [error.near] if error.near else []
        return
    steps += made
    lines.append(one.line)
    lines += [line for line in one.lines.values() if line != one.line]


def _factors(one: Layer | Made, name: str) -> tuple[float, float]:
    """Lowest and highest of a factor: a number is a range around nothing."""
    value = one.arguments.get(name)
    known = constant(value)
    single = number(value)
    if single is not None:
        return -abs(single), abs(single)
    if isinstance(known, tuple) and len(known) == 2 and all(isinstance(part, (int, float)) for part in known):
        return float(known[0]), float(known[1])
    raise _Beyond(f"{one.kind}: its {name.replace('_', ' ')} is known only when the script runs")


def _fill(one: Layer | Made) -> str:
    value = constant(one.arguments["fill_mode"]) if "fill_mode" in one.arguments else "reflect"
    fill = _FILLS.get(str(value), "")
    grey = one.arguments.get("fill_value")
    if fill == "black" and grey is not None and number(grey) != 0:
        raise _Beyond(f"{one.kind}: a run fills with black, not with a fill_value of its own")
    if not fill:
        raise _Beyond(f"{one.kind}: there is no fill {value}")
    return "" if fill == "nearest" else fill


def _flip(one: Layer | Made) -> list[str]:
    mode = constant(one.arguments["mode"]) if "mode" in one.arguments else "horizontal_and_vertical"
    axes = {"horizontal": "horizontal", "vertical": "vertical", "horizontal_and_vertical": "both"}
    if mode not in axes:
        raise _Beyond("RandomFlip: its mode is known only when the script runs")
    return [f"flip {axes[str(mode)]}"]


def _rotation(one: Layer | Made) -> list[str]:
    low, high = _factors(one, "factor")
    return [f"rotation {low * _TURN:g}..{high * _TURN:g} {_fill(one)}"]


def _zoom(one: Layer | Made) -> list[str]:
    low, high = _factors(one, "height_factor")
    width = one.arguments.get("width_factor")
    if width is None or constant(width) is None:
        return [f"zoom {1 + low:g}..{1 + high:g} same {_fill(one)}"]
    if _factors(one, "width_factor") == (low, high):
        return [f"zoom {1 + low:g}..{1 + high:g} {_fill(one)}"]
    left, right = _factors(one, "width_factor")
    fill = _fill(one)
    return [f"zoom {1 + low:g}..{1 + high:g} vertical {fill}", f"zoom {1 + left:g}..{1 + right:g} horizontal {fill}"]


def _translation(one: Layer | Made) -> list[str]:
    fill = _fill(one)
    up, left = _factors(one, "height_factor"), _factors(one, "width_factor")
    if up == left:
        return [f"shift {up[0]:g}..{up[1]:g} {fill}"]
    found = {"vertical": up, "horizontal": left}
    return [f"shift {low:g}..{high:g} {axis} {fill}" for axis, (low, high) in found.items() if (low, high) != (0, 0)]


def _mixing(one: Layer | Made) -> list[str]:
    raise _Beyond("MixUp is given images without their labels, which then stay as they are; a run mixes both")


def _contrast(one: Layer | Made) -> list[str]:
    value = constant(one.arguments.get("factor"))
    low, high = (value[0], value[1]) if isinstance(value, tuple) and len(value) == 2 else (None, None)
    if isinstance(value, (int, float)):
        low = high = value
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        raise _Beyond(f"{one.kind}: its factor is known only when the script runs")
    return [f"contrast {1 - low:g}..{1 + high:g}"]


def _brightness(one: Layer | Made) -> list[str]:
    low, high = _factors(one, "factor")
    near = f"brightness {max(0, 1 + low):g}..{1 + high:g}"
    raise _Beyond("RandomBrightness adds the same to all grey levels; a run multiplies them", near)


def _of_image(axis: str) -> Callable[[Layer | Made], list[str]]:
    return lambda one: [f"flip {axis}"]


def _contrast_of_image(one: Layer | Made) -> list[str]:
    low, high = (
        number(one.arguments.get(name) or one.arguments.get(other))
        for name, other in (("lower", "first"), ("upper", "second"))
    )
    if low is None or high is None:
        raise _Beyond(f"{one.kind}: its range is known only when the script runs")
    return [f"contrast {low:g}..{high:g}"]


def _brightness_of_image(one: Layer | Made) -> list[str]:
    delta = number(one.arguments.get("max_delta") or one.arguments.get("first"))
    near = f"brightness {max(0, 1 - delta):g}..{1 + delta:g}" if delta is not None and delta < 1 else ""
    raise _Beyond("random_brightness adds the same to all grey levels; a run multiplies them", near)


def _for_all(one: Layer | Made) -> list[str]:
    """A change that is the same for all images, or copies of them that are changed."""
    axis = axis_of(one)
    near = "" if axis is None else ("flip horizontal" if axis else "flip vertical")
    what = getattr(one, "name", one.kind)
    raise _Beyond(f"{what} changes images in a fixed way, or adds changed copies; a run changes each at random", near)


def _by_chance(one: Layer | Made) -> list[str]:
    """By something drawn that is no function of Keras; a flip in some of the cases is nearly that of a run."""
    of = one.state.get("of") if isinstance(one, Made) else None
    axis = axis_of(of) if isinstance(of, (Layer, Made)) else None
    near = "" if axis is None else ("flip horizontal" if axis else "flip vertical")
    what = getattr(one, "name", "")
    told = f"images are changed at random by {what}" if what else "images are changed at random"
    raise _Beyond(f"{told}, in a way of the script's own", near)


def _seeded(one: Layer | Made) -> list[str]:
    raise _Beyond(f"{one.kind} with a fixed seed changes all images in the same way; a run draws for each image")


def _random_crop(one: Layer | Made) -> list[str]:
    kept, whole_image = (constant(one.arguments.get(name)) for name in ("size", "of"))
    share = _share(kept, whole_image)
    near = f"crop {share:g}..{share:g}" if share is not None and 0.1 <= share <= 1 else ""
    raise _Beyond("random_crop cuts out a number of pixels; a run's crop is a share of the side, then enlarged", near)


def _share(kept: Any, whole_image: Any) -> float | None:
    """The part of the side that is kept, where it is the same for both sides."""
    if not all(isinstance(one, tuple) and len(one) == 2 and all(one) for one in (kept, whole_image)):
        return None
    shares = {part / side for part, side in zip(kept, whole_image, strict=True)}
    return round(shares.pop(), 4) if len(shares) == 1 else None


_LAYERS: dict[str, Callable[[Layer | Made], list[str]]] = {
    "RandomFlip": _flip,
    "RandomRotation": _rotation,
    "RandomZoom": _zoom,
    "RandomTranslation": _translation,
    "RandomContrast": _contrast,
    "MixUp": _mixing,
    "RandomBrightness": _brightness,
    "random_flip_left_right": _of_image("horizontal"),
    "random_flip_up_down": _of_image("vertical"),
    "random_contrast": _contrast_of_image,
    "random_brightness": _brightness_of_image,
    **dict.fromkeys(
        (
            TURNED,
            "flip_left_right",
            "flip_up_down",
            "fliplr",
            "flipud",
            "flip",
            "mirror",
            "rot90",
            "rotate",
            "warpAffine",
            "warpPerspective",
            "transpose",
        ),
        _for_all,
    ),
    DRAWN: _by_chance,
    **dict.fromkeys(
        (
            "stateless_random_flip_left_right",
            "stateless_random_flip_up_down",
            "stateless_random_contrast",
            "stateless_random_brightness",
        ),
        _seeded,
    ),
    "random_crop": _random_crop,
}
