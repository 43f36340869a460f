"""What a bisect has found, in words: verdicts, sides, and the sentences that give the evidence."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.sentences import listed
from core.stats.paired_seeds import Estimate
from core.stats.percent import percent
from core.stats.power import seeds_to_settle

GOOD, BAD, BETWEEN, UNCLEAR = "good", "bad", "between", "unclear"
"""Sides. `between`: clearly a part of the effect, neither all nor nothing of it. `unclear`: more seeds are needed."""


@dataclass(frozen=True)
class Words:
    """How the sentences of one bisect name things.

    Attributes:
        part: str. `validation` or `test`: the images that are judged.
        metric: str. `accuracy` or `AUC`.
        values: mapping. Key to its value in run A and in run B, in words.
        skipped: tuple of str. Keys that differ and change nothing.
        own: str. A sentence on the two runs themselves; may be empty.
        good: str. `a` or `b`.
        same_images: bool. Whether both runs are judged on the same images.
    """

    part: str = "validation"
    metric: str = "accuracy"
    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    skipped: Sequence[str] = ()
    own: str = ""
    good: str = "a"
    same_images: bool = True

    @property
    def where(self) -> str:
        """The images of which a difference is told."""
        return "on these images" if self.same_images else "each on its own images"

    @property
    def what(self) -> str:
        """What is measured."""
        return f"{self.part} {self.metric}"

    def of_auc(self) -> "Words":
        """The same, of the AUC."""
        return dataclasses.replace(self, metric="AUC")

    def seen_from(self, good: str) -> "Words":
        """The same, with that run as the good one."""
        return dataclasses.replace(self, good=good)

    def name(self, key: str) -> str:
        """A key with its two values, those of the good run first."""
        if key not in self.values:
            return key
        good, bad = self.values[key] if self.good == "a" else self.values[key][::-1]
        return f"{key} ({good} in the good run, {bad} in the bad one)"

    def level(self, value: float) -> str:
        """A figure: an accuracy in per cent, an AUC between 0 and 1."""
        return percent(value) if self._in_points else f"{value:.3f}"

    def level_of(self, mean: Estimate) -> str:
        """A mean of figures with its interval, which holds nothing that such a figure cannot be."""
        return f"{self.level(mean.value)}{self._interval(mean.share())}"

    def gap(self, value: float) -> str:
        """A difference of two figures: of accuracies in points, as the margin is given."""
        return f"{100 * value:.1f} points" if self._in_points else f"{value:.3f}"

    def gap_of(self, mean: Estimate) -> str:
        """A mean difference with its interval."""
        if not self._in_points:
            return f"{mean.value:.3f}{self._interval(mean)}"
        return f"{100 * mean.value:.1f}{self._interval(mean)} points"

    @property
    def _in_points(self) -> bool:
        return self.metric != "AUC"

    def _interval(self, mean: Estimate) -> str:
        if mean.seeds < 2:
            return ""
        low, high = (f"{100 * one:.1f}" if self._in_points else f"{one:.3f}" for one in (mean.low, mean.high))
        return f" [{low}, {high}]"

    def listed(self, keys: Sequence[str]) -> str:
        """Keys with their values, as a list in a sentence."""
        return listed([self.name(key) for key in keys])


VERDICTS = {
    "single": "One setting makes the difference",
    "joint": "Several settings together make the difference",
    "interaction": "Settings interact",
    "no-difference": "No difference that matters",
    "inconclusive": "No answer yet",
}
"""Every verdict in words, on the page and in the report."""


@dataclass(frozen=True)
class Conclusion:
    """What a bisect has found.

    Attributes:
        verdict: str. single, joint, interaction, no-difference or inconclusive.
        factors: tuple of str. Keys of the culprits; empty for the last two.
        sentence: str. The evidence.
    """

    verdict: str
    factors: tuple[str, ...]
    sentence: str


def by_construction(values: Sequence[float], words: Words) -> Conclusion:
    """The verdict when no factor is left: with one seed, both runs are the same training."""
    differs = f" but {listed(words.skipped)}" if words.skipped else ""
    sentence = (
        f"Nothing that can change the result differs{differs}: with the same training seed the two runs are the same "
        f"training. Over {len(values)} other seeds its {words.what} goes from {words.level(min(values))} to "
        f"{words.level(max(values))}.{_space(words.own)}"
    )
    return Conclusion("no-difference", (), sentence)


def no_difference(gap: Estimate, margin: float, words: Words) -> Conclusion:
    """The verdict when the whole interval of the gap lies inside the margin."""
    there = "There is a gap, but too small to matter" if gap.excludes_zero() else "There is no gap that matters"
    sentence = f"{there}: {_inside(gap, margin, words)} {_unseen(gap.seeds)}"
    return Conclusion("no-difference", (), sentence)


def _inside(gap: Estimate, margin: float, words: Words) -> str:
    return (
        f"trained with the same {gap.seeds} seeds, the two ends differ by {words.gap_of(gap)} in {words.what} "
        f"{words.where}, all of it inside ±{words.gap(margin)}."
    )


def _unseen(seeds: int) -> str:
    """What so many seeds that are all well leave open, at 95 % (Hanley and Lippman-Hand, If nothing goes wrong, is
    everything all right?, JAMA 1983; their rule of three is the same for many seeds)."""
    return f"A failure that comes in up to {percent(1 - 0.05 ** (1 / seeds), 0)} of seeds can have gone unseen."


def inconclusive(gap: Estimate, margin: float, level: float, words: Words) -> Conclusion:
    """The verdict when the interval of the gap holds 0, and nearly always reaches beyond the margin as well."""
    needed = seeds_to_settle(gap, margin, level)
    cost = (
        f"About {needed} seeds in all would settle it in four of five cases, if gap and spread stay as they are"
        if needed
        else "More seeds alone would hardly settle it"
    )
    neither = f"That neither excludes 0 nor lies inside ±{words.gap(margin)}."
    sentence = (
        f"Trained with the same {gap.seeds} seeds, the two ends differ by {words.gap_of(gap)} in {words.what} "
        f"{words.where}. {'That does not exclude 0.' if gap.inside(margin) else neither} The largest gap not excluded "
        f"is {words.gap(gap.reach)}. {cost}. With a margin of that size it would be settled now."
    )
    return Conclusion("inconclusive", (), sentence)


def inconclusive_by_auc(gap: Estimate, auc: Estimate, margin: float, level: float, words: Words) -> Conclusion:
    """The verdict when the accuracies would do for `no-difference`, and the AUC does not.

    Args:
        gap: Estimate. Of the accuracies.
        auc: Estimate. Of the AUC; it holds 0 and reaches beyond the margin.
        margin: float. Of both.
        level: float. What the interval of the AUC may miss.
        words: Words. Of the accuracies.
    """
    of_auc = inconclusive(auc, margin, level, words.of_auc())
    agreed = _inside(gap, margin, words)
    return Conclusion(
        "inconclusive", (), f"By the accuracy they agree: {agreed} The AUC leaves it open. {of_auc.sentence}"
    )


def own_not_seen(gap: Estimate, own: tuple[float, float], margin: float, words: Words) -> Conclusion:
    """The verdict when the seeds would do for `no-difference`, and the two runs themselves do not fit what they show.

    Args:
        gap: Estimate. Over the seeds.
        own: tuple of float. Accuracies of the two runs, run A's first.
        margin: float. Gaps up to it do not matter.
        words: Words.
    """
    a, b = own
    sentence = (
        f"Over new seeds there is no gap that matters: {_inside(gap, margin, words)} But the two runs themselves reach "
        f"{words.level(a)} and {words.level(b)}, which these seeds do not show: either a training with these "
        f"settings fails in some seeds only, or what differed was no setting. {_unseen(gap.seeds)} Training each run "
        "again with its own seed tells which: if the gap comes back, the seed makes it."
    )
    return Conclusion("inconclusive", (), sentence)


def only(key: str, ends: tuple[Estimate, Estimate], words: Words) -> Conclusion:
    """One factor is all there is to differ, and the ends are apart."""
    good, bad = ends
    sentence = (
        f"{words.name(key)} is the only difference that can matter, and the two ends differ: {words.what} "
        f"{words.level_of(good)} and {words.level_of(bad)} over {good.seeds} seeds."
    )
    return Conclusion("single", (key,), sentence)


def single(key: str, switched: tuple[Estimate, Estimate], ends: tuple[Estimate, Estimate], words: Words) -> Conclusion:
    """One factor turns good into bad and bad into good."""
    (there, back), (good, bad) = switched, ends
    sentence = (
        f"{words.name(key)} alone, switched in the good run, takes {words.what} from {words.level_of(good)} to "
        f"{words.level_of(there)}; switched back in the bad run, it takes it from {words.level_of(bad)} to "
        f"{words.level_of(back)} ({there.seeds} seeds)."
    )
    return Conclusion("single", (key,), sentence)


def sets(
    worse: frozenset[str],
    cure: frozenset[str],
    order: Sequence[str],
    mean: Callable[[frozenset[str]], Estimate],
    words: Words,
    parts: Sequence[str] = (),
) -> Conclusion:
    """The verdict from the smallest set that spoils the good run and the smallest that cures the bad one.

    Args:
        worse: frozenset of str. Switched in the good run, they spoil it.
        cure: frozenset of str. Switched back in the bad run, they cure it.
        order: sequence of str. All factors.
        mean: callable. Factors switched in the good run to what was measured; without seeds where nothing was.
        words: Words.
        parts: sequence of str. Those of both sets that alone do a part of it: clearly neither all nor nothing. Defaults
            to none.
    """
    keys = tuple(key for key in order if key in worse | cure)
    spoil, heal = listed([k for k in order if k in worse]), listed([k for k in order if k in cure])
    kind = "joint" if len(worse) > 1 and cure <= worse else "interaction"
    if parts:
        alone = f"{listed(parts)} alone {'does' if len(parts) == 1 else 'do'} a part of it"
        spoils = f"{spoil} {'spoils the good run' if len(worse) == 1 else 'spoil the good run together'}"
        claim = f"{spoils}, {alone}; switching {heal} back cures the bad one."
    elif kind == "joint":
        claim = f"{spoil} spoil the good run only together; switching {heal} back cures the bad one."
    elif len(worse) == 1 and worse < cure:
        claim = (
            f"{spoil} alone spoils the good run, but the bad run is cured only by switching back {heal} together: "
            "each hides the effect of the other."
        )
    else:
        claim = (
            f"The good run is spoilt by {spoil}, the bad one is cured by switching back {heal}: what one setting does "
            "depends on the others."
        )
    return Conclusion(kind, keys, f"{claim} {_measured(keys, frozenset(order), mean, words)}")


def _measured(
    keys: Sequence[str], everything: frozenset[str], mean: Callable[[frozenset[str]], Estimate], words: Words
) -> str:
    """What was measured of the culprits: each alone, all of them, none of them."""
    together = mean(frozenset(keys))
    if not together.seeds:  # not asked for: the others did nothing to it
        together = mean(everything)
    alone = [(words.name(key), mean(frozenset({key}))) for key in keys]
    both = {1: "it", 2: "both"}.get(len(keys), f"all {len(keys)}")
    parts = [f"{name} alone {words.level(value.value)}" for name, value in alone if value.seeds]
    if len(keys) > 1:
        parts.append(f"{both} {words.level(together.value)}")
    none = "neither" if len(keys) == 2 else "none"
    text = f"Mean {words.what}: {', '.join(parts)}, {none} {words.level(mean(frozenset()).value)}"
    back = [(key, mean(everything - {key})) for key in keys if len(everything) > 2]
    if any(value.seeds for _, value in back):
        text += "; in the bad run, " + ", ".join(f"{k} back {words.level(v.value)}" for k, v in back if v.seeds)
    return f"{text}."


def unclear(why: str, tests: Sequence[Mapping[str, Any]], words: Words | None = None) -> Conclusion:
    """No verdict; says what prevented it and which switches were clear nevertheless."""
    said = {"sufficient": "in the good run spoils it", "necessary": "back in the bad run cures it"}
    wanted = {"sufficient": BAD, "necessary": GOOD}
    name = words.name if words else str
    clear = [
        f"switching {name(t['factor'])} {said[t['direction']]}" for t in tests if t["side"] == wanted[t["direction"]]
    ]
    return Conclusion("inconclusive", (), why + (f" So far: {'; '.join(clear)}." if clear else ""))


def _space(text: str) -> str:
    return f" {text}" if text else ""
