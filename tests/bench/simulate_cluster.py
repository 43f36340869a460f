"""Where a large extraction stops scaling: a simulation with synthetic costs, from 1 node to 1,000.

    python tests/bench/simulate_cluster.py COORDINATOR_MS

COORDINATOR_MS is what one shard costs the coordinator, as bench_cluster.py measures it. No cluster is used. Each node
takes a shard, computes it and writes it to shared storage; one coordinator hands shards out and takes them in, one
after the other; the storage has one bandwidth for all; at the end the coordinator merges all shards, reading and
writing every byte once. All other costs are assumed, and printed with the result.
"""

import heapq
import sys
from dataclasses import dataclass, replace

PICTURES = 100_000_000
BYTES_EACH = 1280 * 4
"""EfficientNet-Lite0's pooled features in float32."""


@dataclass(frozen=True)
class Costs:
    """What is assumed of one extraction."""

    coordinator_seconds: float
    """For handing out one shard and taking it in."""
    shard: int = 1024
    pictures_per_second: float = 200.0
    """Of one node."""
    storage_bytes_per_second: float = 1e9
    """Of the shared storage, for all nodes together."""


def simulate(nodes: int, costs: Costs, pictures: int = PICTURES) -> tuple[float, float, float, float]:
    """Hours of computing and of merging, and the shares of the first in which coordinator and storage are busy."""
    shards = -(-pictures // costs.shard)
    compute = costs.shard / costs.pictures_per_second
    write = costs.shard * BYTES_EACH / costs.storage_bytes_per_second
    free = [(0.0, node) for node in range(nodes)]
    coordinator = storage = end = 0.0
    for _ in range(shards):
        at, node = heapq.heappop(free)
        coordinator = max(coordinator, at) + costs.coordinator_seconds
        storage = max(storage, coordinator + compute) + write
        end = max(end, storage)
        heapq.heappush(free, (storage, node))
    merge = 2 * pictures * BYTES_EACH / costs.storage_bytes_per_second
    return end / 3600, merge / 3600, shards * costs.coordinator_seconds / end, shards * write / end


def main() -> None:
    """Prints one table for each set of costs."""
    handing = float(sys.argv[1]) / 1000
    base = Costs(coordinator_seconds=handing)
    quick = replace(base, pictures_per_second=2000.0)
    print(f"{PICTURES:,} pictures, coordinator {1000 * handing:g} ms for a shard of {base.shard}")
    for name, costs in {
        "200 pictures/s a node, storage 1 GB/s": base,
        "2,000 pictures/s a node, storage 1 GB/s": quick,
        "2,000 pictures/s a node, storage 10 GB/s": replace(quick, storage_bytes_per_second=1e10),
    }.items():
        print(f"\n{name}\n{'nodes':>6} {'hours':>9} {'merge h':>8} {'coordinator busy':>17} {'storage busy':>13}")
        for nodes in (1, 10, 100, 300, 1000):
            hours, merge, coordinator, storage = simulate(nodes, costs)
            print(f"{nodes:>6} {hours:>9.2f} {merge:>8.2f} {coordinator:>17.1%} {storage:>13.1%}")


if __name__ == "__main__":
    main()
