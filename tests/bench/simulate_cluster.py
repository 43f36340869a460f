"""Where the extraction of a large dataset stops gaining from more machines: a simulation, from 1 node to 1,000.

    python -m tests.bench.simulate_cluster

No cluster is used. What a node does is as in core/engine/cluster/shards.py: the coordinator hands out one shard after
the other; the node reads its images while it computes, and writes the features; all nodes share one storage; at the
end the coordinator reads every shard and writes the one file that trainings read. The coordinator's costs and the
speed of a node with one processor were measured by `python -m tests.bench cluster`; the rest is assumed.
"""

import heapq
from dataclasses import dataclass, replace

NODES = (1, 10, 30, 100, 300, 1000)


@dataclass(frozen=True)
class Costs:
    """What is assumed of one extraction.

    Attributes:
        images: Of the dataset.
        shard: Images in a shard.
        hand_out: Seconds of the coordinator for handing out a shard and taking it in.
        record: Seconds of the coordinator for each image's record in the order of a shard.
        start: Seconds until a node's process is ready for its first shard.
        speed: Images a second that one node computes.
        image_bytes: Length of an image's file.
        feature_bytes: Of one image's features: EfficientNet-Lite0's 1,280 in float32.
        bandwidth: Bytes a second of the shared storage, for all nodes together.
    """

    images: int = 100_000_000
    shard: int = 1024
    hand_out: float = 0.0024
    record: float = 2e-6
    start: float = 6.0
    speed: float = 116.0
    image_bytes: int = 100_000
    feature_bytes: int = 1280 * 4
    bandwidth: float = 1e9


@dataclass(frozen=True)
class Outcome:
    """Hours of computing and of putting together, and the shares of the first in which one thing was at work."""

    hours: float
    merge_hours: float
    coordinator: float
    storage: float
    nodes: float

    @property
    def limit(self) -> str:
        """What more nodes would not help."""
        busiest = max(("coordinator", "storage", "nodes"), key=lambda name: float(getattr(self, name)))
        return "" if busiest == "nodes" else busiest


class Server:
    """Something that does one thing after the other, in the order of asking."""

    def __init__(self) -> None:
        self.free = self.busy = 0.0

    def serve(self, at: float, seconds: float) -> float:
        """When a job that is asked for at a time, not earlier than the one before, is done."""
        self.free = max(self.free, at) + seconds
        self.busy += seconds
        return self.free


def simulate(nodes: int, costs: Costs) -> Outcome:
    """Plays an extraction through, event by event."""
    left = -(-costs.images // costs.shard)
    shards, compute, order = left, costs.shard / costs.speed, costs.hand_out + costs.shard * costs.record
    read, write = (costs.shard * size / costs.bandwidth for size in (costs.image_bytes, costs.feature_bytes))
    coordinator, storage, end = Server(), Server(), 0.0
    events = [(costs.start, "free", node) for node in range(nodes)]
    while events:
        at, what, node = heapq.heappop(events)
        if what == "free" and left:
            left -= 1
            heapq.heappush(events, (coordinator.serve(at, order), "begin", node))
        elif what == "begin":
            heapq.heappush(events, (max(at + compute, storage.serve(at, read)), "write", node))
        elif what == "write":
            end = storage.serve(at, write)
            heapq.heappush(events, (end, "free", node))
    merge = 2 * costs.images * costs.feature_bytes / costs.bandwidth
    busy = (coordinator.busy / end, storage.busy / end, shards * compute / nodes / end)
    return Outcome(end / 3600, merge / 3600, *busy)


def tables(base: Costs) -> str:
    """What a simulation with each set of costs gives, from these on."""
    quick = replace(base, speed=2000.0)
    wide = replace(quick, bandwidth=2e10)
    packed = replace(wide, image_bytes=10_000)
    sets = {
        "116 images/s a node, storage 1 GB/s": base,
        "2,000 images/s a node, storage 1 GB/s": quick,
        "2,000 images/s a node, storage 20 GB/s": wide,
        "the same, images of 10 kB instead of 100": packed,
        "the same, shards of 16,384 instead of 1,024": replace(packed, shard=16_384),
        "the same, an order names rows of a list on the storage": replace(packed, shard=16_384, record=0.0),
    }
    lines = [f"{base.images:,} images"]
    for name, costs in sets.items():
        lines += ["", name, f"{'nodes':>6} {'hours':>8} {'merge':>6}   busy: nodes  storage  coordinator"]
        for nodes in NODES:
            found = simulate(nodes, costs)
            busy = f"{found.nodes:>13.0%} {found.storage:>8.0%} {found.coordinator:>12.0%}"
            lines.append(f"{nodes:>6} {found.hours:>8.2f} {found.merge_hours:>6.2f} {busy}  {found.limit}".rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    print(tables(Costs()))
