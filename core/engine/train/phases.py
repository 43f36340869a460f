"""The phases a training is made of: which network `fit` trains, on what, for how many epochs.

Bottleneck and frozen end-to-end training are the same phase, on cached features: same numbers, a fraction of the
work. Literal and unfrozen end-to-end training, and those with mixup, go through the images. Fine-tuning is the first,
then, once for each stage in which blocks of the backbone become trainable, the second, or the blocks that learn on kept
activations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras

from core.data.dataset_index import ImageFile
from core.data.order import Indices, balanced_batches, batches_per_epoch, epoch_batches
from core.data.pipeline import Batches, EpochStream, FeatureBatches, ImageBatches, Mixup
from core.engine.train.context import TrainingContext
from core.engine.train.frozen_activations import FrozenActivations, keeps_activations
from core.engine.train.observe import Observed
from core.engine.train.traced import TracedModel, TracedSequential
from core.insight.answer import Probabilities
from core.models import catalogue
from core.models.block_rates import rate_factors, with_rate_factors
from core.models.build import FrozenBase, backbone_layers, train_model
from core.models.frozen_part import LearningPart
from core.models.loss_plan import plan_loss
from core.models.mixed_labels import ForMixedLabels
from core.models.optimizer_plan import OptimizerPlan, plan_optimizer
from core.models.unfreezing import HEAD, Stage, stages


@dataclass(frozen=True)
class Phase:
    """One stretch of epochs with one compiled network.

    Attributes:
        name: str. `training`, or that of a stage of fine-tuning; see core/models/unfreezing.py.
        epochs: int. Most epochs it lasts.
        model: keras.Model. Compiled; what `fit` trains.
        learned: keras.Model. Its variables are what training changes: the head, or base and head.
        data: callable. Epoch (from 0, over the whole run) to its batches.
        observe: callable. Files to what is said of them in inference mode, and what the layers did.
        stream: EpochStream. What feeds the batches to `fit`.
        stage: Stage or None. Of fine-tuning.
    """

    name: str
    epochs: int
    model: keras.Model
    learned: keras.Model
    data: Callable[[int], Batches]
    observe: Callable[[Sequence[ImageFile]], Observed]
    stream: EpochStream = field(default_factory=EpochStream)
    stage: Stage | None = None

    def predict(self, files: Sequence[ImageFile]) -> Probabilities:
        """Probabilities of shape `(n, classes)`, in inference mode."""
        return self.observe(files).probabilities

    def variables(self) -> list[Any]:
        """Everything an unbroken run would carry into the next epoch: weights, dropout's seed state, optimizer."""
        return [*self.learned.variables, *self.model.optimizer.variables]


@dataclass(frozen=True)
class Planned:
    """A phase before its turn comes.

    Attributes:
        name: str. See `Phase`.
        epochs: int. Most epochs it lasts.
        make: callable. Makes the phase: it compiles what the phases before it have trained.
    """

    name: str
    epochs: int
    make: Callable[[], Phase]


def plan(context: TrainingContext) -> list[Planned]:
    """The phases of a run, in their order."""
    training = context.config.training
    first = Planned(HEAD, training.epochs, partial(on_features if training.takes_features else on_images, context))
    later = (
        Planned(stage.phase, training.finetune_epochs, partial(on_images, context, stage))
        for stage in stages(context.config)
    )
    return [first, *later]


def on_features(context: TrainingContext) -> Phase:
    """The head alone, on cached features. Those of the validation images come first: every epoch ends with them."""
    context.observe_frozen(context.dataset.split.val, _VALIDATION)
    labels = context.dataset.labels(context.dataset.split.train)
    targets, weights = context.targets(labels), context.sample_weights(labels)
    images, epochs = context.train_images(), context.config.training.epochs
    model = TracedSequential([keras.Input(context.head.input_shape[1:]), context.head], name="head_on_features")
    compile_model(context, model)

    def data(epoch: int) -> FeatureBatches:
        later = [draw for draw in context.missing_draws(epochs) if draw > context.draw(epoch)]
        features = context.features(
            images, context.draw(epoch), _wording(context, epoch), later=len(later) * len(images)
        )
        return FeatureBatches(features, targets, order(context, epoch), weights)

    return Phase(
        HEAD, epochs, model, context.head, data,
        lambda files: context.observe_frozen(files, _VALIDATION),
    )  # fmt: skip


def on_images(context: TrainingContext, stage: Stage | None = None) -> Phase:
    """The whole network, images in; the base frozen, or trained from the block of the stage or the settings on."""
    training = context.config.training
    network = train_model(context.base, context.head)
    model = TracedModel(network.inputs, network.outputs, name=network.name)
    block = stage.block if stage else training.unfreeze_from
    keeps = stage is not None and keeps_activations(context)
    if block:
        names = [layer.name for layer in backbone_layers(context.base)]
        first = catalogue.find(context.config.model.backbone).first_trainable(names, block)
        frozen_base(model).unfreeze(first, cut=keeps)
    activations = FrozenActivations.of(context) if keeps else None
    if stage and activations and activations.compute():
        return _on_activations(context, stage, activations)
    compile_model(context, model, stage)
    labels = context.dataset.labels(context.dataset.split.train)
    targets, weights, images = context.targets(labels), context.sample_weights(labels), context.train_images()

    def data(epoch: int) -> ImageBatches:
        return ImageBatches(images, targets, order(context, epoch), context.draw(epoch), weights, mixup(context, epoch))

    return Phase(
        stage.phase if stage else HEAD,
        training.finetune_epochs if stage else training.epochs,
        model,
        model if block else context.head,
        data,
        activations.observe if activations else context.observe_images,
        stage=stage,
    )


def _on_activations(context: TrainingContext, stage: Stage, activations: FrozenActivations) -> Phase:
    """A stage of fine-tuning without its frozen blocks: what they make of the images was computed once."""
    inputs = keras.Input((activations.width,), dtype="float32", name="activations")
    outputs = context.head(LearningPart(context.base, activations.parts, dtype="float32", name="learning")(inputs))
    model = TracedModel(inputs, outputs, name="parity_train")
    compile_model(context, model, stage)
    labels = context.dataset.labels(context.dataset.split.train)
    targets, weights = context.targets(labels), context.sample_weights(labels)

    def data(epoch: int) -> FeatureBatches:
        return FeatureBatches(activations.train, targets, order(context, epoch), weights)

    return Phase(
        stage.phase, context.config.training.finetune_epochs, model, model, data, activations.observe, stage=stage
    )


def order(context: TrainingContext, epoch: int) -> list[Indices]:
    """The batches of an epoch (from 0) under the run's settings."""
    data, seed, files = context.config.data, context.config.training.seed, context.dataset.split.train
    batches = epoch_batches(
        len(files), data.batch_size, data.shuffle, seed=seed, epoch=epoch, drop_remainder=data.drop_remainder
    )
    if data.sampling == "balanced":
        return balanced_batches(batches, context.dataset.labels(files), seed=seed, epoch=epoch)
    return batches


def mixup(context: TrainingContext, epoch: int) -> Mixup | None:
    """How the images of an epoch (from 0) are mixed; None where they are not."""
    alpha = context.config.training.mixup
    return Mixup(alpha, context.config.data.seed, epoch) if alpha else None


def compile_model(context: TrainingContext, model: keras.Model, stage: Stage | None = None) -> None:
    """Compiles with a fresh optimizer; without XLA, which would draw other dropout masks than the plain graph."""
    classes, planned = len(context.dataset.classes), optimizer_plan(context, stage)
    binary, loss = classes == 2, plan_loss(context.config.training, classes)
    measured = [
        keras.metrics.BinaryAccuracy(name="accuracy") if binary else keras.metrics.CategoricalAccuracy("accuracy"),
        # With the number of labels it has its variables at once: else they come with the first step, which TensorFlow
        # then traces twice.
        keras.metrics.AUC(name="auc", multi_label=not binary, num_labels=None if binary else classes),
    ]
    if context.config.training.mixup:
        measured = [ForMixedLabels(metric) for metric in measured]
    model.compile(
        optimizer=optimizer_class(context, model, stage)(learning_rate=_rate(planned), **planned.options),
        loss=getattr(keras.losses, loss.name)(**loss.options),
        metrics=measured,
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)


def optimizer_class(context: TrainingContext, model: keras.Model, stage: Stage | None) -> Any:
    """The optimizer of the settings as Keras has it; where the blocks of a stage have rates of their own, with them."""
    training, row = context.config.training, catalogue.find(context.config.model.backbone)
    plain = getattr(keras.optimizers, optimizer_plan(context, stage).name)
    if stage is None or training.block_rate_factor == 1:
        return plain
    starts = row.block_starts([layer.name for layer in backbone_layers(context.base)])[1:]
    factors = rate_factors(model.trainable_variables, context.base.layers, starts, training.block_rate_factor)
    return with_rate_factors(plain, factors)


def optimizer_plan(context: TrainingContext, stage: Stage | None = None) -> OptimizerPlan:
    """The optimizer of the head's phase, or of a stage of fine-tuning."""
    data, count = context.config.data, len(context.dataset.split.train)
    batches = batches_per_epoch(count, data.batch_size, data.drop_remainder)
    return plan_optimizer(context.config.training, batches, finetuning=stage is not None)


def _rate(planned: OptimizerPlan) -> Any:
    if not planned.schedule:
        return planned.rate
    return getattr(keras.optimizers.schedules, planned.schedule)(planned.rate, planned.steps, planned.end)


def frozen_base(model: keras.Model) -> FrozenBase:
    """The wrapped base inside a network made by `train_model`."""
    return next(layer for layer in model.layers if isinstance(layer, FrozenBase))


_VALIDATION = "Computing the features of the held-out images, once."


def _wording(context: TrainingContext, epoch: int) -> str:
    data = context.config.data
    if data.augmentation == "none" or data.augmentation_draws == 1:
        return "Computing the features of the training images, once."
    return f"Computing the features of augmented draw {context.draw(epoch) + 1} of the training images."
