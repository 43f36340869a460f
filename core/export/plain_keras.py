"""The training of a run in plain Keras: the text from which `--format script` writes its scripts. Never imported.

The constants in capitals are those of a run like the question's; a script gets those of its own run, and of the rest
only what it needs: `if` on a flag is decided when the script is written.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from core.data.augment import draw_parameters, warp
from core.data.augment_steps import apply_steps
from core.data.deep import Window
from core.data.dicom import dicom_image
from core.data.dicom_header import is_dicom
from core.data.heic import allow_heic
from core.data.image_modes import TRANSPOSE, scale_down, to_rgb
from core.data.mixing import mixed_batch, mixture
from core.data.order import balanced_batches, epoch_batches
from core.data.png_chunks import LenientStream
from core.data.rendering import to_square
from core.export.plain_fit import fit, labels_of
from core.models.block_rates import rate_factors, with_rate_factors
from core.models.frozen_part import features_of
from core.models.mixed_labels import ForMixedLabels
from core.models.outputs import answer_of
from core.models.whole_batches import filled_up, in_whole_batches

# Flags: decided when a script is written.
AUGMENTED = STEPPED = WEIGHTED = SAMPLED = MIXED = BINARY = HALVED = ON_FEATURES = ON_IMAGES = True
UNFREEZES = STAGED = BY_BLOCK = CUT = FITS = TURNED = HEIC = DICOM = True

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
MIXUP = 0.2
FINETUNE_EPOCHS, FINETUNE_OPTIMIZER, FINETUNE_LEARNING_RATE = 5, keras.optimizers.Adam, 1e-5
FINETUNE_OPTIONS: dict[str, Any] = {}
UNFREEZE_FROM: Any = "block5_conv1"
BLOCK_RATE_FACTOR, BLOCK_STARTS = 0.38, ("block5_conv1",)
TRAIN: Sequence[tuple[str, int, str]] = ()
VAL: Sequence[tuple[str, int, str]] = ()
RECORDED: Sequence[dict[str, Any]] = ()

Array = NDArray[Any]


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


def load(path: Path) -> NDArray[np.uint8]:
    """Decode an image, turn it upright, make it RGB and a square: uint8 (IMAGE_SIZE, IMAGE_SIZE, 3)."""
    PngImagePlugin.PngStream = LenientStream  # type: ignore[misc]  # a large colour profile is no damage
    if DICOM:
        with path.open("rb") as file:
            if is_dicom(file.read(200)):
                return np.array(to_square(dicom_image(file, WINDOW).convert("RGB"), IMAGE_SIZE, FIT), dtype=np.uint8)
    if HEIC:
        allow_heic()
    with Image.open(path) as image:
        try:
            orientation = image.getexif().get(0x0112, 1)
        except (OSError, ValueError, SyntaxError, TypeError, LookupError):  # unreadable EXIF
            orientation = 1
        scale_down(image, IMAGE_SIZE, None)
        image.load()
        upright = to_rgb(image, WINDOW)
    if TURNED:
        orientation = 1 if image.format in ("TIFF", "HEIF") else orientation  # these are turned as they are loaded
    if orientation in TRANSPOSE:
        upright = upright.transpose(TRANSPOSE[orientation])
    if FITS:
        return np.array(to_square(upright, IMAGE_SIZE, FIT), dtype=np.uint8)
    if upright.size != (IMAGE_SIZE, IMAGE_SIZE):
        upright = upright.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BILINEAR)
    return np.array(upright, dtype=np.uint8)


def draw_of_epoch(epoch: int) -> int:
    """Which random version of the images an epoch (from 0) sees."""
    if AUGMENTED:
        return epoch % AUGMENTATION_DRAWS if AUGMENTATION_DRAWS else epoch
    return 0


def training_images(batch: Sequence[int], draw: int) -> NDArray[np.uint8]:
    """Training images by their positions in TRAIN, in random version `draw`: uint8 (n, size, size, 3)."""

    def one(position: int) -> NDArray[np.uint8]:
        path, _, content = TRAIN[position]
        pixels = load(DATA / path)
        if AUGMENTED:
            # A pure function of seed, draw and the file's content: no hidden state, whatever the order.
            if STEPPED:
                pixels = apply_steps(pixels, AUGMENTATION_STEPS, DATA_SEED, draw, content)
            else:
                pixels = warp(pixels, draw_parameters(AUGMENTATION, DATA_SEED, draw, content))
        return pixels

    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(one, batch)))


def validation_images(start: int) -> NDArray[np.uint8]:
    """The 16 validation images from `start` on, never augmented."""
    return np.stack([load(DATA / path) for path, _, _ in VAL[start : start + 16]])


def build_head(features: int) -> keras.Model:
    """Build the classifier on the features; each layer has a seed of its own, so nothing else can disturb it."""
    return keras.Sequential([keras.Input((features,), name="features"), *HEAD], name="head")


def compile_model(model: keras.Model, learning_rate: Any, optimizer: Any, options: dict[str, Any]) -> None:
    """Compile without XLA, which would draw other dropout masks."""
    if BINARY:
        measured: list[Any] = [keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.AUC(name="auc")]
    else:
        measured = [keras.metrics.CategoricalAccuracy("accuracy"), keras.metrics.AUC(name="auc", multi_label=True)]
    if MIXED:
        measured = [ForMixedLabels(metric) for metric in measured]
    model.compile(optimizer(learning_rate=learning_rate, **options), loss=LOSS, metrics=measured, jit_compile=False)


def targets() -> NDArray[np.float32]:
    """What the training images should give."""
    labels = labels_of(TRAIN)
    if BINARY:
        return labels.astype(np.float32)[:, None]
    return np.eye(len(CLASSES), dtype=np.float32)[labels]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """One epoch: batch `k` is a pure function of `k`."""

    def __init__(self, inputs: Callable[[Any], Array], epoch: int) -> None:
        super().__init__()
        self.inputs, self.targets = inputs, targets()
        self.batches = epoch_batches(
            len(TRAIN), BATCH_SIZE, SHUFFLE, seed=TRAINING_SEED, epoch=epoch, drop_remainder=DROP_REMAINDER
        )
        if SAMPLED:
            self.batches = balanced_batches(self.batches, labels_of(TRAIN), seed=TRAINING_SEED, epoch=epoch)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, k: int) -> tuple[Array, ...]:
        batch = self.batches[k]
        if WEIGHTED:
            labels = labels_of(TRAIN)
            counts = np.bincount(labels)  # a rare class counts more, in inverse proportion to its share
            weights = (len(labels) / (len(counts) * counts[labels])).astype(np.float32)
            return self.inputs(batch), self.targets[batch], weights[batch]
        return self.inputs(batch), self.targets[batch]


class MixedBatches(Batches):
    """The same of images that are mixed in pairs, with their labels."""

    def __init__(self, inputs: Callable[[Any], Array], epoch: int) -> None:
        super().__init__(inputs, epoch)
        self.epoch = epoch

    def __getitem__(self, k: int) -> tuple[Array, ...]:
        count = len(self.batches[k])
        partners, shares = mixture(count, MIXUP, seed=DATA_SEED, epoch=self.epoch, batch=k)
        return mixed_batch(super().__getitem__(k), partners, shares)


def graph(function: Callable[[Any], Any], shape: tuple[int, ...], dtype: Any) -> Any:
    """A function as one TensorFlow graph, without XLA, which rounds differently."""
    return tf.function(function, input_signature=[tf.TensorSpec((None, *shape), dtype)], jit_compile=False)


def joined(answers: Sequence[tuple[Any, Any]]) -> tuple[Array, Array]:
    """Batches of outputs and logits as one probability a class, and the logits."""
    outputs, logits = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    if BINARY:
        return np.concatenate([1 - outputs, outputs], axis=1), logits
    return outputs, logits


def kept(chunks: Sequence[Array]) -> Array:
    """Features as the run kept them."""
    features = np.concatenate(chunks)
    if HALVED:
        return features.astype(np.float16).astype(np.float32)
    return features


def train_on_features(base: keras.Model, head: keras.Model, history: list[dict[str, Any]]) -> None:
    """Train the head alone: a frozen base gives the same features for the same pixels every time, so they are computed
    once for each random version of the images, and not in every step."""
    size = (IMAGE_SIZE, IMAGE_SIZE, 3)
    forward = graph(
        lambda pixels: filled_up(lambda whole: base(tf.cast(whole, tf.float32), training=False), pixels), size, tf.uint8
    )
    validation = kept([forward(validation_images(k)) for k in range(0, len(VAL), 16)])
    answer = graph(lambda features: answer_of(head, features), head.input_shape[1:], tf.float32)

    @lru_cache(maxsize=max(1, AUGMENTATION_DRAWS))
    def features(draw: int) -> Array:
        chunks = [range(k, min(k + 16, len(TRAIN))) for k in range(0, len(TRAIN), 16)]
        return kept([forward(training_images(chunk, draw)) for chunk in chunks])

    model = keras.Sequential([keras.Input(head.input_shape[1:]), head])
    compile_model(model, LEARNING_RATE, OPTIMIZER, OPTIONS)
    fit(
        model,
        head,
        lambda epoch: Batches(lambda batch: features(draw_of_epoch(epoch))[batch], epoch),
        lambda: joined([answer(validation[k : k + 1024]) for k in range(0, len(VAL), 1024)]),
        EPOCHS,
        history,
    )


class FrozenBase(keras.layers.Layer):  # type: ignore[misc]
    """Run the base in inference mode whatever `fit` says.

    `trainable = False` stops batch normalisation from using the batch, but not dropout; a call from inside a layer
    with `training=False` is the way that holds.
    """

    def __init__(self, base: keras.Model) -> None:
        super().__init__(dtype="float32", name="frozen_base")
        self.base = base
        if CUT:
            self.features = features_of(base)

    def call(self, images: Any) -> Any:
        """Give the features of a batch of images; those of a frozen base are the same in any batch."""
        if self.base.trainable:
            if CUT:
                return self.features(images)  # what is frozen of it gives the same in any batch
            return self.base(images, training=False)
        output = self.base.output
        given = in_whole_batches(lambda part: self.base(part, training=False), images, output.shape[-1], output.dtype)
        return keras.ops.stop_gradient(given)  # nothing before it learns: no gradient of the loop need be built or run


def unfreeze(base: keras.Model, first: str) -> None:
    """Let the base's layers from `first` on be trained; batch normalisation stays in inference mode."""
    base.trainable, started = True, False
    for layer in base.layers:
        started = started or layer.name == first
        layer.trainable = started and layer.name != "features"


def train_on_images(base: keras.Model, head: keras.Model, history: list[dict[str, Any]]) -> None:
    """Train the whole network, images in."""
    size = (IMAGE_SIZE, IMAGE_SIZE, 3)
    inputs = keras.Input(size, name="image")
    model = keras.Model(inputs, head(FrozenBase(base)(inputs)))
    learned = head
    if UNFREEZES:
        learned = model
    if ON_FEATURES:
        if BY_BLOCK:
            factors = rate_factors(model.trainable_variables, base.layers, BLOCK_STARTS, BLOCK_RATE_FACTOR)
            by_block = with_rate_factors(FINETUNE_OPTIMIZER, factors)
            compile_model(model, FINETUNE_LEARNING_RATE, by_block, FINETUNE_OPTIONS)
        else:
            compile_model(model, FINETUNE_LEARNING_RATE, FINETUNE_OPTIMIZER, FINETUNE_OPTIONS)
        epochs = FINETUNE_EPOCHS
    else:
        compile_model(model, LEARNING_RATE, OPTIMIZER, OPTIONS)
        epochs = EPOCHS
    if CUT:
        features = features_of(base)
        answer = graph(lambda pixels: answer_of(head, features(tf.cast(pixels, tf.float32))), size, tf.uint8)
    else:
        answer = graph(
            lambda pixels: answer_of(head, base(tf.cast(pixels, tf.float32), training=False)), size, tf.uint8
        )
    kind: type[Batches] = Batches
    if MIXED:
        kind = MixedBatches
    fit(
        model,
        learned,
        lambda epoch: kind(lambda batch: training_images(batch, draw_of_epoch(epoch)), epoch),
        lambda: joined([answer(validation_images(k)) for k in range(0, len(VAL), 16)]),
        epochs,
        history,
    )
