"""Runtimes that compute features of a frozen backbone: their names, which are installed here, how to install one."""

import importlib.metadata
import importlib.util
from functools import cache

TENSORFLOW, OPENVINO = "tensorflow", "openvino"
RUNTIMES = (TENSORFLOW, OPENVINO)

TITLES = {TENSORFLOW: "TensorFlow", OPENVINO: "OpenVINO"}

INSTALL = "pip install -r requirements-openvino.txt"


@cache
def has_openvino() -> bool:
    """Whether OpenVINO is installed; it is not loaded."""
    return importlib.util.find_spec("openvino") is not None


@cache
def openvino_version() -> str:
    """The version of OpenVINO that is installed; empty without one."""
    try:
        return importlib.metadata.version("openvino")
    except importlib.metadata.PackageNotFoundError:
        return ""


def fastest_runtime() -> str:
    """The runtime that the preset `fast` takes: OpenVINO where it is installed."""
    return OPENVINO if has_openvino() else TENSORFLOW
