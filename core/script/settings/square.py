"""Setting `data.fit`: how the training images become square."""

from core.script.flow.fitting import BARS, CROP, CUT, KEPT, PADDED
from core.script.flow.objects import Array, Fitting
from core.script.flow.training_calls import images_of
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.story import Story

KEY = "data.fit"

_OF_BATCHES = {
    "crop_to_aspect_ratio": CROP,
    "pad_to_aspect_ratio": BARS,  # Keras' bars are black
    "keep_aspect_ratio": CROP,
}

_TOLD = {
    CUT: ("cuts a part out of the images; a run uses the whole image, or its centre square", CROP),
    PADDED: ("puts something around the images; a run makes them square with black bars", BARS),
    KEPT: ("keeps the ratio of the sides; a run makes images square", BARS),
}
"""Of what no run does: what it does, and the value that comes nearest."""


def fill_fit(story: Story, found: Collected) -> None:
    """Writes how images become square, by arguments of what makes the batches, and by what changes their sides."""
    for name, fit in _OF_BATCHES.items():
        given = argument(found.script, story.batches.origin if story.batches is not None else None, name)
        if given.stated and not isinstance(given.known, bool):
            found.ask(KEY, given.why, given.line)
        elif given.known:
            found.state(KEY, fit, *given.lines)
    ways = _ways(story)
    other = next((one for one in ways if one.way in _TOLD), None)
    if other is not None:
        told, near = _TOLD[other.way]
        found.beyond(KEY, f"{other.text} {told}", other.line, nearest=near)
    elif len({one.way for one in ways}) > 1:
        found.beyond(KEY, f"{ways[1].text} fits the images another time", ways[1].line, nearest=ways[0].way)
    elif ways:
        found.state(KEY, ways[0].way, *dict.fromkeys(one.line for one in ways))


def _ways(story: Story) -> list[Fitting]:
    """What changed the sides of the training images, as the network gets them, or as they are given to it."""
    for array in (story.arrived, images_of(story.feed) if story.feed is not None else None):
        if isinstance(array, Array) and array.fits:
            return list(array.fits)
    return []
