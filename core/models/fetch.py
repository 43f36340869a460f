"""Fetches a backbone's weight file into the Keras cache, whole and checked, or says which file to put where."""

import hashlib
import urllib.error
import urllib.request
from pathlib import Path

from core import files
from core.errors import WeightsError
from core.models.catalogue import Backbone, keras_home
from core.progress import Progress

_CHUNK = 2**20
_TIMEOUT = 20.0
"""Seconds without a byte after which the network counts as gone."""


def require_reachable(backbone: Backbone) -> None:
    """Refuses, before a run is made, what would fail at its first step for want of a network.

    Raises:
        WeightsError: the file's address does not answer; says where to put which file.
    """
    request = urllib.request.Request(backbone.weights_url, method="HEAD")  # noqa: S310 (an https address of the catalogue)
    try:
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310
    except OSError as error:
        raise _missing(backbone) from error


def fetch(backbone: Backbone, progress: Progress | None = None) -> Path:
    """Downloads the weight file; it gets its name only when its hash is right.

    Args:
        backbone: Backbone. Has an address.
        progress: callable of (bytes so far, bytes in all). Defaults to none.

    Raises:
        WeightsError: no network, or what came is not the file.
    """
    target = keras_home() / "models" / backbone.weights_file
    kind = "md5" if len(backbone.weights_hash or "") == 32 else "sha256"
    seen = hashlib.new(kind, usedforsecurity=False)
    try:
        with (
            urllib.request.urlopen(backbone.weights_url, timeout=_TIMEOUT) as answer,  # noqa: S310
            files.replacing(target) as file,
        ):
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                seen.update(chunk)
                done += len(chunk)
                if progress:
                    progress(done, max(total, done))
            if done < total or seen.hexdigest() != (backbone.weights_hash or seen.hexdigest()):
                raise WeightsError(
                    f"{backbone.weights_url} did not send {backbone.weights_file} whole: {done} bytes came with {kind} "
                    f"{seen.hexdigest()}, expected {backbone.weights_hash}; nothing was kept, try again"
                )
    except OSError as error:
        raise _missing(backbone) from error
    return target


def _missing(backbone: Backbone) -> WeightsError:
    return WeightsError(
        f"the ImageNet weights of {backbone.title} are not on this machine and cannot be downloaded; "
        f"get {backbone.weights_url} and put {backbone.weights_file} into {keras_home() / 'models'}, or into a folder "
        "of your own that the environment variable PARITY_WEIGHTS names"
    )
