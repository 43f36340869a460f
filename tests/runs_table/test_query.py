"""Conditions and orders of the table of runs, on rows made by hand."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.runs_table.columns import columns, find_column, find_columns
from core.runs_table.query import Query, parse_condition, parse_conditions, parse_sort, select
from core.runs_table.rows import Row


def row(name: str, kind: str = "run", trials: tuple[Row, ...] = (), changed: Any = None, **values: Any) -> Row:
    blank = dict.fromkeys(key for key in columns() if "." not in key)
    values = {**blank, "name": name, "note": "", "tags": (), "kind": kind, **values}
    return Row(name, Path(name), kind, values, changed or {}, "", False, trials=trials)


ROWS = [
    row("a", val_auc=0.9, errors=2, tags=("paper",), status="finished", dataset="chest", created=1.0),
    row("b", val_auc=0.95, errors=0, changed={"model.backbone": "VGG16"}, status="failed", dataset="skin", created=3.0),
    row("Größe", val_auc=None, errors=0, note="baseline", status="finished", dataset="chest", created=2.0),
]


def names(*conditions: str, sort: str = "created:asc", **facts: Any) -> list[str]:
    query = Query(conditions=parse_conditions(conditions), sort=parse_sort(sort), **facts)
    return [str(one.get("name")) for one in select(ROWS, query)]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("val_auc>=0.9", ["a", "b"]), ("val_auc > 0.9", ["b"]), ("val_auc<0.95", ["a"]),
        ("val_auc!=0.9", ["Größe", "b"]),
        ("val_auc=", ["Größe"]), ("val_auc!=", ["a", "b"]), ("errors=2", ["a"]), ("backbone=vgg16", ["b"]),
        ("model.backbone=VGG16|EfficientNetLite0", ["a", "Größe", "b"]), ("tags=paper", ["a"]),
        ("name~gröss|GRÖ", ["Größe"]), ("status=failed", ["b"]), ("learning_rate=1e-3", ["a", "Größe", "b"]),
        ("dataset=/some/where/skin", ["b"]), ("drop_remainder=true", []), ("note~base", ["Größe"]),
    ],
)  # fmt: skip
def test_conditions(condition: str, found: list[str]) -> None:
    assert names(condition) == found


def test_all_that_is_asked_for_must_hold() -> None:
    assert names("errors=0", "val_auc>0") == ["b"]
    assert names(words="base grö") == ["Größe"]
    assert names(tags=("PAPER",)) == ["a"]
    assert names(datasets=("chest",), statuses=("finished", "failed")) == ["a", "Größe"]


def test_orders_put_what_is_not_known_last() -> None:
    assert names(sort="val_auc") == ["b", "a", "Größe"]
    assert names(sort="val_auc:asc") == ["a", "b", "Größe"]
    assert names(sort="name") == ["a", "b", "Größe"]
    assert names(sort="backbone") == ["a", "Größe", "b"]
    assert str(parse_sort("val_loss")) == "val_loss:asc"
    assert str(parse_sort("created")) == "created:desc"


def test_a_group_is_there_when_it_or_a_trial_fits_and_its_trials_are_sorted_too() -> None:
    trials = tuple(row(f"t{k}", "trial", val_auc=k / 10) for k in range(4))
    (group,) = select([row("Sweep", "sweep", trials)], Query(conditions=parse_conditions(["val_auc>0.1"]),
                                                              sort=parse_sort("val_auc")))  # fmt: skip
    assert [trial.get("name") for trial in group.trials] == ["t3", "t2"]
    (group,) = select([row("Sweep", "sweep", trials)], Query(words="sweep"))
    assert len(group.trials) == 4
    assert select([row("Sweep", "sweep", trials)], Query(words="nothing")) == []


@pytest.mark.parametrize("text", ["val_auc>=x", "name<3", "=3", "", "nothing=1", "val_auc", "a" * 501])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_condition(text)


def test_what_is_written_can_be_read_again() -> None:
    condition = parse_condition(" learning_rate >= 1e-3 ")
    assert str(condition) == "training.learning_rate>=1e-3"
    assert parse_condition(str(condition)) == condition
    assert find_columns(["name", " backbone ", "", "name"]) == ["name", "model.backbone"]
    assert find_column("epochs").key == "epochs"
    with pytest.raises(ConfigError, match="51 conditions came; there may be 50 at most"):
        parse_conditions([f"val_auc>{k}" for k in range(51)])
