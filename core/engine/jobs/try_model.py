"""Tries an imported model in a limited process: loads it, says its input size and number of outputs.

    python -m core.engine.jobs.try_model FILE

Prints one JSON object: `image_size`, `outputs` (numbers it gives for an image), `parameters`. The limits are set on
the process itself before TensorFlow is imported; whoever starts it limits the time.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

MEMORY, SECONDS, FILE, HANDLES = 8 * 2**30, 90, 2**20, 256
"""Address space (TensorFlow alone takes 3 GB of it), processor time, largest file written, open files."""


def limit() -> None:
    """Takes from this process what loading a model does not need; does nothing where the system cannot."""
    with contextlib.suppress(ImportError):
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, MEMORY),
            (resource.RLIMIT_CPU, SECONDS),
            (resource.RLIMIT_FSIZE, FILE),
            (resource.RLIMIT_NOFILE, HANDLES),
            (resource.RLIMIT_CORE, 0),
        ):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))


def describe(path: Path) -> dict[str, object]:
    """What the model takes and gives; `error` instead, in words, where it is no classifier of RGB images."""
    import keras
    import numpy as np

    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    shape, out = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    if not (isinstance(shape, tuple) and len(shape) == 4 and shape[3] == 3 and shape[1] and shape[1] == shape[2]):
        return {"error": f"it takes inputs of shape {shape}; a classifier of square RGB images is needed"}
    if not (isinstance(out, tuple) and len(out) == 2 and out[1]):
        return {"error": f"it gives outputs of shape {out}; one row of probabilities for each image is needed"}
    answer = np.asarray(model(np.zeros((1, shape[1], shape[1], 3), np.float32), training=False))
    if not np.isfinite(answer).all() or answer.min() < -1e-5 or answer.max() > 1 + 1e-5:
        return {"error": "it gives no probabilities (numbers from 0 to 1); end it with sigmoid or softmax"}
    return {"image_size": int(shape[1]), "outputs": int(out[1]), "parameters": int(model.count_params())}


def main() -> int:
    """Tries the model that the command line names."""
    limit()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    print(json.dumps(describe(Path(sys.argv[1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
