"""Draws the images of the built-in sample set when a page first needs them."""

import threading

from core import paths
from core.data.sample import ensure_sample, sample_is_ready
from core.progress import Progress
from pages.shared.widgets.progress_bar import with_bar

_one_at_a_time = threading.Lock()


def draw_sample() -> None:
    """Draws the sample set where it is not there yet, with a progress bar while that lasts.

    Raises:
        DataError: the home cannot be written, or has no room left.
    """
    if not sample_is_ready(paths.samples_folder()):
        with_bar("Generating the sample", _draw)


def _draw(progress: Progress) -> None:
    with _one_at_a_time:  # of several viewers one draws; the others then find it there
        ensure_sample(paths.samples_folder(), progress)
