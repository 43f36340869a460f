"""Catalogue of backbones: looks networks and their weights up. Light: a page may import it without TensorFlow."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from core.environment import environment
from core.errors import ConfigError
from core.models.backbone import Backbone, plain
from core.models.networks import ROWS

BUILT_IN = Path(__file__).parent / "weights"

PIXEL_SETTINGS = {"backbone": "", "rescale": "rescale", "none": "raw"}
"""Values of the setting `data.preprocessing`; empty for the backbone's own way."""

BACKBONES: dict[str, Backbone] = {row.name: row for row in ROWS}

_BY_PLAIN_NAME = {plain(row.name): row for row in ROWS}


def pixel_kind(backbone: Backbone, preprocessing: str) -> str:
    """How pixels are scaled, as a key of `core.data.preprocessing.PREPROCESSING`.

    Args:
        backbone: A row of `BACKBONES`.
        preprocessing: A key of `PIXEL_SETTINGS`, the value of the setting `data.preprocessing`.
    """
    return PIXEL_SETTINGS[preprocessing] or backbone.preprocessing


def find(name: str) -> Backbone:
    """Look a backbone up by its name.

    Args:
        name: A key of `BACKBONES`; case, `-` and `_` do not matter, so `"vgg16"` and `"EfficientNet-Lite0"` do.

    Returns:
        The row.

    Raises:
        ConfigError: If there is no such backbone; the message offers the nearest name and lists all.
    """
    rows, wanted = _BY_PLAIN_NAME, plain(name)
    if wanted in rows:
        return rows[wanted]
    near = difflib.get_close_matches(wanted, rows)
    near.sort(key=lambda name: sorted(name) != sorted(wanted))  # of equals, the one with two letters swapped
    hint = f"did you mean {rows[near[0]].name}? " if near else ""
    raise ConfigError(f'model.backbone: there is no backbone "{name}"; {hint}Known are: {", ".join(BACKBONES)}')


def require_size(backbone: Backbone, image_size: int) -> None:
    """Raise `ConfigError` if images of that side in pixels are too small for a backbone."""
    if image_size < backbone.min_size:
        raise ConfigError(
            f"data.image_size is {image_size}, but {backbone.title} needs at least {backbone.min_size} pixels"
        )


def find_weights(backbone: Backbone) -> Path | None:
    """Look for the ImageNet weights on this machine, without opening or downloading anything.

    Args:
        backbone: A row of `BACKBONES`.

    Returns:
        The file: the one that comes with this program, else the one in the Keras cache, else the one in the folder
        that the environment variable `PARITY_WEIGHTS` names; `None` if it is in none of them.
    """
    return _found(backbone, _weights_folders())


def networks_here() -> list[str]:
    """Names of the backbones whose weights are on this machine; where to look is asked once for all of them."""
    folders = _weights_folders()
    return [name for name, row in BACKBONES.items() if _found(row, folders) is not None]


def weights_word(backbone: Backbone) -> str:
    """Whether the weights are on this machine, or how much is to be downloaded, in words."""
    size = f"{backbone.weights_bytes / 1e6:.3g} MB"
    return f"weights here, {size}" if find_weights(backbone) is not None else f"download {size}"


def weights_paths(backbone: Backbone) -> list[Path]:
    """List where the weight file may lie, in the order in which it is looked for."""
    return _paths(backbone, _weights_folders())


def keras_home() -> Path:
    """Give the folder in which Keras keeps its files: `KERAS_HOME`, else `~/.keras`."""
    return environment().keras_home.expanduser()


def _weights_folders() -> list[Path]:
    """Folders for the weights that do not come with this program, in the order in which they are looked into."""
    said = environment()
    return [said.keras_home.expanduser() / "models", *([said.weights] if said.weights else [])]


def _paths(backbone: Backbone, folders: Sequence[Path]) -> list[Path]:
    if backbone.built_in:
        return [BUILT_IN / backbone.weights_file]
    return [folder / backbone.weights_file for folder in folders]


def _found(backbone: Backbone, folders: Sequence[Path]) -> Path | None:
    return next((path for path in _paths(backbone, folders) if path.is_file()), None)
