"""Loads images as a run's training did: same size, same fit to the square."""

from collections.abc import Callable

from core.data.image_opening import Source
from core.data.images import Pixels, load
from core.data.rendering import Rendering, rendering_of
from core.store.runs import Run


def run_rendering(run: Run) -> Rendering:
    """How a run's images become squares."""
    return rendering_of(run.config().data, run.data().window)


def run_loader(run: Run) -> Callable[[Source], Pixels]:
    """A function from an image file to the pixels that the run's model takes; it raises what `load` raises."""
    size, rendering = run.config().data.image_size, run_rendering(run)
    return lambda source: load(source, size, rendering)
