"""What reading finds in one of two scripts alone and no setting expresses: the search between them cannot try it."""

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from core.script.settings.precision import UNKNOWN_SEED
from core.script.text import place_of
from core.why.side import ScriptSide

BY_SETTING = frozenset({
    "base-not-frozen", "bottleneck-one-draw", "class-ordered-batches", "finetune-from-random-head", "freeze-index",
    "freeze-index-wrong", "lr-out-of-range", "rate-falls-early", "shuffle-arg-ignored", "shuffle-batch-mode",
    "trainable-after-compile",
    "unfreeze-high-lr", "unscaled-pixels", "weights-not-loaded", "wrong-preprocess-for-backbone",
})  # fmt: skip
"""Findings on what settings express: the search trains it as the script has it, and its verdict holds for it, too."""

WITHOUT_EFFECT = frozenset({
    "checkpoint-extension", "checkpoint-path-shared", "history-key-acc", "idg-legacy", "removed-arguments",
})  # fmt: skip
"""Findings that, below an error, are about how a script is written: a training that ends is the same without them."""

_MOST_TOLD = 3

_GIVEN = re.compile(r"=(.+?)(?= of |: |$)")
"""The value of an argument in the words of the reader, such as that of `decay=1e-06 of SGD`."""


def blamed(found: Mapping[str, Any], sides: tuple[ScriptSide, ScriptSide]) -> list[str]:
    """Errors of one script alone that no setting expresses, where no setting makes a difference that matters.

    An open search has shown no such thing: whatever reading finds is then a hint.
    """
    return _ids(_errors(sides)) if found.get("verdict") == "no-difference" else []


def hints(found: Mapping[str, Any], sides: tuple[ScriptSide, ScriptSide]) -> list[str]:
    """Sentences on what else differs and was not tried; errors alone where a setting was shown to be the cause."""
    if not found.get("verdict") or blamed(found, sides):
        return []
    told = _errors(sides) if found.get("factors") else one_sided(sides)
    said = [claim_of(side, one) for side, one in told]
    if not found.get("factors"):
        said += _not_read({(side.name, place_of(one["evidence"])) for side, one in told}, sides)
    return said[:_MOST_TOLD]


def _not_read(told: Collection[tuple[str, str]], sides: tuple[ScriptSide, ScriptSide]) -> list[str]:
    """Sentences on what one script alone does and the reader could not take into its configuration.

    Args:
        told: collection of (script, place). Of these lines something is said already.
        sides: the two scripts.
    """
    texts = [{_without_names(one["text"]) for one in side.not_read()} for side in sides]
    return [
        f"{side.name}, {place_of(one)}: {one['text']}."
        for side, other in zip(sides, texts[::-1], strict=True)
        for one in side.not_read()
        if _without_names(one["text"]) not in {*other, UNKNOWN_SEED} and (side.name, place_of(one)) not in told
    ]


def _without_names(text: str) -> str:
    """What was not read, with values that are no literals left open: two scripts name the same thing differently."""
    return _GIVEN.sub(lambda given: given[0] if _is_literal(given[1]) else "=?", text)


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


def claim_of(side: ScriptSide, finding: Mapping[str, Any]) -> str:
    """What was found in a script, with its place."""
    return f"{side.name}, {place_of(finding['evidence'])}: {finding['claim']}"


def one_sided(sides: tuple[ScriptSide, ScriptSide]) -> list[tuple[ScriptSide, Mapping[str, Any]]]:
    """Findings on one script alone, or worse in it, that no setting expresses and that can change a result."""
    seen = [{_kind(one) for one in side.findings()} for side in sides]
    return [
        (side, one)
        for side, other in zip(sides, seen[::-1], strict=True)
        for one in side.findings()
        if _kind(one) not in other and one["id"] not in BY_SETTING and not _is_style(one)
    ]


def _kind(finding: Mapping[str, Any]) -> tuple[str, str]:
    return str(finding["id"]), str(finding["severity"])


def _is_style(finding: Mapping[str, Any]) -> bool:
    return finding["severity"] != "error" and finding["id"] in WITHOUT_EFFECT


def _errors(sides: tuple[ScriptSide, ScriptSide]) -> list[tuple[ScriptSide, Mapping[str, Any]]]:
    return [(side, one) for side, one in one_sided(sides) if one["severity"] == "error"]


def _ids(found: Iterable[tuple[ScriptSide, Mapping[str, Any]]]) -> list[str]:
    return sorted({str(one["id"]) for _, one in found})
