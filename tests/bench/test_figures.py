"""The arithmetic behind the benchmarks' table; the measuring itself is no test."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.bench.__main__ import NAMES, main, write
from tests.bench.figures import Figure, as_figure, median_interval, middle, ratio, rounds, table


def test_a_figure_knows_whether_it_is_as_it_should_be() -> None:
    assert Figure("a", 0.95, ">= 0.95").met is True
    assert Figure("a", 0.94, ">= 0.95").met is False
    assert Figure("a", 3.1, "<= 3").met is False
    assert Figure("a", 3.1).met is None


def test_rows_of_plain_values_are_figures_too() -> None:
    row = {"name": "a", "value": 4.0, "target": 3.0, "unit": "times as fast", "met": True, "note": "why"}
    assert as_figure(row) == Figure("a", 4.0, ">= 3", "times as fast", "why")
    assert as_figure({**row, "met": False}) == Figure("a", 4.0, "<= 3", "times as fast", "why")
    assert as_figure({**row, "value": 2.0}) == Figure("a", 2.0, "<= 3", "times as fast", "why")
    assert as_figure({**row, "target": None, "met": None}) == Figure("a", 4.0, "", "times as fast", "why")
    assert as_figure({**row, "value": None, "met": None}) is None
    assert as_figure(Figure("b", 1.0)) == Figure("b", 1.0)


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    figure = ratio("speed", [2.0, 4.0, 9.0], [1.0, 2.0, 3.0], ">= 2", "by hand")
    assert (figure.value, figure.met, figure.interval, figure.rounds) == (2.0, True, (2.0, 3.0), 3)
    assert (figure.spread, figure.note) == ("2 to 3 (all 3 rounds)", "by hand")


def test_an_interval_is_called_one_of_95_percent_only_where_there_are_rounds_enough_for_it() -> None:
    assert middle("a", [3.0, 1.0, 2.0, 5.0, 4.0, 6.0]).spread == "1 to 6 (95 % CI, 6 rounds)"
    assert middle("a", [3.0, 1.0, 2.0, 5.0, 4.0]).spread == "1 to 5 (all 5 rounds)"
    assert middle("a", [3.0]).spread == Figure("a", 3.0).spread == "once"
    rng = np.random.default_rng(1)  # smallest and largest of six hold it 97 times in 100, of five 94 times
    for count, least, most in ((6, 0.95, 0.98), (5, 0.92, 0.95)):
        low, high = np.array([median_interval(rng.normal(0, 1, count).tolist())[1:] for _ in range(4000)]).T
        assert least <= np.mean((low <= 0) & (high >= 0)) <= most


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    bounds = [median_interval(rng.normal(0, 1, 25).tolist())[1:] for _ in range(1000)]
    assert 0.94 <= np.mean([low <= 0 <= high for low, high in bounds]) <= 0.99


def test_calls_alternate_and_every_other_round_goes_backwards() -> None:
    order: list[str] = []
    found = rounds(2, a=lambda: order.append("a"), b=lambda: order.append("b"))
    assert "".join(order) == "ab" + "ba" + "ab"
    assert [len(values) for values in found.values()] == [2, 2]


def test_the_table_and_the_file_hold_every_figure(tmp_path: Path) -> None:
    figures = [
        Figure("fast enough", 2.5, ">= 2", "x", "a note", (2.1, 2.9), 7),
        Figure("slow", 1.0, ">= 2"),
        Figure("told", 3.0),
    ]
    lines = table(figures).splitlines()
    assert [line.split("  ")[0] for line in lines] == ["fast enough", "slow", "told"]
    assert "met" in lines[0] and lines[0].endswith("a note") and "NOT MET" in lines[1] and "no limit" in lines[2]
    assert [line.split("  ")[2].strip() for line in lines[:1]] == ["2.1 to 2.9 (95 % CI, 7 rounds)"]
    write(tmp_path / "bench.json", figures)
    record = json.loads((tmp_path / "bench.json").read_text())
    assert [figure["met"] for figure in record["figures"]] == [True, False, None]
    assert [(figure["interval"], figure["rounds"]) for figure in record["figures"]] == [
        ([2.1, 2.9], 7),
        (None, 1),
        (None, 1),
    ]
    assert record["machine"]["cores"] >= 1


def test_every_benchmark_is_found() -> None:
    assert {"cached", "features", "memory", "start", "trace"} <= set(NAMES)


def test_what_was_measured_is_printed_as_a_table_of_the_docs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [middle("a|b", [1.0, 3.0, 2.0], "<= 2", "s", "by hand"), Figure("c", 12345.678)]
    write(tmp_path / "bench.json", figures)
    assert main(["--table", "--json", str(tmp_path / "bench.json")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "| measured | figure | between | allowed |  | how |",
        "|---|---|---|---|---|---|",
        "| a/b | 2 s | 1 to 3 (all 3 rounds) | <= 2 | met | by hand |",
        "| c | 1.23e+04 x | once |  | no limit |  |",
    ]
