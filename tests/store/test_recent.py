"""What a server process keeps in mind has an upper limit."""

from concurrent.futures import ThreadPoolExecutor

from core.store import index
from core.store.recent import Recent
from core.workers import ray_client
from pages.shared.run import facts
from pages.shared.train import actions


def test_what_was_set_longest_ago_is_forgotten() -> None:
    kept: Recent[str, int] = Recent(2)
    for key in ("a", "b", "a", "c"):
        kept[key] = len(kept)
    assert kept == {"a": 2, "c": 2}
    assert kept.get("b") is None and "c" in kept


def test_threads_that_set_at_once_keep_to_the_limit() -> None:
    kept: Recent[int, int] = Recent(5)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: kept.__setitem__(k, k), range(500)))
    assert len(kept) == 5


def test_what_grows_with_runs_and_clicks_is_kept_so() -> None:
    grown = [actions._started, facts._looked, index._memory().statuses, index._memory().summaries]
    grown += [ray_client._memory().jobs, ray_client._memory().seen]
    assert [kept.most for kept in grown] == [10_000, 1000, 20_000, 20_000, 10_000, 10_000]
