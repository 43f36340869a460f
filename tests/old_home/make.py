"""Made home.zip beside it with the code of 2026-11-28 (commit f7983d4): a home as people have them, and its dataset.

    python tests/old_home/make.py FOLDER

It is kept to say what the archive holds; made anew with later code it would no longer be an old home.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
# Stands in the archive for the folder that it is unpacked into.
MARK = "@OLD_HOME@"
TINY = ("--set", "data.image_size=32", "--set", "data.batch_size=8")


def draw(folder: Path) -> None:
    """24 training and 12 validation images of two classes, one of which has a space and an umlaut in its name."""
    random = np.random.default_rng(7)
    for part, number in (("train", 12), ("val", 6)):
        for name, level in (("dunkel", 90), ("hell ä", 140)):
            (folder / part / name).mkdir(parents=True)
            for index in range(number):
                pixels = np.clip(random.normal(level, 40, (40, 36, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{name[0]}{index:02d}.png")


def core(home: Path, *arguments: str) -> dict[str, Any]:
    """What one command of the program answers."""
    answer = subprocess.run(
        [sys.executable, "-m", "core", *arguments, "--json"],
        cwd=ROOT, env={**os.environ, "PARITY_HOME": str(home)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def is_under_way(home: Path) -> bool:
    """Whether the run to be stopped has finished an epoch or two."""
    runs = [path.parent for path in home.glob("runs/*/events.jsonl")]
    stopped: list[Path | None] = [run for run in runs if "Stopped" in (run / "config.json").read_text()]
    (run,) = stopped or [None]
    return run is not None and (run / "events.jsonl").read_text().count('"epoch"') > 3


def stopped_run(home: Path, data: Path) -> None:
    """A run that is stopped by Ctrl-C after its first epochs."""
    command = [sys.executable, "-m", "core", "train", str(data), *TINY, "--name", "Stopped"]
    command += ["--set", "training.epochs=400", "--set", "training.mode=end_to_end"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PARITY_HOME": str(home)})
    while not is_under_way(home):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.wait()


def make(folder: Path) -> None:
    """Trains, searches, notes, deletes and packs."""
    home, data = folder / "home", folder / "data"
    draw(data)
    first = core(home, "train", str(data), *TINY, "--set", "training.epochs=3", "--name", "Finished ü")["run"]
    other = core(home, "train", str(data), *TINY, "--set", "training.epochs=3", "--set", "data.shuffle=none")["run"]
    stopped_run(home, data)
    core(home, "bisect", first, other)
    core(home, "sweep", str(data), *TINY, "--set", "training.epochs=2", "--vary", "training.learning_rate=1e-3,1e-2")
    core(home, "find-rate", str(data), *TINY)
    core(home, "labels", str(data))
    core(home, "note", first, "--text", "First try, ä", "--tag", "keep")
    deleted = core(home, "train", str(data), *TINY, "--set", "training.epochs=1", "--name", "Deleted")["run"]
    core(home, "delete", deleted)
    core(home, "export", first, "--format", "zip", "--out", str(folder / "run.zip"))


def pack(folder: Path, target: Path) -> None:
    """All of it but what is computed anew; one model is enough, since each holds the same 14 MB of backbone."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            if "/cache/" in name or "/tensorboard/" in name or path.name in ("model.keras", "lock"):
                continue
            content = path.read_bytes()
            if path.suffix in (".json", ".jsonl", ".csv", ".log"):
                content = content.replace(str(folder).encode(), MARK.encode())
            archive.writestr(name, content)


if __name__ == "__main__":
    where = Path(sys.argv[1])
    shutil.rmtree(where, ignore_errors=True)
    make(where)
    pack(where, Path(__file__).with_name("home.zip"))
