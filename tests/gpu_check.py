"""What has only been measured on CPUs, measured on a GPU: run by hand, under eight minutes on one GPU.

    python -m tests.gpu_check [--json FILE]

Prints a line a step: what was done, the figure, what is allowed, and met, not met, or skipped with the reason. Every
step is a process of its own, so that none finds memory, graphs or devices of another. Where there is no GPU the steps
that a CPU can take are small ones, and the rest is skipped.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 480.0
"""All steps together; what would begin later, or lasts longer, is skipped."""

TRAIN, VAL = 48, 40  # drawn images of each class
NO_GPU = "TensorFlow sees no GPU here"
NETWORKS = ("EfficientNetLite0", "VGG16")

Facts = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Line:
    """One step's outcome.

    Attributes:
        done: str. What was done.
        value: float or None. The figure; None where the step was skipped or failed.
        unit: str. What the figure is in.
        allowed: str. `<= 0.001`, `>= 1`.
        note: str. How it came about, or why it was skipped.
        state: str. `met`, `not met` or `skipped`.
    """

    done: str
    value: float | None
    unit: str
    allowed: str
    note: str
    state: str

    def __str__(self) -> str:
        figure = (
            "" if self.value is None else f"{self.value:.3g} {self.unit}, allowed {self.allowed}, ".replace(" ,", ",")
        )
        return f"{self.done}: {figure}{self.state}{': ' if self.value is None else '; '}{self.note}"


def main(arguments: list[str] | None = None) -> int:
    """Runs all steps; returns 1 where one is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu_check", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the lines go as JSON as well")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        draw_images(Path(folder) / "images")
        lines = []
        for line in check(Steps(Path(folder))):
            print(line, flush=True)
            lines.append(line)
    if options.json:
        record = [dataclasses.asdict(line) for line in lines]
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return int(any(line.state == "not met" for line in lines))


def check(steps: Callable[..., Facts]) -> Iterator[Line]:
    """The lines, one after the other.

    Args:
        steps: callable of a step's name and whether it may see the GPU, to what it found; `{"failed": why}`, or
            `{"skipped": why}` where the time is up.
    """
    found = steps("equivalence", gpu=True)
    gpu = bool(found.get("gpu"))
    where = f"on {found['gpu']}" if gpu else "on the CPU"
    yield _line(f"the same frozen training from cached features and from images, {where}: largest difference of what "
                "is learned, of the largest", found, "difference", "<= 0.001" if gpu else "<= 0")  # fmt: skip
    found = steps("precision", gpu=True)
    yield _line(f"the same training in bfloat16 and in float32, {where}: difference of accuracy, beyond its own 95 % "
                "interval", found, "beyond", "<= 0")  # fmt: skip
    found = steps("devices", gpu=True)
    what = "one GPU as two logical devices" if gpu else "the CPU as two logical devices"
    yield _line(f"a batch shared by {what}: largest difference of a batch's loss from that of one device, of the loss",
                found, "difference", "<= 0.01" if gpu else "<= 0.001")  # fmt: skip
    if not gpu:
        yield from _small_lines(steps("small_rates", gpu=False))
    here = steps("rates", gpu=True) if gpu else {"skipped": NO_GPU}
    there = steps("rates", gpu=False) if gpu else {"skipped": NO_GPU}
    for network in NETWORKS:
        yield from _rate_lines(network, here, there)


def _small_lines(found: Facts) -> Iterator[Line]:
    """Whether the step of the rates runs at all; nothing is asked of how fast a CPU is."""
    for network in NETWORKS:
        of_one = found.get(network, found)
        rates = [of_one[key] for key in ("extraction", "fine_tuning")] if network in found else []
        facts = {"slowest": min(rates), "note": f"features {rates[0]:.0f}/s"} if rates else of_one
        yield _line(f"{network}, fine-tuning of small images on the CPU, to see that it runs", facts, "slowest", ">= 0",
                    "images/s")  # fmt: skip


def _rate_lines(network: str, here: Facts, there: Facts) -> Iterator[Line]:
    """Rates as ratios to the CPU of the same machine, and the most memory; nobody has asked for more than 1 yet."""
    for key, what in (("extraction", "features from files"), ("fine_tuning", "steps of fine-tuning")):
        found = next((facts for facts in (here, there) if network not in facts), None)
        if found is None:
            one, other = here[network][key], there[network][key]
            found = {"ratio": one / other, "note": f"{one:.0f} against {other:.0f} images/s"}
        yield _line(f"{network}, {what}, GPU against CPU", found, "ratio", ">= 1", "x")
    found = here.get(network, here)
    yield _line(f"{network}, most memory of the GPU in fine-tuning a batch of 32", found, "peak_mb", "<= 4096", "MB")


def _line(done: str, found: Facts, key: str, allowed: str, unit: str = "") -> Line:
    if key not in found:
        state = "skipped" if "skipped" in found else "not met"
        return Line(done, None, unit, allowed, str(found.get(state, found.get("failed", "nothing was found"))), state)
    sign, limit = allowed.split()
    value = float(found[key])
    met = value >= float(limit) if sign == ">=" else value <= float(limit)
    return Line(done, value, unit, allowed, str(found.get("note", "")), "met" if met else "not met")


class Steps:
    """Runs steps as processes of their own, as long as there is time.

    Args:
        folder: Path. Has the images; the runs go below it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._end = folder, time.monotonic() + SECONDS

    def __call__(self, name: str, *, gpu: bool) -> Facts:
        """What the step found."""
        left = self._end - time.monotonic()
        late = {"skipped": f"the {SECONDS:.0f} s for all steps were over"}
        if left < 1:
            return late
        home = self._folder / f"{name}-{gpu}"
        env = {**os.environ, "PARITY_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "2"}
        if not gpu:
            env["CUDA_VISIBLE_DEVICES"] = "-1"
        command = [sys.executable, "-c", f"from tests import gpu_steps; gpu_steps.step({name!r})", str(self._folder)]
        try:
            done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=left, check=False)
        except subprocess.TimeoutExpired:
            return late
        if done.returncode:
            return {"failed": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:300]}
        facts: Facts = json.loads(done.stdout.splitlines()[-1])
        return facts


def draw_images(folder: Path) -> None:
    """Chest phantoms of the built-in sample, a few of them."""
    import numpy as np
    from PIL import Image

    from core.data.phantom import draw_phantom

    for part, count in (("train", TRAIN), ("val", VAL)):
        for k, label in enumerate(("a", "b")):
            (folder / part / label).mkdir(parents=True)
            for number in range(count):
                rng = np.random.default_rng([7, len(part), k, number])
                Image.fromarray(draw_phantom(rng, bool(k))).save(folder / part / label / f"{number:03}.jpg")


if __name__ == "__main__":
    sys.exit(main())
