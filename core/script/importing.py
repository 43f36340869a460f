"""A pasted Keras script as a run's configuration, and what is wrong with the script. Parsed, never executed."""

from collections.abc import Iterable
from typing import Any

from core.checks.finding import Finding, FindingValues
from core.errors import DataError
from core.script.facts import Facts
from core.script.flow.following import follow
from core.script.flow.objects import Array, Batches
from core.script.parts import missing
from core.script.reader import Script
from core.script.rules import script_findings
from core.script.settings.collected import Collected
from core.script.settings.reading import read_settings
from core.script.settings.story import Story
from core.script.text import Source
from core.script.value_rules.views import Course
from core.script.versions import read_version
from core.script.walk import read_script

_LONGEST_LINE = 200
"""Characters of a line that a record repeats."""

_TOO_LONG = "the values in this script take too many steps to work out"

_FOLDS = ("KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold", "RepeatedKFold", "RepeatedStratifiedKFold")

_CODE = ("Lambda", "CustomObjectScope", "train_on_batch", "exec", "eval")


def import_script(text: str, name: str = "script.py", keras_version: str | None = None) -> dict[str, Any]:
    """Reads a Keras training script by its syntax tree.

    Args:
        text: str. The script, or a notebook's file. Nothing of it is run; what it imports need not exist.
        name: str. What to call it in messages. Defaults to `"script.py"`.
        keras_version: str. The version of Keras it is for, such as `"2.0.8"`. Defaults to none: where versions differ,
            the settings are what the later ones do.

    Returns:
        `{"name", "keras_version", "mode", "dataset", "dataset_lines", "settings": {key: {"value", "line", "lines":
        [{"line", "text"}]}}, "open": [{"key", "why", "blocks", "kind", "lines", "nearest"?}], "not_stated": {key:
        {"value", "why", "lines"}}, "unread": [{"line", "text"}], "order": {versions: order}, "findings": [...],
        "config", "nearest"}`.

        `config` is a run's configuration, or None while something open blocks it. Of what is open the `kind` is `asked`
        where a person has to say what the script does not, and `beyond` where it does what no run can do; `nearest` is
        then the value that comes nearest, and the record's `nearest` are the settings of the nearest run: None where
        the script can be run as it is, or nothing comes near. In a notebook every `line` is one of its cell, and `cell`
        stands beside it: code cells, from 1 on. `core.script.reading.decisions` gives the settings with their lines.

    Raises:
        DataError: the text cannot be read, or trains nothing; one sentence with the line.
    """
    version = read_version(keras_version)
    script = read_script(text, name)
    facts = Facts(script)
    if not (facts.networks.backbones or facts.flows or facts.generators or facts.compiles or facts.fits or facts.heads):
        raise DataError(
            f"{' '.join(name.split())[:100]}: no backbone, generator, layer, compile or fit of Keras was found in it; "
            "paste the script that trains"
        )
    course = Course(script, follow(script))
    story = Story(course)
    if course.machine.stopped and story.last is None:
        raise DataError(f"{_TOO_LONG}; paste only the part that trains")
    found, order = read_settings(story, version)
    if course.machine.stopped:
        found.note(len(script.lines), f"{_TOO_LONG}: its end is not read")
    if len(set(order.values())) > 1 and not keras_version:
        found.ask("keras_version", "the order of the samples depends on the version of Keras", blocks=False)
    _sizes(facts, found)
    _unread(facts, story, found)
    found.finish()
    config = found.config()
    findings = script_findings(facts, course, version)
    return {**_record(script, found, order, keras_version), "config": config.to_dict() if config else None,
            "findings": [_in_cells(finding, script.source) for finding in findings]}  # fmt: skip


def _record(script: Script, found: Collected, order: dict[str, str], keras_version: str | None) -> dict[str, Any]:
    source = script.source
    return {
        "name": script.name,
        "keras_version": keras_version or None,
        "mode": found.settings.get("training.mode", {}).get("value"),
        "dataset": found.dataset,
        "dataset_lines": _lines(source, found.dataset_lines),
        "settings": {
            key: {**one, **source.entry(one["line"]), "lines": _lines(source, one["lines"])}
            for key, one in found.settings.items()
        },
        "open": [{**one, "lines": _lines(source, one["lines"])} for one in found.open],
        "not_stated": {key: {**one, "lines": _lines(source, one["lines"])} for key, one in found.not_stated.items()},
        "unread": [{**one, **source.entry(one["line"])} for one in found.unread],
        "order": order,
        "nearest": found.nearest(),
    }


def _lines(source: Source, lines: Iterable[int]) -> list[dict[str, Any]]:
    """Lines of the script with their text, as `core.script.reading` reads them."""
    known = [line for line in dict.fromkeys(lines) if 0 < line <= len(source.lines)]
    return [{**source.entry(line), "text": source.lines[line - 1].strip()[:_LONGEST_LINE]} for line in known]


def _in_cells(finding: Finding, source: Source) -> FindingValues:
    """A finding as plain values, the lines of its evidence as the cells of a notebook count them."""
    record = finding.to_dict()
    evidence = record["evidence"]
    if source.starts:
        further = {key: source.where(line) for key, line in evidence.items() if key.endswith("_line") and line}
        lines = {"lines": [source.where(line) for line in evidence["lines"]]} if "lines" in evidence else {}
        record["evidence"] = {**evidence, **further, **lines, **source.entry(evidence["line"])}
    return record


def _sizes(facts: Facts, found: Collected) -> None:
    """Counts of images that steps are computed from: no setting, but a person will look for them."""
    calls = [*facts.extractions, *(fit.call for fit in facts.fits)]
    for call in calls:
        for argument in ("steps", "steps_per_epoch", "validation_steps"):
            value = facts.script.argument(call, argument)
            for name in missing(facts.script, value):
                where = facts.where(value.line)
                found.ask(name, f"{where}: {name} is not defined in the script", value.line, blocks=False)


def _unread(facts: Facts, story: Story, found: Collected) -> None:
    script = facts.script
    for line, why in script.source.left_out.items():
        found.note(line, why)
    _not_followed(story, found)
    _set_by_hand(story, found)
    for call in [*facts.generators, *(flow.call for flow in facts.flows), *(fit.call for fit in facts.fits)]:
        if call.unread:
            found.note(call.line, f"{call.short}: some of its arguments cannot be read")
    followed = {one.line for one in story.course.fits if isinstance(one.x, (Array, Batches))}
    for fit in facts.fits:
        if fit.call.short == "fit_generator" and fit.feed is None and fit.call.line not in followed:
            found.note(fit.call.line, "fit_generator: where its batches come from cannot be read")
    for call in script.find("add"):
        if facts.networks.model_of(call) in facts.networks.backbones:
            found.note(call.line, "add: a functional network has none, so the script stops here")
    _other_backbones(story, found)
    _saved_models(story, found)


def _other_backbones(story: Story, found: Collected) -> None:
    """Networks that the script makes besides those that the training goes through."""
    made = [one for one in story.course.machine.models if one.kind == "backbone"]
    others = [one for one in made if story.base is not None and one.line != story.base.line]
    others = [one for one in others if one not in story.bases]
    if others and story.base is not None:
        told = f"{story.base.name} of {found.script.where(story.base.line)} was read"
        found.note(others[0].line, f"the script makes more than one backbone; {told}")


def _saved_models(story: Story, found: Collected) -> None:
    """Models that a script goes on with where their file exists, in place of the one that it makes."""
    first = story.first
    if first is None or first.model.loaded or first.model.kind in ("stranger", "unknown"):
        return
    for call in found.script.find("load_model"):
        if call.line < first.line:
            found.note(call.line, "load_model: where the file exists the script may go on with it; a run begins anew")


def _not_followed(story: Story, found: Collected) -> None:
    """Code that is known only when it runs, and folds, of which a run is one."""
    followed = {by.line for by in story.front if by.kind == "Lambda"} if _is_followed(story) else set[int]()
    for call in found.script.find(*_CODE):
        if call.short != "Lambda" or call.line not in followed:
            found.note(call.line, f"{call.short}: what it does is known only when the script runs")
    for call in found.script.find(*_FOLDS):
        told = "the script trains once for each fold; a run is one training, and cross-validation trains all folds"
        found.note(call.line, f"{call.short}: {told}")


def _set_by_hand(story: Story, found: Collected) -> None:
    """What a script changes in a generator that is made already, such as the labels in its `classes`."""
    for line, name in story.course.machine.set_by_hand:
        found.note(line, f"{name} of a generator is set by hand; what that changes is not read")


def _is_followed(story: Story) -> bool:
    """Whether all that is done to the pixels on their way to the network is known."""
    return story.arrived is not None and story.arrived.strange is None
