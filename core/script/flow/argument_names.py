"""Names of the positional arguments of losses, optimizers, schedules and other objects of libraries, in order."""

from collections.abc import Sequence

from core.script.flow.machine import constant
from core.script.flow.value import Value

_RATE = "learning_rate"
_FOCAL = ("alpha", "gamma", "from_logits", "label_smoothing", "axis", "reduction")
_MOMENTS = ("beta_1", "beta_2", "epsilon")

_NAMES: dict[str, tuple[str, ...]] = {
    "Adam": (_RATE, *_MOMENTS, "amsgrad", "weight_decay"),
    "AdamW": (_RATE, "weight_decay", *_MOMENTS, "amsgrad"),
    "SGD": (_RATE, "momentum", "nesterov", "weight_decay"),
    "RMSprop": (_RATE, "rho", "momentum", "epsilon", "centered", "weight_decay"),
    **dict.fromkeys(("Nadam", "Adamax"), (_RATE, *_MOMENTS, "weight_decay")),
    "Adagrad": (_RATE, "initial_accumulator_value", "epsilon", "weight_decay"),
    "Adadelta": (_RATE, "rho", "epsilon", "weight_decay"),
    "Lion": (_RATE, "beta_1", "beta_2", "weight_decay"),
    "Ftrl": (_RATE, "learning_rate_power", "initial_accumulator_value", "l1_regularization_strength"),
    **dict.fromkeys(("RectifiedAdam", "LAMB", "LazyAdam", "NovoGrad", "Yogi", "AdaBelief"), (_RATE,)),
    **dict.fromkeys(("LossScaleOptimizer", "Lookahead", "SWA", "MovingAverage"), ("inner_optimizer",)),
    "CosineDecay": ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps"),
    "CosineDecayRestarts": ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha"),
    "PolynomialDecay": ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"),
    **dict.fromkeys(
        ("ExponentialDecay", "InverseTimeDecay"), ("initial_learning_rate", "decay_steps", "decay_rate", "staircase")
    ),
    "PiecewiseConstantDecay": ("boundaries", "values"),
    **dict.fromkeys(
        ("BinaryCrossentropy", "CategoricalCrossentropy"), ("from_logits", "label_smoothing", "axis", "reduction")
    ),
    "SparseCategoricalCrossentropy": ("from_logits", "ignore_class", "reduction", "axis"),
    "BinaryFocalCrossentropy": ("apply_class_balancing", *_FOCAL),
    "CategoricalFocalCrossentropy": _FOCAL,
    **dict.fromkeys(("l2", "L2"), ("l2",)),
    **dict.fromkeys(("l1", "L1"), ("l1",)),
    **dict.fromkeys(("l1_l2", "L1L2"), ("l1", "l2")),
    "EarlyStopping": (
        *("monitor", "min_delta", "patience", "verbose", "mode", "baseline", "restore_best_weights"),
        "start_from_epoch",
    ),
    "LearningRateScheduler": ("schedule",),
    "ModelCheckpoint": ("filepath", "monitor"),
    "ReduceLROnPlateau": (*("monitor", "factor", "patience", "verbose", "mode", "min_delta", "cooldown", "min_lr"),),
    "MinMaxScaler": ("feature_range",),
    **dict.fromkeys(("Policy", "DTypePolicy", "FloatDTypePolicy"), ("name",)),
    "ImageDataGenerator": ("featurewise_center",),
}
"""As Keras 3 has them, by the last part of the name."""

_ADDONS: dict[str, tuple[str, ...]] = {
    "AdamW": ("weight_decay", _RATE, *_MOMENTS, "amsgrad"),
    "SGDW": ("weight_decay", _RATE, "momentum", "nesterov"),
}
"""As TensorFlow Addons has them."""

_OLD_SGD = (_RATE, "momentum", "decay", "nesterov")
"""Of Keras 2.3 and before."""


def names_of(name: str, positional: Sequence[Value] = ()) -> tuple[str, ...]:
    """The names of an object's positional arguments; empty where they are not known.

    Args:
        name: str. Of the class, in full.
        positional: sequence of Value. The arguments: the third of SGD tells which version it is for. Defaults to
            none.
    """
    short = name.rpartition(".")[2]
    if name.startswith(("tensorflow_addons", "tfa.")) and short in _ADDONS:
        return _ADDONS[short]
    third = constant(positional[2]) if len(positional) > 2 else None
    if short == "SGD" and isinstance(third, (int, float)) and not isinstance(third, bool):
        return _OLD_SGD
    return _NAMES.get(short, ())
