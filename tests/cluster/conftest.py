"""A real Ray cluster of several nodes on this machine, small enough to run beside everything else."""

import os
import socket
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import loaded_process
from tests.cluster.loaded_jobs import LoadedJobs

SMALL = {"object_store_memory": 80 * 2**20}
"""The least that Ray takes; nothing of ours goes through the object store."""


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[Any]:
    """A head node without a place for work and two nodes of one processor each; `add()` brings another. It ends with
    the tests that need it: a cluster takes a tenth of a processor while it has nothing to do."""
    pytest.importorskip("ray", reason="Ray is not installed (requirements-cluster.txt)")
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray
        from ray.cluster_utils import Cluster

        # A lost node is noticed after seconds, not after half a minute.
        quick = {
            "health_check_initial_delay_ms": 1000,
            "health_check_period_ms": 500,
            "health_check_failure_threshold": 4,
        }
        # The usual ports may be another cluster's; without its agent the head takes no jobs.
        with socket.socket() as one, socket.socket() as other:
            one.bind(("", 0))
            other.bind(("", 0))
            ports = {"dashboard_port": one.getsockname()[1], "dashboard_agent_listen_port": other.getsockname()[1]}
        head = {"num_cpus": 0, "include_dashboard": True, "_system_config": quick, **ports, **SMALL}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        nodes = [cluster.add_node(num_cpus=1, **SMALL) for _ in range(2)]
        cluster.wait_for_nodes()
    yield SimpleNamespace(address=cluster.address, nodes=nodes, remove=cluster.remove_node, add=cluster.add_node)
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def on_cluster(ray_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The environment of a program that uses the cluster; the returned function loses one of its machines."""
    monkeypatch.setenv("PARITY_EXECUTOR", "ray")
    monkeypatch.setenv("RAY_ADDRESS", ray_cluster.address)
    missing = 2 - len(ray_cluster.nodes)
    ray_cluster.nodes += [ray_cluster.add(num_cpus=1, **SMALL) for _ in range(missing)]

    def lose(which: int = 0) -> None:
        ray_cluster.remove(ray_cluster.nodes.pop(which), allow_graceful=False)

    return lose


@pytest.fixture
def loaded_jobs(on_cluster: Any, thin: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Many short trainings on the cluster: their workers come with TensorFlow loaded, where that is possible."""
    if not loaded_process.possible():
        yield
        return
    jobs = LoadedJobs(tmp_path)
    monkeypatch.setenv("PARITY_RAY_PYTHON", str(jobs.program))
    yield
    assert jobs.served, "no job of the cluster has come this way"
    jobs.close()
