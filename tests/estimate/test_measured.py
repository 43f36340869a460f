"""What was measured is kept, bounded, each machine's apart, and a damaged record is no record."""

import json

import pytest

from core import paths
from core.estimate import measured
from core.estimate.measured import FEATURES, HEAD, MOST_KEPT, Cost, costs, keep


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))


def test_a_new_measurement_moves_what_is_known_half_of_the_way() -> None:
    assert costs() == ()
    keep([Cost(FEATURES, 0.1, "VGG16", 224), Cost(HEAD, 0.001, size=2048)])
    keep([Cost(FEATURES, 0.3, "VGG16", 224), Cost(FEATURES, float("nan"), "VGG16", 64)])
    known = {(cost.kind, cost.network, cost.size): cost.seconds for cost in costs()}
    assert known == {(FEATURES, "VGG16", 224): pytest.approx(0.2), (HEAD, "", 2048): 0.001}


def test_costs_of_another_machine_are_kept_and_not_used(monkeypatch) -> None:
    keep([Cost(FEATURES, 0.1, "VGG16", 224)])
    monkeypatch.setattr(measured, "this_machine", lambda: "other/64")
    assert costs() == ()
    keep([Cost(FEATURES, 0.01, "VGG16", 224)])
    assert [cost.seconds for cost in costs()] == [0.01]
    monkeypatch.undo()


def test_the_oldest_go_first(monkeypatch) -> None:
    clock = iter(range(1, 1000))
    monkeypatch.setattr("time.time", lambda: float(next(clock)))
    keep([Cost(FEATURES, 0.1, "VGG16", 0)])
    keep([Cost(FEATURES, 0.1, "VGG16", size) for size in range(1, MOST_KEPT + 5)])
    assert len(costs()) == MOST_KEPT
    assert 0 not in {cost.size for cost in costs()}


@pytest.mark.parametrize(
    "content",
    ["", "{", '{"costs": 5}', '{"costs": [{"kind": "features", "seconds": -1}]}', '{"costs": [{"kind": 5}]}', "[]"],
)
def test_a_damaged_record_is_none_and_is_replaced(content: str) -> None:
    paths.home().mkdir(parents=True)
    (paths.home() / "costs.json").write_text(content, encoding="utf-8")
    assert costs() == ()
    keep([Cost(FEATURES, 0.1, "VGG16", 224)])
    assert [cost.network for cost in costs()] == ["VGG16"]
    assert list(json.loads((paths.home() / "costs.json").read_text(encoding="utf-8"))) == ["costs"]


def test_a_home_that_cannot_be_written_is_no_error(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("core.files.write_json", refuse)
    keep([Cost(FEATURES, 0.1, "VGG16", 224)])
    assert costs() == ()
