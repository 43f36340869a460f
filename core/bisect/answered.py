"""Whether two runs have a finished bisect whose verdict is that of a new one."""

from collections.abc import Mapping

from core.bisect.factors import find_factors
from core.bisect.reading import common_part
from core.bisect.result import Facts
from core.bisect.store import MARGIN_POINTS, Bisect, BisectStore
from core.store.runs import Run
from core.workers import launch

_DECIDES = ("part", "images", "margin", "values", "note", "same_images")
"""What is known before anything is trained, and decides what comes out; see `Facts.before`."""


def answered(a: Run, b: Run, margin_points: float = MARGIN_POINTS) -> Bisect | None:
    """The bisect made last between two runs, if a new one would end alike: trials are the same to the last bit.

    Args:
        a: Run.
        b: Run.
        margin_points: float. See `BisectStore.create`. Defaults to 1.

    Returns:
        None where there is none, it has not finished, a trial has failed, or the margin or one of the runs has changed
        since.

    Raises:
        RunError: the two runs cannot be held against each other any more.
    """
    known = BisectStore().between(a, b)
    if known is None or launch.poll(known).status != "finished" or not (result := known.result()).get("verdict"):
        return None
    one, other = known.runs()
    facts = Facts(one, other, find_factors(one, other), common_part(one, other))
    if not result["candidates"] and not result["sentence"].endswith(facts.own_sentence()):
        return None  # a run was resumed since: of equal settings the sentence tells how the runs themselves ended
    now: Mapping[str, object] = facts.before(margin_points / 100)
    then: Mapping[str, object] = result
    is_whole = all(trial["status"] == "finished" for trial in result["arms"])
    return known if is_whole and all(then.get(key) == now[key] for key in _DECIDES) else None
