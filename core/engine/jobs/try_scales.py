"""Asks an imported model about labelled images with every scale of pixels, in a limited process.

    python -m core.engine.jobs.try_scales FILE IMAGES LOADER

IMAGES is a .npy file of bytes, `(n, side, side, 3)`. Prints one JSON object: by the name of a scale (a key of
`trial.PIXELS`) the probabilities of all classes for every image, or `error`.
"""

import json
import sys
from pathlib import Path

import numpy as np

from core.engine.jobs.try_model import Pixels, ask, limit, load, of_raw_pixels
from core.engine.jobs.unsuited import candidates, unsuited
from core.environment import quieten_tensorflow
from core.errors import ModelError


def answers(path: Path, images: Pixels, loader: str) -> dict[str, object]:
    """By the name of a scale what the model answers; `error` where it cannot be asked."""
    try:
        model, _ = load(path, loader)
    except ModelError as error:
        return {"error": str(error)}
    if why := unsuited(model, "0..255"):
        return {"error": why}
    size, gray = int(model.input_shape[1]), model.input_shape[3] == 1
    found: dict[str, object] = {}
    for name in candidates(gray=gray):
        rows = ask(of_raw_pixels(model, size, name, gray=gray), images)
        found[name] = (np.concatenate([1 - rows, rows], axis=1) if rows.shape[1] == 1 else rows).tolist()
    return found


def main() -> int:
    """Asks the model that the command line names."""
    path, images, loader = sys.argv[1:]
    limit()
    quieten_tensorflow(3, always=True)
    print(json.dumps(answers(Path(path), np.load(images, allow_pickle=False), loader)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
