"""Flags and settings of the plain Keras of exported scripts; see core/export/plain_script.py.

The constants in capitals are those of a run like the question's; a script gets those of its own run, and of the rest
only what it needs: `if` on a flag is decided when the script is written.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

from core.data.deep import Window

# Flags: decided when a script is written.
AUGMENTED = STEPPED = WEIGHTED = SAMPLED = MIXED = BINARY = HALVED = ON_FEATURES = ON_IMAGES = True
UNFREEZES = STAGED = BY_BLOCK = CUT = FITS = TURNED = HEIC = DICOM = True
JUDGES = STOPS = REDUCES = OBJECTIVE = FOCAL = True

# Settings: a script has those of its run.
DATA = Path("pictures")
BASE = Path("base.keras")
CLASSES = ("NORMAL", "PNEUMONIA")
IMAGE_SIZE, FIT, BATCH_SIZE, SHUFFLE, DROP_REMAINDER = 150, "stretch", 20, "none", False
WINDOW: Window = "full"
AUGMENTATION, AUGMENTATION_DRAWS, DATA_SEED = "question", 0, 1
AUGMENTATION_STEPS: Sequence[tuple[str, float, float, tuple[str, ...]]] = ()
EPOCHS, TRAINING_SEED = 10, 1
HEAD = [keras.layers.Dropout(0.7, seed=1), keras.layers.Dense(1, "sigmoid")]
OPTIMIZER, LEARNING_RATE, LOSS = keras.optimizers.Adam, 7e-4, keras.losses.BinaryCrossentropy()
OPTIONS: dict[str, Any] = {}
LABEL_SMOOTHING, FOCAL_GAMMA, FOCAL_ALPHA = 0.0, 2.0, 0.0
EARLY_STOPPING, REDUCE_ON_PLATEAU = 5, 2
MIXUP = 0.2
FINETUNE_EPOCHS, FINETUNE_OPTIMIZER, FINETUNE_LEARNING_RATE = 5, keras.optimizers.Adam, 1e-5
FINETUNE_OPTIONS: dict[str, Any] = {}
UNFREEZE_FROM: Any = "block5_conv1"
BLOCK_RATE_FACTOR, BLOCK_STARTS = 0.38, ("block5_conv1",)
TRAIN: Sequence[tuple[str, int, str]] = ()
VAL: Sequence[tuple[str, int, str]] = ()
RECORDED: Sequence[dict[str, Any]] = ()

Array = NDArray[Any]
