"""Installs the example runs from a page."""

from core.access.modes import PUBLIC, mode
from core.access.roles import Action
from core.store import examples
from pages.shared.shell.access import guarded


@guarded(Action.LOOK)
def put_in_place() -> None:
    """Puts them among the runs, where they are not there yet.

    Raises:
        UserError: the home cannot be written.
    """
    examples.install()


def put_in_place_for_all() -> None:
    """In a public app they are what there is to see, so nobody has to ask for them.

    Raises:
        UserError: the home cannot be written.
    """
    if mode() == PUBLIC and not examples.is_installed():
        put_in_place()
