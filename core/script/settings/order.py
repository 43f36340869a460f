"""Settings of the order in which images are trained on, and of the last batch of an epoch."""

import ast
from collections.abc import Iterable

from core.script import versions
from core.script.flow.machine import constant, is_value
from core.script.flow.networks import Fit
from core.script.flow.objects import SHUFFLED, Array, Batches
from core.script.flow.training_calls import images_of
from core.script.flow.value import Value
from core.script.parts import rounds_down
from core.script.reader import Call, Script
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.story import Story
from core.script.settings.trainings import is_made_elsewhere

_REMAINDER = "data.drop_remainder"
_ORDER = "data.shuffle"


def fill_remainder(story: Story, found: Collected) -> None:
    """Writes whether the last batch of an epoch is left out where it is incomplete.

    Steps rounded down lose it in one pass, as feature extraction is; training goes on where it stopped.
    """
    fit = story.last
    for batches in (fit.x if fit is not None else None, story.feed):
        if isinstance(batches, Batches) and batches.drops is not None:
            _drops(found, *batches.drops)
            return
        if isinstance(batches, Batches) and batches.kind == "sequence":
            found.note(
                batches.line, "__len__: whether it counts an incomplete batch cannot be read; a run trains on it"
            )
    asked, script = story.asked, found.script
    if story.mode == "bottleneck" and asked is not None and asked.node is not None:
        call = script.at(asked.node)
        if call is not None and rounds_down(script, call, "steps"):
            found.state(_REMAINDER, True, argument(script, asked, "steps").line)
            return
    found.leave_out(_REMAINDER, False, "the script never drops the incomplete last batch")


def _drops(found: Collected, value: Value, line: int) -> None:
    known = constant(value)
    if isinstance(known, bool):
        found.state(_REMAINDER, known, line)
        return
    why = "whether the incomplete last batch is dropped is known only when the script runs"
    found.ask(_REMAINDER, f"{found.script.where(line)}: {why}", line)


def fill_order(story: Story, found: Collected, version: tuple[int, ...]) -> dict[str, str]:
    """Writes the order in which images are trained on.

    Returns:
        The order by version of Keras; empty where the script does not tell.
    """
    fit = story.last
    if fit is None:
        found.ask(_ORDER, "the script has no fit, so the order of the samples is unknown")
        return {}
    if isinstance(fit.x, Batches) and fit.x.fixed:
        return _order_once(found, fit.x.fixed)
    of_fit = argument(found.script, fit, "shuffle")
    if isinstance(fit.x, Batches) and fit.x.mixed and not fit.x.buffer[0]:
        order = _order_of_published(found, fit.x)
    elif isinstance(fit.x, Batches):
        order = _order_of_batches(found, fit, fit.x, of_fit, version)
    elif is_made_elsewhere(fit) and not of_fit.stated:
        why = "the batches come from elsewhere, and their order with them; a run shuffles samples"
        found.leave_out(_ORDER, "samples", why, fit.line)
        order = versions.same_order("samples")
    else:
        order = _order_of_arrays(found, of_fit, version)
    stated = found.settings.get(_ORDER, {"value": "samples"})
    if stated["value"] != "samples" and _is_drawn_before(story, found, fit):
        return _order_once(found, stated["line"])
    return order


def _is_drawn_before(story: Story, found: Collected, fit: Fit) -> bool:
    """Whether the images are in a random order when their batches are made."""
    images = images_of(fit.x)
    if isinstance(images, Array) and images.order == SHUFFLED:
        return True
    return any(_mixes(found.script, call) for call in story.course.behind(fit, "x", "generator"))


_RANDOM = ("random.", "np.random.", "numpy.random.", "sklearn.", "tf.random.", "tensorflow.random.")
_OF_RANDOM = ("default_rng", "RandomState", "Random", "Generator")


def _mixes(script: Script, call: Call) -> bool:
    """Whether a call brings samples into a random order, once: not where batches are made, as in a Sequence."""
    scope = call.location.scope
    functions = [script.functions.get(scope[: k + 1]) for k in range(len(scope))]
    if any(one is None or any(isinstance(node, ast.Yield) for node in ast.walk(one.node)) for one in functions):
        return False
    if call.short == "train_test_split":
        return script.argument(call, "shuffle").value is not False
    if call.short == "sample":
        return script.argument(call, "frac").stated or call.name == "random.sample"
    if call.short not in ("shuffle", "permutation"):
        return False
    by = script.at(script.receiver(call)[0])
    return call.name.startswith(_RANDOM) or (by is not None and by.short in _OF_RANDOM)


def _order_of_batches(
    found: Collected, fit: Fit, batches: Batches, of_fit: Given, version: tuple[int, ...]
) -> dict[str, str]:
    of_flow = argument(found.script, batches.origin, "shuffle")
    line, of_batches = batches.buffer
    if batches.kind in ("sequence", "python") and not line:
        return _order_of_own(found, fit, batches, of_fit, version)
    if (line and is_value(of_flow.value, False)) or batches.origin is None:
        word = "batches" if of_batches else ("samples" if line or batches.shuffled else "none")
        found.state(_ORDER, word, line or batches.line)
        return versions.same_order(word)
    if not of_flow.stated or of_flow.known is True:
        if of_flow.stated:
            found.state(_ORDER, "samples", *of_flow.lines)
        else:
            found.leave_out(_ORDER, "samples", f"{batches.origin.kind} shuffles samples by itself", batches.line)
        return versions.same_order("samples")
    if of_flow.known is not False:
        found.ask(_ORDER, of_flow.why, of_flow.line)
        return {}
    if batches.kind == "dataset":
        found.state(_ORDER, "none", *of_flow.lines)
        return versions.same_order("none")
    return _order_of_iterator(found, fit, of_fit, version, of_flow.lines)


def _order_of_published(found: Collected, batches: Batches) -> dict[str, str]:
    """Of a published set, whose images are mixed once, when its files are written."""
    told = f"{batches.text} gives the images in one mixed order, the same in every epoch; a run has another one in each"
    found.note(batches.mixed, told)
    found.state(_ORDER, "samples", batches.mixed)
    return versions.same_order("samples")


def _order_once(found: Collected, line: int) -> dict[str, str]:
    """A random order that is drawn once."""
    why = "the images are in one random order, the same in every epoch; a run has another one in each"
    found.beyond(_ORDER, why, line, nearest="samples")
    return versions.same_order("samples")


def _order_of_own(
    found: Collected, fit: Fit, batches: Batches, of_fit: Given, version: tuple[int, ...]
) -> dict[str, str]:
    """Of a Sequence of the script's own, which shuffles by itself or has its batches shuffled by fit; of a generator
    function, whose batches fit takes as they come."""
    word = "samples" if batches.shuffled else "none"
    if batches.kind == "python" or batches.shuffled:
        found.state(_ORDER, word, batches.line)
        return versions.same_order(word)
    return _order_of_iterator(found, fit, of_fit, version, (batches.line,))


def _order_of_iterator(
    found: Collected, fit: Fit, of_fit: Given, version: tuple[int, ...], lines: Iterable[int]
) -> dict[str, str]:
    workers = argument(found.script, fit, "workers").whole == 0
    order = versions.iterator_order(fit_shuffles=not is_value(of_fit.value, False), workers_zero=workers)
    found.state(_ORDER, versions.choose(order, version), *lines)
    return order


def _order_of_arrays(found: Collected, of_fit: Given, version: tuple[int, ...]) -> dict[str, str]:
    if not of_fit.stated:
        found.leave_out(_ORDER, "samples", "fit shuffles the samples of arrays by itself", of_fit.line)
        return versions.same_order("samples")
    if of_fit.known == "batch":
        order = versions.batch_order()
        found.state(_ORDER, versions.choose(order, version), *of_fit.lines)
        return order
    if not isinstance(of_fit.known, bool):
        found.ask(_ORDER, of_fit.why, of_fit.line)
        return {}
    word = "samples" if of_fit.known else "none"
    found.state(_ORDER, word, *of_fit.lines)
    return versions.same_order(word)
