"""The simulation of large extractions, held against what can be computed by hand."""

from dataclasses import replace

import pytest

from tests.bench.simulate_cluster import Costs, Server, simulate, tables

FREE = Costs(images=1024 * 600, hand_out=0.0, record=0.0, start=0.0, image_bytes=0, feature_bytes=0)


def test_where_only_computing_costs_the_hours_are_images_over_speed() -> None:
    for nodes in (1, 2, 30, 600):
        found = simulate(nodes, FREE)
        assert found.hours == pytest.approx(FREE.images / FREE.speed / nodes / 3600)
        assert found.nodes == pytest.approx(1.0)
        assert found.limit == ""


def test_more_nodes_than_shards_are_of_no_use() -> None:
    assert simulate(1000, FREE).hours == simulate(600, FREE).hours


def test_a_coordinator_that_needs_as_long_as_a_node_is_the_limit() -> None:
    costs = replace(FREE, hand_out=FREE.shard / FREE.speed)
    found = simulate(100, costs)
    assert found.limit == "coordinator"
    assert found.hours == pytest.approx(601 * costs.hand_out / 3600)  # the last shard is computed after it


def test_a_storage_that_is_read_longer_than_computed_is_the_limit() -> None:
    costs = replace(FREE, image_bytes=10_000_000, bandwidth=1e8)
    found = simulate(10, costs)
    assert found.limit == "storage"
    assert found.hours == pytest.approx(costs.images * costs.image_bytes / costs.bandwidth / 3600)


def test_merging_reads_and_writes_every_byte_once() -> None:
    costs = replace(FREE, feature_bytes=5120, bandwidth=1e9)
    assert simulate(5, costs).merge_hours == pytest.approx(2 * costs.images * 5120 / 1e9 / 3600)


def test_a_server_does_one_thing_after_the_other() -> None:
    server = Server()
    assert [server.serve(at, 2.0) for at in (0.0, 1.0, 10.0)] == [2.0, 4.0, 12.0]
    assert server.busy == 6.0


def test_the_tables_have_a_line_for_each_number_of_nodes() -> None:
    lines = tables(replace(Costs(), images=2_000_000)).splitlines()
    assert (Costs().images, lines[0]) == (100_000_000, "2,000,000 images")
    assert sum(line.split()[:1] == ["1000"] for line in lines) == 6
