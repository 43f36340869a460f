"""The finished runs that come with the program: whole, small, and of no machine."""

import re
import threading
from pathlib import Path

import pytest

from core.bisect.store import BisectStore
from core.compare.compare import compare
from core.errors import UserError
from core.insight import reference
from core.report.report import report_html
from core.store import examples
from core.store.runs import RunStore


def test_they_have_fifteen_megabytes_at_most_and_one_model() -> None:
    sizes = {path: path.stat().st_size for path in examples.EXAMPLES.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 15 * 10**6
    assert [path.name for path in sizes if "model" in path.name] == ["model.keras.gz"]


def test_they_name_no_folder_of_the_machine_that_made_them() -> None:
    for path in examples.EXAMPLES.rglob("*.json*"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'"/(?:home|root|tmp|Users|work|var|mnt)\b', text), path
        assert "hostname" not in text


def test_put_in_place_they_are_runs_like_any_other(home: Path) -> None:
    assert not examples.is_installed()
    examples.install()
    assert examples.is_installed()
    titles = {run.title(): run for run in RunStore().list()}
    pooled, good, bad = titles["Sample: pooled head"], titles["Puzzle: bottleneck"], titles["Puzzle: end to end"]
    assert [run.has_model() for run in (pooled, good, bad)] == [True, False, False]
    assert all(run.status().status == "finished" and run.epochs() and run.evaluation() for run in titles.values())
    assert pooled.data().root.startswith(str(home / "sample"))
    remembered = reference.read(pooled)
    assert remembered is not None
    assert remembered.ood_limit.images == 800
    (bisect,) = BisectStore().list()
    result = bisect.result()
    assert (result["verdict"], result["factors"], bisect.runs()[0].id) == ("single", ["data.shuffle"], good.id)
    assert {trial["run"] for trial in result["arms"]} <= {run.id for run in RunStore().list()}
    page = report_html(good, bad, compare(good, bad), result)
    assert "One setting makes the difference" in page
    assert str(home) not in page


def test_putting_them_in_place_twice_or_at_once_changes_nothing(home: Path) -> None:
    threads = [threading.Thread(target=examples.install) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = RunStore().list()[0]
    (run.path / "config.json").write_text("changed", encoding="utf-8")
    (home / "puzzle.json").write_text("{}", encoding="utf-8")
    examples.install()
    assert (run.path / "config.json").read_text(encoding="utf-8") == "changed"
    assert (home / "puzzle.json").read_text(encoding="utf-8") == "{}"
    assert not list(home.rglob("*.part"))


def test_a_home_that_cannot_be_written_is_one_sentence(home: Path) -> None:
    home.parent.mkdir(exist_ok=True, parents=True)
    home.write_text("a file", encoding="utf-8")
    with pytest.raises(UserError, match=r"the sample runs cannot be installed in .*; set PARITY_HOME to"):
        examples.install()
