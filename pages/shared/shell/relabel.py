"""Relabels images of a dataset, and undoes such a change. Nothing is drawn in here."""

import threading
from collections.abc import Mapping

from core.access.roles import Action
from core.data.corrections import change_labels, undo_labels
from pages.shared.shell.access import guarded
from pages.shared.shell.chosen_dataset import View

lock = threading.Lock()
"""Held by whoever changes a file that lies beside the images."""


@guarded(Action.CURATE)
def put_right(view: View, labels: Mapping[str, str]) -> None:
    """Relabels or excludes images, as one step that can be undone.

    Args:
        view: View.
        labels: mapping from a file's path to its class, or to an empty text to leave it out.

    Raises:
        UserError: the person may not, there is no such image or class, or the list cannot be written.
    """
    with lock:
        change_labels(view.on_disk, labels)


@guarded(Action.CURATE)
def take_back(view: View) -> int:
    """Undoes the last step; gives the number of its images.

    Raises:
        UserError: the person may not, or the list cannot be written.
    """
    with lock:
        return undo_labels(view.on_disk.root)
