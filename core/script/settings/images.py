"""Settings of the images: folder or table, size, batch, share for validation, seed, order."""

from core.script.flow.machine import whole, wholes
from core.script.flow.made import Made
from core.script.flow.networks import Model
from core.script.flow.objects import Array, Batches
from core.script.flow.training_calls import images_of
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.order import fill_order, fill_remainder
from core.script.settings.pathways import fill_dataset, name_of_feed
from core.script.settings.shares import line_of_cut, of_split, share_of_cut
from core.script.settings.square import fill_fit
from core.script.settings.story import Story
from core.script.settings.trainings import is_made_elsewhere, is_of_one_folder


def fill_images(story: Story, found: Collected, version: tuple[int, ...]) -> dict[str, str]:
    """Writes where the images come from, their size, batch, split, seed and order.

    Returns:
        The order of the samples by version of Keras; empty where the script does not tell.
    """
    fill_dataset(story, found)
    _image_size(story, found)
    fill_fit(story, found)
    _batch_size(story, found)
    _split_and_seed(story, found)
    fill_remainder(story, found)
    return fill_order(story, found, version)


def origin_of(story: Story) -> Made | None:
    """The call that makes the batches of training images."""
    return story.batches.origin if story.batches is not None else None


def _image_size(story: Story, found: Collected) -> None:
    sides = _size(story, found)
    if sides is None:
        return
    if not sides.stated:
        default = 224 if story.batches is None else 256
        found.leave_out("data.image_size", default, "no size of the images: Keras then takes 256 by 256", sides.line)
        return
    pair = wholes(sides.value)
    number = whole(sides.value)
    if number is not None:
        pair = (number, number)
    if pair is None or len(pair) < 2 or None in pair[:2]:
        found.ask(
            "data.image_size",
            sides.why or f"{found.script.where(sides.line)}: the size of the images is known only when the script runs",
            sides.line,
        )
    elif pair[0] != pair[1]:
        near = max(side for side in pair[:2] if side is not None)
        why = f"{pair[0]} high and {pair[1]} wide, but Parity uses square images"
        found.beyond("data.image_size", why, sides.line, nearest=near)
    else:
        found.state("data.image_size", pair[0], *sides.lines)


def _size(story: Story, found: Collected) -> Given | None:
    """What says the size of the images: a layer or function that resizes them, the batches, or the backbone."""
    script = found.script
    for array in (story.arrived, images_of(story.feed) if story.feed is not None else None):
        if isinstance(array, Array) and array.sizes is not None:
            value, line = array.sizes
            return Given(value, line, "", f"{script.where(line)}: the size is known only when the script runs")
    origin = origin_of(story)
    given = argument(script, origin, "image_size", "target_size")
    if origin is not None and (given.value is not None or origin.kind != "flow"):
        return given
    base = argument(script, story.base, "input_shape")
    if base.stated:
        return base
    array = story.arrived or (images_of(story.feed) if story.feed is not None else None)
    if isinstance(array, Array) and array.shape is not None and len(array.shape) >= 3:
        return _of_shape(story, found, array)
    declared = _declared(story.base) or (_declared(story.last.model) if story.last and origin is None else None)
    if declared is not None:
        return _of_shape(story, found, declared)
    return given if origin is not None else Given(line=0)


def _declared(model: Model | None) -> Array | None:
    """The images as the input of a model declares them."""
    tensor = model.inputs if model is not None else None
    shape = tensor.value.shape if tensor is not None else None
    return tensor.value if tensor is not None and shape is not None and len(shape) == 4 else None


def _of_shape(story: Story, found: Collected, array: Array) -> Given | None:
    shape = array.shape or ()
    height, width = shape[-3], shape[-2]
    line = array.source.line or (story.base.line if story.base is not None else 0)
    if height is None or width is None:
        found.ask("data.image_size", "the size of the images is known only when the script runs", line)
    elif height != width:
        found.beyond(
            "data.image_size",
            f"{height} high and {width} wide, but Parity uses square images",
            line,
            nearest=max(height, width),
        )
    else:
        found.state("data.image_size", height, line)
    return None


def _batch_size(story: Story, found: Collected) -> None:
    """Of the training: of features that are saved it is that of their `fit`."""
    fit = story.last
    x = fit.x if fit is not None else None
    given = Given(line=fit.line if fit is not None else 0)
    if isinstance(x, Batches):
        given = _of_batches(found, x)
    elif fit is not None:
        given = argument(found.script, fit, "batch_size")
    elif story.batches is not None:
        given = _of_batches(found, story.batches)
    if isinstance(x, Batches) and x.kind in ("sequence", "python") and x.size is None and x.origin is None:
        why = f"{found.script.where(x.line)}: {x.text} makes the batches, and their size is known only when it runs"
        found.ask("data.batch_size", why, x.line)
        return
    if fit is not None and not given.stated and is_made_elsewhere(fit):
        made = name_of_feed(story, found) or "what is trained on"
        why = f"{found.script.where(fit.line)}: how the batches of {made} are made cannot be followed, nor their size"
        found.ask("data.batch_size", why, fit.line)
        return
    if given.value is not None and not given.stated:
        given = Given(line=given.line)
    found.take("data.batch_size", given, 32, "no batch_size: Keras then takes 32")


def _of_batches(found: Collected, batches: Batches) -> Given:
    if batches.size is not None:
        value, line = batches.size
        return Given(value, line, "", f"{found.script.where(line)}: the batch is known only when the script runs")
    return argument(found.script, batches.origin, "batch_size")


def _split_and_seed(story: Story, found: Collected) -> None:
    script, batches, last = found.script, story.batches, story.last
    origin = origin_of(story)
    tried = [
        argument(script, batches.generator if batches is not None else None, "validation_split"),
        argument(script, origin, "validation_split"),
        argument(script, last, "validation_split"),
        of_split(story, found),
    ]
    given = next((one for one in tried if one.stated), None)
    if given is not None and given.number == 0:
        given = None
    if given is not None:
        found.take("data.validation_split", given, 0.2, "")
    elif (cut := share_of_cut(story, found)) is not None:
        found.state("data.validation_split", *cut)
    elif line := line_of_cut(story, found):
        told = "the share for validation is known only when the script runs"
        if last is not None and is_of_one_folder(last):
            told = _ONE_FOLDER
        why = f"{found.script.where(line)}: {told}"
        found.ask("data.validation_split", why, line)
    seed = argument(script, origin, "seed")
    if seed.stated:
        found.take("data.seed", seed, 1, "")


_ONE_FOLDER = "the validation images are those of the training folder, and none are split off; a run splits some off"
