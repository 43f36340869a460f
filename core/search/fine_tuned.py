"""The best candidate of a search, fine-tuned: its settings, and its figures beside those of the frozen one."""

from typing import TYPE_CHECKING

from core.cross_validation.figures import fold_figures
from core.search.candidates import Candidate, fine_tuned_settings
from core.search.ranking import Scored, pairs
from core.stats.percent import percent

if TYPE_CHECKING:
    from core.store.fold_records import FineTunedBest, SearchResult


def begin_fine_tuned(result: "SearchResult") -> "FineTunedBest":
    """The record so far; an empty one where another candidate has become the best."""
    settings = fine_tuned_settings(result["candidates"][result["ranking"][0]]["settings"])
    before = result.get("fine_tuned")
    if before and before["settings"] == settings:
        return {**before, "reason": ""}
    return {
        "settings": settings, "heads": [], "figures": None, "difference": None, "interval": None, "told_apart": False,
        "reason": "",
    }  # fmt: skip


def judge_fine_tuned(found: "FineTunedBest", result: "SearchResult") -> None:
    """Puts figures and the difference from the frozen best into the record; both are over the same folds.

    Args:
        found: FineTunedBest. Changed in place.
        result: SearchResult. With a ranking.
    """
    if not found["heads"]:
        return
    found["figures"] = fold_figures(found["heads"], result["folds"])
    if len(found["heads"]) < 2:
        return
    best = result["candidates"][result["ranking"][0]]
    (pair,) = pairs([Scored(0, found["heads"], result["folds"]), Scored(1, best["heads"], result["folds"])])
    found |= {"difference": pair.difference, "interval": list(pair.interval), "told_apart": pair.apart}


def is_fine_tuned_better(result: "SearchResult") -> bool:
    """Whether fine-tuning the best was shown to help, over all folds."""
    found = result.get("fine_tuned")
    if not found or len(found["heads"]) < result["folds"]:
        return False
    return found["told_apart"] and (found["difference"] or 0.0) > 0


def best_settings(result: "SearchResult") -> Candidate:
    """The settings to train whole: those of the best candidate, fine-tuned where that was shown to be better."""
    settings: Candidate = result["candidates"][result["ranking"][0]]["settings"]
    return fine_tuned_settings(settings) if is_fine_tuned_better(result) else settings


def describe_fine_tuned(result: "SearchResult") -> str:
    """The comparison in a sentence; empty before every fold was fine-tuned."""
    found = result.get("fine_tuned")
    if not found or found["interval"] is None or found["figures"] is None or len(found["heads"]) < result["folds"]:
        return ""
    low, high = (100 * end for end in found["interval"])
    difference = 100 * (found["difference"] or 0.0)
    shown = ("better" if difference > 0 else "worse") if found["told_apart"] else "no difference shown"
    return (
        f"Fine-tuned, it classifies {percent(found['figures']['accuracy'])} correctly, {difference:+.1f} points on the "
        f"same {result['folds']} folds (95 % CI {low:+.1f} to {high:+.1f}): {shown}."
    )
