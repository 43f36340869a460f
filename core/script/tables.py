"""Labels from tables (data frames) and images from arrays in a pasted script: where its data come from."""

import ast

from core.script.flow.objects import Batches
from core.script.reader import Call, Script, Value

_READERS = ("read_csv", "read_excel", "read_json", "read_parquet", "DataFrame")


def table_columns(script: Script) -> tuple[str, int] | None:
    """The table that labels come from where no data frame is given to a generator: a sentence and its line."""
    for call in script.find(*_READERS):
        if columns := _columns(script, call):
            told = f"its columns {', '.join(columns)}" if len(columns) > 1 else f"its column {columns[0]}"
            where, text = script.where(call.line), script.text(call.node)
            return f"{where}: the labels come from a table, {text}, {told}; {_WANTED}", call.line
    return None


_WANTED = "Parity reads image files, in one folder per class"


def of_frame(script: Script, batches: Batches) -> tuple[str, int]:
    """`flow_from_dataframe`: the table and its columns, by Keras' own names where none are given, and the line."""
    call = script.at(batches.origin.node) if batches.origin is not None else None
    if call is None:
        return f"the labels come from a table; {_WANTED}", batches.line
    table = script.argument(call, "dataframe")
    made_by = script.call_of(table.node, call.location)
    readers = script.find(*_READERS)
    if made_by is None and len(readers) == 1:
        made_by = readers[0]  # its rows were divided on the way
    text = script.text(made_by.node) if made_by is not None else table.text or "a data frame"
    where = f" ({script.where(made_by.line)})" if made_by is not None else ""
    files = _column(script.argument(call, "x_col"), "filename")
    labels = _column(script.argument(call, "y_col"), "class")
    told = f"the labels come from a table, {text}{where}: files in column {files}, labels in column {labels}; {_WANTED}"
    return f"{script.where(call.line)}: {told}", call.line


def _column(value: Value, default: str) -> str:
    return _short(value.word or value.text) if value.stated else f"{default} (Keras' own name)"


def _columns(script: Script, table: Call) -> list[str]:
    """The columns of a table that the script names, in their order there, as `df["label"]`."""
    names = set(script.names_of(table.node))
    found: list[tuple[int, int, str]] = []
    for node in script.nodes if names else ():
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(column))) if name in names:
                found.append((node.lineno, node.col_offset, _short(column)))
    return list(dict.fromkeys(name for *_, name in sorted(found)))[:6]


def _short(column: str) -> str:
    return " ".join(column.split())[:40]
