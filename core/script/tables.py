"""Labels from tables (data frames) and images from arrays in a pasted script: where its data come from."""

import ast

from core.script.facts import Facts
from core.script.reader import Call, Value
from core.script.scaling import training_pixels

_READERS = ("read_csv", "read_excel", "read_json", "read_parquet", "DataFrame")


def other_source(facts: Facts) -> tuple[str, int]:
    """Where images or labels come from, if not from a folder with one folder a class.

    Returns:
        A sentence for a person and its line; an empty one where nothing of the kind is in the script.
    """
    framed = [flow.call for flow in facts.flows if flow.call.short == "flow_from_dataframe"]
    if framed:
        return _of_frame(facts, framed[0]), framed[0].line
    if any(facts.script.argument(flow.call, "directory").stated for flow in facts.flows):
        return "", 0
    for call in facts.script.find(*_READERS):
        if columns := _columns(facts, call):
            told = f"its columns {', '.join(columns)}" if len(columns) > 1 else f"its column {columns[0]}"
            return f"the labels come from a table, {facts.script.text(call.node)}, {told}; {_WANTED}", call.line
    pixels = training_pixels(facts)
    if pixels.source:
        return f"the script names no folder of images, they come from {pixels.source}; {_WANTED}", pixels.source_line
    return "", 0


_WANTED = "the program reads image files, in one folder a class"


def _of_frame(facts: Facts, call: Call) -> str:
    """`flow_from_dataframe`: the table and its columns, by Keras' own names where none are given."""
    script = facts.script
    table = script.argument(call, "dataframe")
    made_by = script.call_of(table.node, call.location)
    text = script.text(made_by.node) if made_by is not None else table.text or "a data frame"
    where = f" ({script.where(made_by.line)})" if made_by is not None else ""
    files = _column(script.argument(call, "x_col"), "filename")
    labels = _column(script.argument(call, "y_col"), "class")
    return f"the labels come from a table, {text}{where}: files in column {files}, labels in column {labels}; {_WANTED}"


def _column(value: Value, default: str) -> str:
    return _short(value.word or value.text) if value.stated else f"{default} (Keras' own name)"


def _columns(facts: Facts, table: Call) -> list[str]:
    """The columns of a table that the script names, in their order there, as `df["label"]`."""
    names = set(facts.script.names_of(table.node))
    found: list[tuple[int, int, str]] = []
    for node in facts.script.nodes if names else ():
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(column))) if name in names:
                found.append((node.lineno, node.col_offset, _short(column)))
    return list(dict.fromkeys(name for *_, name in sorted(found)))[:6]


def _short(column: str) -> str:
    return " ".join(column.split())[:40]
