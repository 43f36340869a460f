"""Fetches a backbone's weight file into the Keras cache, whole and checked, or says which file to put where."""

import urllib.request
from pathlib import Path

from core.data.download import Unreachable, download
from core.errors import DataError, WeightsError
from core.models.backbone import Backbone
from core.models.catalogue import keras_home
from core.progress import Progress


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
    """Downloads the weight file, by what also fetches datasets: resumed, retried, named only when its hash is right.

    Args:
        backbone: Backbone. Has an address.
        progress: callable of (bytes so far, bytes in all). Defaults to none.

    Raises:
        WeightsError: no network, no room, or what came is not the file.
    """
    target = keras_home() / "models" / backbone.weights_file
    try:
        return download(backbone.weights_url, target, backbone.weights_hash, progress)
    except Unreachable as error:
        raise _missing(backbone) from error
    except DataError as error:
        raise WeightsError(str(error)) from error


def _missing(backbone: Backbone) -> WeightsError:
    return WeightsError(
        f"the ImageNet weights of {backbone.title} are not on this machine and cannot be downloaded; "
        f"get {backbone.weights_url} and put {backbone.weights_file} into {keras_home() / 'models'}, or into a folder "
        "of your own that the environment variable PARITY_WEIGHTS names"
    )
