"""Starts and stops learning-rate searches (range tests) from the Train page. Nothing is drawn in here."""

from core import access, paths
from core.access import Action
from core.config import RunConfig
from core.errors import RunError
from core.lr_search.store import LrSearch, LrSearchStore
from core.workers import launch, predict_client
from pages.shared.shell.access import guarded, person


@guarded(Action.TRAIN)
def start_search(config: RunConfig) -> LrSearch:
    """Makes a search for these settings and starts its worker.

    Raises:
        AccessError: the person may not, or the mode does not allow such a training.
        RunError: nothing can be written or started, or somebody searches already where few may.
    """
    limits = access.policy()
    limits.check(config, paths.data_root(), paths.uploads_folder(), paths.collections_folder())
    at_work = sum(launch.poll(search).is_active for search in LrSearchStore().list())
    if at_work >= limits.waiting:
        raise RunError(
            f"{at_work} searches for a learning rate are at work already; start this one when some have ended"
        )
    if limits.mode == access.PUBLIC:
        predict_client.release()  # its memory is the search's now
    search = LrSearchStore().create(config, owner=person().name)
    launch.start(search, parent_pipe=True)
    return search


@guarded(Action.TRAIN)
def stop_search(search: LrSearch) -> None:
    """Asks a search to stop.

    Raises:
        AccessError: it is somebody else's.
        RunError: it is not at work.
    """
    person().require(Action.TRAIN, search.owner())
    launch.stop(search)
