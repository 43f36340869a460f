"""Settings of the section `training`: how the weights are found."""

from dataclasses import dataclass

from core.errors import ConfigError
from core.sections.runtimes import RUNTIMES, TENSORFLOW
from core.setting import check_section, setting_field


@dataclass(frozen=True)
class TrainConfig:
    """How the weights are found."""

    mode: str = setting_field(
        "bottleneck",
        "Training mode",
        "bottleneck: the head is trained on saved features of the frozen backbone. end_to_end: images go through "
        "the backbone in every step; it stays frozen unless a block is named to unfreeze from. fine_tune: the head "
        "first, then the upper blocks of the backbone at a low rate.",
        choices=("bottleneck", "end_to_end", "fine_tune"),
    )
    epochs: int = setting_field(
        50, "Epochs", "Passes over the training images (fine-tune: of the head alone).", low=1, high=1000
    )
    optimizer: str = setting_field(
        "adam", "Optimizer", "How gradients become steps.", choices=("adam", "adamw", "sgd", "rmsprop")
    )
    learning_rate: float = setting_field(1e-3, "Learning rate", "Length of a step.", low=1e-7, high=10)
    momentum: float = setting_field(
        0.0, "Momentum", "Part of the step before that goes on into this one; sgd and rmsprop only.", low=0, high=0.999
    )
    nesterov: bool = setting_field(
        False, "Nesterov momentum", "Takes the gradient where the momentum leads to; sgd with a momentum only."
    )
    weight_decay: float = setting_field(
        0.0,
        "Weight decay",
        "Part of every weight that is taken off in each step, times the learning rate (decoupled, as in AdamW). 0: the "
        "optimizer's own: 0.004 for adamw, none for the others.",
        low=0,
        high=1,
    )
    label_smoothing: float = setting_field(
        0.0,
        "Label smoothing",
        "Share of a label that is spread evenly over all classes in the training loss, and in the validation loss "
        "where that is the objective.",
        low=0,
        high=0.5,
    )
    val_loss: str = setting_field(
        "objective",
        "Validation loss",
        "What the validation loss of an epoch is, by which early stopping and the plateau go. objective: as Keras' "
        "val_loss, what training makes smaller, with smoothed labels and L2 penalties and without class weights. "
        "log_loss: of the labels themselves, from probabilities kept 1e-7 from 0 and 1, as in runs of versions before "
        "there was this setting. The log loss of an evaluation is always the latter.",
        choices=("objective", "log_loss"),
    )
    schedule: str = setting_field(
        "none",
        "Learning-rate schedule",
        "How the rate falls from step to step, as Keras' CosineDecay and ExponentialDecay have it; each stage of "
        "fine-tuning begins its own anew. none: it stays, or is reduced on a plateau.",
        choices=("none", "cosine", "exponential"),
    )
    schedule_epochs: int = setting_field(
        0,
        "Epochs of the schedule",
        "Epochs over which the rate falls to the part of it named below. 0: all that are planned. After them the "
        "cosine stays there and the exponential falls on.",
        low=0,
        high=1000,
    )
    schedule_end: float = setting_field(
        0.01,
        "End of the schedule",
        "Part of the learning rate that is left after the epochs of the schedule (alpha of CosineDecay, decay_rate of "
        "ExponentialDecay).",
        low=0,
        high=1,
    )
    unfreeze_from: str = setting_field(
        "",
        "Unfreeze from",
        "First block of the backbone that is trained too; `all` for the whole backbone; empty for none (fine-tune "
        "then takes the last block, or as many as it has stages). Batch normalisation stays in inference mode.",
    )
    finetune_stages: int = setting_field(
        1,
        "Fine-tune stages",
        "In how many stages the upper blocks become trainable (gradual unfreezing); fine-tune only. 1: all at once. "
        "More: first the head with the uppermost block, then one block more in each stage, and in the last one all "
        "that remain down to the block named to unfreeze from; where none is named, there are as many blocks as "
        "stages.",
        low=1,
        high=10,
    )
    finetune_epochs: int = setting_field(
        5,
        "Fine-tune epochs",
        "Epochs after unfreezing, of each stage where there are several; fine-tune only. Early stopping ends a stage, "
        "and the next one begins with its best weights.",
        low=1,
        high=1000,
    )
    finetune_learning_rate: float = setting_field(
        1e-5,
        "Fine-tune learning rate",
        "Learning rate after unfreezing, at the beginning of each stage; fine-tune only.",
        low=1e-7,
        high=10,
    )
    finetune_optimizer: str = setting_field(
        "same",
        "Fine-tune optimizer",
        "How gradients become steps after unfreezing; fine-tune only. same: as before.",
        choices=("same", "adam", "adamw", "sgd", "rmsprop"),
    )
    finetune_momentum: float = setting_field(
        -1.0,
        "Fine-tune momentum",
        "Momentum after unfreezing; sgd and rmsprop only, and fine-tune only. Below 0: as before.",
        low=-1,
        high=0.999,
    )
    block_rate_factor: float = setting_field(
        1.0,
        "Rate factor per block",
        "A block's learning rate as a part of that of the block above it (discriminative learning rates); fine-tune "
        "only. The head and the uppermost block have the fine-tune learning rate. 1: the same rate for all. ULMFiT "
        "takes 0.38 (1 / 2.6).",
        low=0.01,
        high=1,
    )
    class_weight: str = setting_field(
        "none",
        "Class weights",
        "balanced: the loss of a rare class counts more, in inverse proportion to its share.",
        choices=("none", "balanced"),
    )
    early_stopping: int = setting_field(
        5,
        "Early stopping",
        "Stops after this many epochs without a lower validation loss and keeps the best epoch's weights. 0: never; "
        "the last epoch's weights are kept.",
        low=0,
        high=1000,
    )
    reduce_on_plateau: int = setting_field(
        0,
        "Reduce on plateau",
        "Halves the learning rate after this many epochs without a lower validation loss, and again after as many "
        "more (never below 1e-7). 0: the rate stays. Choose fewer epochs than for early stopping, which ends it first "
        "otherwise.",
        low=0,
        high=1000,
    )
    literal: bool = setting_field(
        False,
        "Literal execution",
        "A full pass (end_to_end) with a frozen backbone gives the same numbers from cached features, much faster, and "
        "is run that way. On: push every image through the backbone in every step all the same.",
    )
    precision: str = setting_field(
        "float32",
        "Precision",
        "Arithmetic of the backbone. bfloat16 is less exact, and about twice as fast for networks such as VGG16 where "
        "the processor has instructions for it (the findings before the start say whether).",
        choices=("float32", "bfloat16"),
    )
    runtime: str = setting_field(
        TENSORFLOW,
        "Runtime of the features",
        "What computes the features of a frozen backbone. openvino: about twice as fast for EfficientNet and "
        "MobileNet, 1.2 times for VGG16, and features differ from TensorFlow's by a millionth; it has to be installed "
        "(requirements-openvino.txt). The head, and a backbone that is trained, are TensorFlow's in any case.",
        choices=RUNTIMES,
    )
    feature_precision: str = setting_field(
        "float32",
        "Precision of cached features",
        "How features are kept on disk. float16 takes half the room and changes results by about 0.003; literal "
        "execution knows nothing of it.",
        choices=("float32", "float16"),
    )
    seed: int = setting_field(
        1, "Training seed", "Decides the head's first weights, dropout and the order of the samples.", low=0,
        high=2**31 - 1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_section(self, "training")
        if self.mode == "bottleneck" and self.unfreeze_from:
            raise ConfigError(
                f'training.unfreeze_from is "{self.unfreeze_from}", but in bottleneck mode the backbone never trains; '
                "leave it empty, or set training.mode to end_to_end or fine_tune"
            )

    @property
    def is_frozen(self) -> bool:
        """Whether the backbone never trains, so that features computed once serve every epoch."""
        return self.mode == "bottleneck" or (self.mode == "end_to_end" and not self.unfreeze_from)

    @property
    def takes_features(self) -> bool:
        """Whether a head is trained on cached features, so that something other than TensorFlow may compute them."""
        return self.mode == "fine_tune" or (self.is_frozen and not self.literal)

    @property
    def finetuning_optimizer(self) -> str:
        """The optimizer after unfreezing."""
        return self.optimizer if self.finetune_optimizer == "same" else self.finetune_optimizer

    @property
    def finetuning_momentum(self) -> float:
        """The momentum after unfreezing."""
        return self.momentum if self.finetune_momentum < 0 else self.finetune_momentum

    @property
    def finetuning_epochs(self) -> int:
        """Most epochs of all stages of fine-tuning together; 0 where there is none."""
        return self.finetune_stages * self.finetune_epochs if self.mode == "fine_tune" else 0

    @property
    def most_epochs(self) -> int:
        """Epochs of the whole run, unless early stopping ends a part of it."""
        return self.epochs + self.finetuning_epochs
