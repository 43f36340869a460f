"""Why a setting can make a difference, in one sentence each: what it changes in a training."""

from collections import Counter
from collections.abc import Iterable

from core.bisect.ends import DATASET, End, images_of

REASONS: dict[str, str] = {
    DATASET: "Different images, labels or order change what is learned and what is evaluated.",
    "data.image_size": "Smaller images lose detail, and a backbone works best near the size it was trained at.",
    "data.fit": "Stretching distorts shapes, cropping removes the borders, bars leave fewer pixels for the image.",
    "data.window": "Values outside the window become indistinguishable; a wide one leaves few grey levels for what "
    "matters.",
    "data.window_low": "Values below it are all black.",
    "data.window_high": "Values above it are all white.",
    "data.batch_size": "Smaller batches mean more steps per epoch, each with a noisier gradient.",
    "data.shuffle": "With batches of one class, the head follows one class after the other; the last batches dominate.",
    "data.sampling": "With all classes equally frequent in training, rare ones are predicted more often.",
    "data.augmentation": "Augmented images are harder to memorise, but augmentation that is too strong hides what "
    "matters.",
    "data.augmentation_draws": "A single version of each image can be memorised; new ones in every epoch hardly.",
    "data.preprocessing": "A backbone expects one scaling of the pixels; with another, its features mean little.",
    "data.drop_remainder": "The images of an incomplete last batch are not used in that epoch.",
    "data.validation_split": "More held-out images leave fewer for training and change the evaluation.",
    "data.group_pattern": "With images of one patient in both splits, validation is too optimistic.",
    "data.positive_class": "It decides which class's probability is the output, and so the initial weights of the "
    "head.",
    "data.seed": "It decides which images are held out and how they are augmented.",
    "model.backbone": "Another network computes different features of the same image.",
    "model.weights": "Without ImageNet weights, the features of a frozen backbone are random.",
    "model.pooling": "Pooling discards positions; keeping all positions makes a large head that overfits easily.",
    "model.dense_units": "A hidden layer can learn nonlinear boundaries, but needs more epochs and data.",
    "model.dropout": "It reduces overfitting of the head, and slows its training.",
    "model.head": "A list is one factor: its layers decide what can be learned from the features, and how much is "
    "memorised.",
    "training.mode": "It decides whether the backbone is trained at all.",
    "training.epochs": "Too few epochs leave the head undertrained; too many let it overfit.",
    "training.optimizer": "The same gradient becomes a different step, so the same learning rate has a different "
    "effect.",
    "training.learning_rate": "Steps that are too small do not converge in the given epochs; steps that are too "
    "large overshoot.",
    "training.momentum": "Consistent steps accelerate, and overshoot sooner.",
    "training.nesterov": "It damps a momentum that overshoots.",
    "training.weight_decay": "Weight decay reduces overfitting; a large value also hinders learning.",
    "training.label_smoothing": "Softened labels keep predictions from becoming overconfident.",
    "training.focal_gamma": "With a focal loss, training is dominated by the images that are not classified well yet.",
    "training.focal_alpha": "It decides how much each of two classes counts in the loss.",
    "training.mixup": "Trained on mixed images and labels, a network gives less confident predictions.",
    "training.val_loss": "It decides which epoch counts as the best, and so when training stops and which weights "
    "are kept.",
    "training.schedule": "A falling learning rate settles closer to the minimum; one that falls too soon does not "
    "reach it.",
    "training.schedule_epochs": "It decides how soon the learning rate has fallen.",
    "training.schedule_end": "It decides how far the learning rate falls.",
    "training.finetune_optimizer": "The same gradient of the backbone becomes a different step.",
    "training.finetune_momentum": "Consistent steps of the backbone accelerate, and overshoot sooner.",
    "training.unfreeze_from": "A trained backbone can fit the data better, and can lose its pretrained features.",
    "training.finetune_stages": "It decides in which order the blocks are unfrozen.",
    "training.finetune_epochs": "It decides how long the unfrozen blocks are trained.",
    "training.finetune_learning_rate": "Too high a rate destroys pretrained features; too low a rate changes nothing.",
    "training.block_rate_factor": "Smaller steps in earlier blocks preserve more of their ImageNet features.",
    "training.class_weight": "Rare classes with a higher weight are found more often, at the cost of the frequent "
    "ones.",
    "training.early_stopping": "It decides which epoch's weights are kept.",
    "training.reduce_on_plateau": "Smaller steps late in training settle closer to the minimum.",
    "training.literal": "Cached features in float16 are rounded; literal execution does not round.",
    "training.precision": "bfloat16 rounds every feature to three digits.",
    "training.runtime": "Another library rounds features differently, by about a millionth of the largest.",
    "training.feature_precision": "float16 rounds the cached features.",
    "training.seed": "It decides the initial weights, the dropout and the order: the random variation between runs.",
}
"""Key to a sentence."""


def reasons_between(keys: Iterable[str], a: End, b: End) -> dict[str, str]:
    """The sentence of each setting that differs between two ends; of two datasets, what differs in them."""
    return {key: _of_dataset(a, b) if key == DATASET else REASONS[key] for key in keys if key in REASONS}


def _of_dataset(a: End, b: End) -> str:
    """Old records do not say what is in a file: of those nothing more is known than that the two differ."""
    one, two = images_of(a), images_of(b)
    known = all(content for _, _, content in (*one, *two))
    if not known or Counter(map(_unlabelled, one)) != Counter(map(_unlabelled, two)):
        return REASONS[DATASET]
    moved = Counter(one) - Counter(two)
    if not moved:
        return "The same images and labels in another order: that changes the batches, and so what is learned."
    parts = Counter(part for part, _, _ in moved.elements())
    where = " and ".join(f"{count} {_PARTS[part]}" for part, count in sorted(parts.items()))
    return f"The same images, but {where} in another class: that changes what is learned or what counts as right."


_PARTS = {"train": "for training", "val": "for validation"}


def _unlabelled(image: tuple[str, str, str]) -> tuple[str, str]:
    part, _, content = image
    return part, content
