"""Writes core/script/layer_names.json.gz: builds every network without weights, which takes some minutes.

python -m tests.script.make_layer_names
"""

import gzip
import json
from pathlib import Path

import keras

from core.models.catalogue import BACKBONES

FILE = Path(__file__).parents[2] / "core" / "script" / "layer_names.json.gz"


def _named(layer: keras.Layer) -> str:
    """The layer's name, with a mark behind it as `core/script/layers.py` reads it."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return f"{layer.name}~"
    return f"{layer.name}*" if layer.weights else str(layer.name)


def main() -> None:
    """Writes the file, the same bytes for the same networks."""
    rows = {}
    for row in BACKBONES.values():
        if row.keras_name:
            keras.backend.clear_session()  # names are numbered from the first layer of a session on
            built = getattr(keras.applications, row.keras_name)(include_top=False, weights=None)
            rows[row.name] = [_named(layer) for layer in built.layers]
    text = json.dumps(rows, separators=(",", ":"))
    FILE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
