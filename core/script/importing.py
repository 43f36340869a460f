"""A pasted Keras script as a run's configuration, and what is wrong with the script. It is read, never run."""

from typing import Any

from core.checks.finding import Finding, FindingValues
from core.errors import DataError
from core.script.facts import Facts
from core.script.images import fill_images
from core.script.imported_settings import ImportedSettings
from core.script.parts import missing
from core.script.rules import script_findings
from core.script.text import Source
from core.script.training import fill_training
from core.script.versions import read_version
from core.script.walk import read_script

_LONGEST_LINE = 200
"""Characters of a line that a record repeats."""

_CODE = ("Lambda", "CustomObjectScope", "train_on_batch", "exec", "eval")


def import_script(text: str, name: str = "script.py", keras_version: str | None = None) -> dict[str, Any]:
    """Reads a Keras training script by its syntax tree.

    Args:
        text: str. The script, or a notebook's file. Nothing of it is run; what it imports need not exist.
        name: str. What to call it in messages. Defaults to `"script.py"`.
        keras_version: str. The version of Keras it is for, such as `"2.0.8"`. Defaults to none: where versions differ,
            the settings are what the later ones do.

    Returns:
        `{"name", "keras_version", "mode", "dataset", "settings": {key: {"value", "line", "lines": [{"line",
        "text"}]}}, "open": [{"key", "why", "blocks"}], "not_stated": {key: {"value", "why"}}, "unread": [{"line",
        "text"}], "order": {versions: order}, "findings": [...], "config"}`. `config` is a run's configuration, or None
        while something open blocks it. In a notebook every `line` is one of its cell, and `cell` stands beside it: code
        cells, from 1 on. `core.script.reading.decisions` gives the settings with their lines, typed.

    Raises:
        DataError: the text cannot be read, or trains nothing; one sentence with the line.
    """
    version = read_version(keras_version)
    script = read_script(text, name)
    facts = Facts(script)
    if not (facts.backbones or facts.flows or facts.generators or facts.compiles or facts.fits or facts.heads):
        raise DataError(
            f"{' '.join(name.split())[:100]}: no backbone, generator, layer, compile or fit of Keras was found in it; "
            "paste the script that trains"
        )
    imported = ImportedSettings(script)
    order = fill_images(facts, imported, version)
    fill_training(facts, imported)
    if len(set(order.values())) > 1 and not keras_version:
        imported.leave_open("keras_version", "the order of the samples depends on the version of Keras", blocks=False)
    _sizes(facts, imported)
    _unread(facts, imported)
    imported.finish()
    config = imported.config()
    entry = script.source.entry
    return {
        "name": script.name,
        "keras_version": keras_version or None,
        "mode": facts.mode or None,
        "dataset": imported.dataset,
        "settings": {
            key: {**one, **entry(one["line"]), "lines": _lines(script.source, [one["line"]])}
            for key, one in imported.settings.items()
        },
        "open": imported.open,
        "not_stated": imported.not_stated,
        "unread": [{**one, **entry(one["line"])} for one in imported.unread],
        "order": order,
        "findings": [_in_cells(finding, script.source) for finding in script_findings(facts, version)],
        "config": config.to_dict() if config else None,
    }


def _lines(source: Source, lines: list[int]) -> list[dict[str, Any]]:
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


def _sizes(facts: Facts, imported: ImportedSettings) -> None:
    """Counts of images that steps are computed from: no setting, but a person will look for them."""
    calls = [*facts.extractions, *(fit.call for fit in facts.fits)]
    for call in calls:
        for argument in ("steps", "steps_per_epoch", "validation_steps"):
            value = facts.script.argument(call, argument)
            for name in missing(facts.script, value):
                imported.leave_open(name, f"{name} is not defined in the script", line=value.line, blocks=False)


def _unread(facts: Facts, imported: ImportedSettings) -> None:
    script = facts.script
    for line, why in script.source.left_out.items():
        imported.note(line, why)
    for call in script.find(*_CODE):
        imported.note(call.line, f"{call.short}: what it does is known only when the script runs")
    for call in [*facts.generators, *(flow.call for flow in facts.flows), *(fit.call for fit in facts.fits)]:
        if call.unread:
            imported.note(call.line, f"{call.short}: some of its arguments cannot be read")
    for fit in facts.fits:
        if fit.call.short == "fit_generator" and fit.feed is None:
            imported.note(fit.call.line, "fit_generator: where its batches come from cannot be read")
    for call in script.find("add"):
        if facts.model_of(call) in facts.backbones:
            imported.note(call.line, "add: a functional network has none, so the script stops here")
    if len(facts.backbones) > 1:
        imported.note(facts.backbones[0].line, "the script makes more than one backbone; the last one was read")
