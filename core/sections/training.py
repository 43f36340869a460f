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
        "bottleneck: frozen backbone; the head is trained on cached features. end_to_end: full forward pass in each "
        "step; the backbone stays frozen unless “Unfreeze from” is set. fine_tune: first the head, then the last "
        "blocks of the backbone at a low learning rate.",
        choices=("bottleneck", "end_to_end", "fine_tune"),
    )
    epochs: int = setting_field(
        50, "Epochs", "Passes over the training images (fine-tune: of the head alone).", low=1, high=1000
    )
    optimizer: str = setting_field(
        "adam",
        "Optimizer",
        "Optimizer of the head, and of the backbone if it is trained.",
        choices=("adam", "adamw", "sgd", "rmsprop"),
    )
    learning_rate: float = setting_field(1e-3, "Learning rate", "Step size of the optimizer.", low=1e-7, high=10)
    momentum: float = setting_field(
        0.0,
        "Momentum",
        "Fraction of the previous step added to the current one; sgd and rmsprop only.",
        low=0,
        high=0.999,
    )
    nesterov: bool = setting_field(False, "Nesterov momentum", "Nesterov accelerated gradient; sgd with momentum only.")
    weight_decay: float = setting_field(
        0.0,
        "Weight decay",
        "Decoupled weight decay, multiplied by the learning rate (as in AdamW). 0: the optimizer's default (0.004 "
        "for adamw, none for the others).",
        low=0,
        high=1,
    )
    label_smoothing: float = setting_field(
        0.0,
        "Label smoothing",
        "Fraction of each label spread evenly over all classes in the training loss, and in the validation loss if "
        "that is the objective.",
        low=0,
        high=0.5,
    )
    focal_gamma: float = setting_field(
        0.0,
        "Focal loss: gamma",
        "Exponent gamma of the focal loss (Keras' BinaryFocalCrossentropy, CategoricalFocalCrossentropy): the "
        "cross-entropy of an image is multiplied by (1 - p) ** gamma, where p is the probability of its class, so "
        "that images that are classified well count less. 0: plain cross-entropy. For repeating scripts; no gain "
        "was measured (docs/defaults.md).",
        low=0,
        high=10,
    )
    focal_alpha: float = setting_field(
        0.0,
        "Focal loss: alpha",
        "Class weight alpha of the focal loss. Two classes: weight of the positive class; the other class has 1 - "
        "alpha. More classes: factor of the whole loss. 0: no weight.",
        low=0,
        high=1,
    )
    mixup: float = setting_field(
        0.0,
        "Mixup: alpha",
        "Mixes each training image with another one of its batch, pixel by pixel, and their labels likewise; the "
        "share of the image is drawn from Beta(alpha, alpha), in every epoch anew (docs/settings.md). Full passes and "
        "fine-tuning only, there after the epochs of the head. A frozen backbone then gets the images in each step, "
        "which is much slower than cached features. 0: off. No gain was shown on two small sets (docs/defaults.md).",
        low=0,
        high=10,
    )
    val_loss: str = setting_field(
        "objective",
        "Validation loss",
        "Validation loss used by early stopping and “Reduce LR on plateau”. objective: as Keras' val_loss, with "
        "label smoothing and L2 penalties, without class weights. log_loss: cross-entropy of the true labels, "
        "probabilities clipped at 1e-7, as in runs of versions without this setting. The log loss of an evaluation "
        "is always the latter.",
        choices=("objective", "log_loss"),
    )
    schedule: str = setting_field(
        "none",
        "Learning-rate schedule",
        "Learning-rate decay per step, as Keras' CosineDecay and ExponentialDecay; it restarts in each stage of "
        "fine-tuning. none: constant, or reduced on a plateau.",
        choices=("none", "cosine", "exponential"),
    )
    schedule_epochs: int = setting_field(
        0,
        "Epochs of the schedule",
        "Epochs until the learning rate has fallen to the fraction below. 0: all planned epochs. Afterwards cosine "
        "stays constant and exponential continues.",
        low=0,
        high=1000,
    )
    schedule_end: float = setting_field(
        0.01,
        "End of the schedule",
        "Fraction of the learning rate at the end of the schedule (alpha of CosineDecay, decay_rate of "
        "ExponentialDecay).",
        low=0,
        high=1,
    )
    unfreeze_from: str = setting_field(
        "",
        "Unfreeze from",
        "First block of the backbone to train; `all` for the whole backbone; empty for none (fine-tuning then takes "
        "the last block, or as many as it has stages). Batch normalisation stays in inference mode.",
    )
    finetune_stages: int = setting_field(
        1,
        "Fine-tune stages",
        "Number of stages of gradual unfreezing; fine-tuning only. 1: all blocks at once. More: first the head with "
        "the last block, then one more block in each stage, and in the last stage all blocks down to “Unfreeze "
        "from”; if that is empty, as many blocks as stages.",
        low=1,
        high=10,
    )
    finetune_epochs: int = setting_field(
        5,
        "Fine-tune epochs",
        "Epochs after unfreezing, per stage; fine-tuning only. Early stopping ends a stage; the next one starts "
        "from its best weights.",
        low=1,
        high=1000,
    )
    finetune_learning_rate: float = setting_field(
        1e-5,
        "Fine-tune learning rate",
        "Learning rate after unfreezing, at the start of each stage; fine-tuning only.",
        low=1e-7,
        high=10,
    )
    finetune_optimizer: str = setting_field(
        "same",
        "Fine-tune optimizer",
        "Optimizer after unfreezing; fine-tuning only. same: as before.",
        choices=("same", "adam", "adamw", "sgd", "rmsprop"),
    )
    finetune_momentum: float = setting_field(
        -1.0,
        "Fine-tune momentum",
        "Momentum after unfreezing; sgd and rmsprop only; fine-tuning only. Below 0: as before.",
        low=-1,
        high=0.999,
    )
    block_rate_factor: float = setting_field(
        1.0,
        "Discriminative LR factor",
        "Learning rate of each block divided by that of the next later block (discriminative fine-tuning); "
        "fine-tuning only. The head and the last block use the fine-tune learning rate. 1: same rate for all. "
        "ULMFiT uses 0.38 (1 / 2.6).",
        low=0.01,
        high=1,
    )
    class_weight: str = setting_field(
        "none",
        "Class weights",
        "balanced: weights the loss of each class inversely to its frequency.",
        choices=("none", "balanced"),
    )
    early_stopping: int = setting_field(
        5,
        "Early stopping (patience)",
        "Stops after this many epochs without a lower validation loss and restores the best epoch's weights. 0: "
        "off; the last epoch's weights are kept.",
        low=0,
        high=1000,
    )
    reduce_on_plateau: int = setting_field(
        0,
        "Reduce LR on plateau (patience)",
        "Halves the learning rate after this many epochs without a lower validation loss, and again after as many "
        "more (minimum 1e-7). 0: off. Use fewer epochs than for early stopping, which would otherwise stop the run "
        "first.",
        low=0,
        high=1000,
    )
    literal: bool = setting_field(
        False,
        "Literal execution",
        "With a frozen backbone, a full pass (end_to_end) gives the same numbers as cached features and is "
        "therefore run on them, much faster. On: run the full forward pass in each step anyway.",
    )
    precision: str = setting_field(
        "float32",
        "Precision",
        "Arithmetic of the backbone. bfloat16 is less exact, and about twice as fast for networks such as VGG16 if "
        "the processor has instructions for it (the findings before the start show whether it does).",
        choices=("float32", "bfloat16"),
    )
    runtime: str = setting_field(
        TENSORFLOW,
        "Feature runtime",
        "Library that computes the features of a frozen backbone. openvino: about twice as fast for EfficientNet and "
        "MobileNet, 1.2 times for VGG16, and features differ from TensorFlow's by a millionth; it has to be installed "
        "(requirements-openvino.txt). The head, and a backbone that is trained, always use TensorFlow.",
        choices=RUNTIMES,
    )
    feature_precision: str = setting_field(
        "float32",
        "Precision of cached features",
        "Number format of the feature cache. float16 halves its size and changes results by about 0.003; literal "
        "execution does not use it.",
        choices=("float32", "float16"),
    )
    seed: int = setting_field(
        1, "Training seed", "Seed of the head's initial weights, dropout and the order of the images.", low=0,
        high=2**31 - 1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_section(self, "training")
        if self.mode == "bottleneck" and self.unfreeze_from:
            raise ConfigError(
                f'training.unfreeze_from is "{self.unfreeze_from}", but in bottleneck mode the backbone never trains; '
                "leave it empty, or set training.mode to end_to_end or fine_tune"
            )
        if self.mode == "bottleneck" and self.mixup:
            raise ConfigError(
                f"training.mixup is {self.mixup:g}, but in bottleneck mode the features of each image are computed "
                "once, and those of a mixed image do not follow from them; set it to 0, or training.mode to end_to_end "
                "or fine_tune"
            )

    @property
    def is_frozen(self) -> bool:
        """Whether the backbone never trains, so that features computed once serve every epoch."""
        return self.mode == "bottleneck" or (self.mode == "end_to_end" and not self.unfreeze_from)

    @property
    def full_pass(self) -> bool:
        """Whether even a frozen backbone gets the images in every step: that is asked for, or they are mixed."""
        return self.literal or self.mixup > 0

    @property
    def is_on_features(self) -> bool:
        """Whether the whole training is on cached features."""
        return self.is_frozen and not self.full_pass

    @property
    def takes_features(self) -> bool:
        """Whether a head is trained on cached features, so that something other than TensorFlow may compute them."""
        return self.mode == "fine_tune" or self.is_on_features

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
