"""A file in the form of a .keras file, without a model in it."""

import io
import zipfile


def keras_file(weights: bytes = b"model") -> bytes:
    """Configuration, metadata, and `weights`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", weights)
    return out.getvalue()


def weights_of(content: bytes) -> bytes:
    """The weights in such a file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read("model.weights.h5")
