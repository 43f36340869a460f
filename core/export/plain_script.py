"""A run repeated in plain Keras, from its images to its history: what `--format script` writes its scripts from.

The text of these files (`plain_*.py` and what they use of the program) goes into the script; they are never imported.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import keras

from core.export.plain_head import build_head
from core.export.plain_settings import (
    BASE,
    DATA,
    IMAGE_SIZE,
    ON_FEATURES,
    ON_IMAGES,
    RECORDED,
    STAGED,
    TRAIN,
    UNFREEZE_FROM,
    UNFREEZES,
    VAL,
)
from core.export.plain_training import train_on_features, train_on_images, unfreeze


def main() -> None:
    """Check the images, train, save the model and the history, and compare with the run."""
    check_images()
    base = keras.saving.load_model(BASE)  # raw pixels in, features out; preprocessing is inside
    base.trainable = False
    head = build_head(base.output_shape[-1])
    history: list[dict[str, Any]] = []
    if ON_FEATURES:
        train_on_features(base, head, history)
    if ON_IMAGES:
        if STAGED:
            # One block more in each stage; the optimizer starts again.
            for first in UNFREEZE_FROM:
                unfreeze(base, first)
                train_on_images(base, head, history)
        else:
            if UNFREEZES:
                unfreeze(base, UNFREEZE_FROM)
            train_on_images(base, head, history)
    inputs = keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3), name="image")
    here = Path(__file__)
    keras.Model(inputs, head(base(inputs))).save(here.with_name(f"{here.stem}_model.keras"))
    here.with_name(f"{here.stem}_history.json").write_text(json.dumps(history, indent=1), encoding="utf-8")
    compare(history)


def check_images() -> None:
    """End with a sentence unless the images are those that the run was trained on, byte for byte."""
    for path, _, content in (*TRAIN, *VAL):
        file = DATA / path
        if not file.is_file():
            sys.exit(f"{file} is not there; say where the images are: python {sys.argv[0]} FOLDER")
        if not hashlib.sha256(file.read_bytes()).hexdigest().startswith(content):
            sys.exit(f"{file} is not the image that the run was trained on: its content has changed")


def compare(history: list[dict[str, Any]]) -> None:
    """Say how far this history is from the run's."""
    pairs = [
        (mine[name] or 0.0, run[name] or 0.0)
        for mine, run in zip(history, RECORDED, strict=False)
        for name in run
    ]  # fmt: skip
    gap = max(abs(mine - run) for mine, run in pairs)
    print(f"{len(history)} epochs, the run had {len(RECORDED)}; largest difference of any figure: {gap:.3g}")
