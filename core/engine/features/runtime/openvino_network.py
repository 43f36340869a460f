"""A converted network in OpenVINO: pixels to the last feature map, without TensorFlow in the process.

An image's numbers depend on nothing but the image: each goes through the network alone, on one thread. So they have
the same bits in every batch, at every place and with every number of threads, without anything being filled up; what
keeps the processors busy is that several images are under way at a time, one for each of them.
"""

import functools
import queue
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.environment import environment
from core.errors import RunError
from core.workers.process_info import usable_processors

FILE = "network.xml"
"""The network; its weights lie beside it, in a file that ends in `.bin`."""


def load_openvino() -> Any:
    """The package, without its converter: that takes a third of the time to load, and reports each use to its maker."""
    name = "openvino.tools.ovc"
    if "openvino" not in sys.modules and name not in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]  # "not there", which the package allows for
        try:
            import openvino
        finally:
            del sys.modules[name]
    import openvino

    return openvino


@functools.cache
def core() -> Any:
    """OpenVINO's core, one for the life of the process.

    Each core that loads the plugin for the CPU gives its thread a stack for signals, and puts the former one back when
    it goes. Of two that go in the order they came, the second puts back a stack that is freed, and the next signal
    (Ctrl-C, or a kill that the worker could have answered by saving its model) ends the process as a crash.
    """
    made = load_openvino().Core()
    _answer_once(made)
    return made


def _answer_once(made: Any) -> None:
    """Lets one thread alone do what the package does when an array first goes in and comes out.

    Two threads that do it at once may wait for each other for ever: one has the interpreter's lock and waits for a
    static of C++ that the other is making, and that one waits for the lock.
    """
    openvino = load_openvino()
    from openvino import opset13 as operations

    pixels = operations.parameter([1, 1, 1, 3], openvino.Type.u8)
    model = openvino.Model([operations.convert(pixels, "f32")], [pixels])
    found = made.compile_model(model, "CPU").create_infer_request().infer([np.zeros((1, 1, 1, 3), np.uint8)])
    np.array(found[0], np.float32)


class OpenVinoNetwork:
    """A network from a folder of the conversion cache, compiled for this processor.

    Args:
        folder: Path. As `convert` fills it.
        streams: int. Images under way at a time. Defaults to one for each processor, or one where memory is short.

    Raises:
        RunError: the files are damaged, or of another version.
    """

    def __init__(self, folder: Path, streams: int | None = None) -> None:
        streams = streams or (1 if environment().is_small else usable_processors())
        settings = {
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams,
            "INFERENCE_PRECISION_HINT": "f32",
            "ENABLE_CPU_PINNING": False,  # others work on this machine too
        }
        try:
            compiled = core().compile_model(str(folder / FILE), "CPU", settings)
        except (RuntimeError, OSError) as error:
            raise RunError(f"the converted network in {folder} cannot be loaded") from error
        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(streams):
            self._free.put(compiled.create_infer_request())
        self._pool = ThreadPoolExecutor(streams, thread_name_prefix="openvino")

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """From RGB pixels of shape `(n, size, size, 3)` to maps of shape `(n, height, width, channels)`."""
        return np.concatenate(list(self._pool.map(self._one, np.asarray(pixels))))

    def _one(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        request = self._free.get()
        try:
            found = request.infer([image[None]])
            return np.array(found[0], np.float32)  # a copy: the request's own memory is written to again
        finally:
            self._free.put(request)


def pooled(maps: NDArray[np.float32], pooling: str) -> NDArray[np.float32]:
    """Features of shape `(n, width)` of maps, by `model.pooling`; of an image the same bits in any batch."""
    if pooling == "flatten":
        return maps.reshape(len(maps), -1)
    found: NDArray[np.float32] = maps.mean(axis=(1, 2)) if pooling == "average" else maps.max(axis=(1, 2))
    return found
