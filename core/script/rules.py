"""All findings on a script. A rule is one function of the facts and the version; it says nothing when all is well."""

from collections.abc import Callable, Iterator

from core.checks.finding import SEVERITIES, Finding
from core.script import rules_head as head
from core.script import rules_labels as labels
from core.script import rules_model as model
from core.script import rules_order as order
from core.script import rules_pixels as pixels
from core.script.facts import Facts
from core.script.flow.machine import number
from core.script.flow.made import Made
from core.script.flow.networks import Trains
from core.script.value_rules import colours, output, split, training
from core.script.value_rules import pixels as values
from core.script.value_rules.views import Course

RULES: tuple[Callable[[Facts, tuple[int, ...]], Iterator[Finding]], ...] = (
    *(order.unshuffled_training, order.shuffle_of_fit, order.shuffle_buffer, order.steps),
    *(labels.features_and_labels, labels.confusion, labels.splits, labels.resampled_rows),
    *(pixels.augmented_features, pixels.augmented_validation),
    *(
        pixels.featurewise,
        pixels.given_means,
        pixels.sizes,
        pixels.validation_share,
        pixels.random_in_cache,
        pixels.legacy,
    ),
    *(model.unfrozen, model.indices, model.after_compile, model.reused_optimizer, model.batch_norm, model.no_weights),
    *(head.metrics, head.removed, head.monitors, head.history, head.checkpoints),
)
"""Rules on the calls of a script."""

VALUE_RULES: tuple[Callable[[Course], Iterator[Finding]], ...] = (
    *(output.outputs, output.heads, output.tops, output.unfrozen),
    *(values.scaling, values.parts, values.asked, values.cached),
    *(colours.validation_colours, colours.exchanged),
    *(split.wrong_parts, split.leaks, split.sorted_split, split.shuffled_apart, split.reshuffled, split.same_images),
    *(split.scaled_labels, split.folds, split.class_order),
    *(training.compiled, training.rates, training.validation, training.steps, training.labels, training.shapes),
    training.by_themselves,
)
"""Rules on what its values do, followed from line to line."""


def script_findings(facts: Facts, course: Course, version: tuple[int, ...]) -> list[Finding]:
    """What the rules find, the gravest first, then by line; the same finding on the same line once.

    Args:
        facts: Facts. Of the script.
        course: Course. The same script, followed.
        version: tuple of int. The version of Keras it is for; the latest where none is known.
    """
    facts.first_rate = _first_rate(course)
    found = [one for rule in VALUE_RULES for one in rule(course)]
    found += [one for rule in RULES for one in rule(facts, version) if not _is_contradicted(one, course)]
    once = {(one.id, one.evidence["line"]): one for one in reversed(found)}
    return sorted(once.values(), key=lambda one: (SEVERITIES.index(one.severity), one.evidence["line"], one.id))


def _first_rate(course: Course) -> float | None:
    """The learning rate with which the last training begins; None where it cannot be read."""
    compiled = course.fits[-1].compiled if course.fits else None
    optimizer = compiled.arguments.get("optimizer") if compiled is not None else None
    rate = optimizer.arguments.get("learning_rate") if isinstance(optimizer, Made) else None
    rate = rate.arguments.get("initial_learning_rate") if isinstance(rate, Made) else rate
    found = number(rate)
    return None if found is None else float(found)


def _is_contradicted(one: Finding, course: Course) -> bool:
    """Whether following the script shows that it is not so."""
    if one.id == "weights-not-loaded":
        return any(model.refilled[0] for model in course.machine.models)
    if one.id == "freeze-hits-head" and course.fits:
        return not any(one.evidence["line"] in fit.held.values() for fit in course.fits)
    return _is_compiled_again(one, course) or _is_frozen(one, course)


def _is_compiled_again(one: Finding, course: Course) -> bool:
    """Whether a method that compiles was called after `trainable` was set, which the order of lines does not show."""
    if one.id != "trainable-after-compile":
        return False
    line = one.evidence["line"]
    for fit in course.fits:
        if _has(fit.trains, line):
            return fit.compiled is not None and _has(fit.compiled.trains, line)
    return False


def _is_frozen(one: Finding, course: Course) -> bool:
    """Whether layers are frozen in a way that only following shows, such as a comprehension or `setattr`."""
    known = course.fits[-1].trains.values() if course.fits else ()
    states = [trains for trains in known if trains is not None]
    if one.id == "base-not-frozen":
        return bool(course.script.find("stop_gradient")) or any(
            trains.why or not all(trains.layers) for trains in states
        )
    return one.id in _UNFROZEN and bool(states) and not any(flag for trains in states for flag in trains.layers)


_UNFROZEN = ("unfreeze-high-lr", "finetune-from-random-head")


def _has(states: dict[int, Trains | None], line: int) -> bool:
    return any(line in trains.lines for trains in states.values() if trains is not None)
