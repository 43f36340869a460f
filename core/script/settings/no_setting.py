"""Arguments that a call is given and that no setting is read from: each is told, unless it changes nothing."""

from core.script.flow.machine import UNREAD, constant
from core.script.flow.made import Layer, Made
from core.script.flow.networks import Compile, Fit
from core.script.flow.objects import External
from core.script.flow.value import Value
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.story import Story

_NO_EFFECT = frozenset(
    (
        *("name", "verbose", "seed", "data_format", "keepdims", "jit_compile", "unread", UNREAD),
        *("input_shape", "input_dim", "batch_input_shape", "input_length"),
        *("metrics", "weighted_metrics", "run_eagerly", "steps_per_execution", "auto_scale_loss", "target_tensors"),
        *("validation_steps", "validation_batch_size", "nb_val_samples", "val_samples"),
        *("max_queue_size", "max_q_size", "workers", "nb_worker", "use_multiprocessing", "pickle_safe"),
        *("initial_scale", "dynamic_growth_steps", "dynamic"),
    )
)
"""Arguments that change nothing of what is trained, whatever they are."""

_USUAL: dict[str, tuple[object, ...]] = {
    **{"use_bias": (True,), "center": (True,), "scale": (True,), "trainable": (True,), "threshold": (0,)},
    **{"kernel_initializer": ("glorotuniform",), "bias_initializer": ("zeros",), "axis": (-1, 1, 3)},
    **{"beta_initializer": ("zeros",), "gamma_initializer": ("ones",), "moving_mean_initializer": ("zeros",)},
    **{"moving_variance_initializer": ("ones",), "renorm": (False,), "fused": (True, False), "synchronized": (False,)},
    **{"epsilon": (1e-7, 1e-8), "beta_1": (0.9,), "beta_2": (0.999,), "rho": (0.9,), "amsgrad": (False,)},
    **{"centered": (False,), "use_ema": (False,), "ema_momentum": (0.99,)},
    **{"reduction": ("auto", "sumoverbatchsize"), "validation_freq": (1,), "loss_weights": (1, (1,))},
    **{"dtype": ("float32",), "min_delta": (0,), "start_from_epoch": (0,), "cooldown": (0,), "staircase": (False,)},
}
"""Arguments with the values by which a run is the same, words in small letters and without lines below."""

_FIT = (
    *("x", "y", "generator", "batch_size", "epochs", "nb_epoch", "callbacks", "validation_split", "validation_data"),
    *("shuffle", "class_weight", "sample_weight", "initial_epoch", "steps_per_epoch", "samples_per_epoch"),
)
_OPTIMIZER = ("learning_rate", "lr", "momentum", "nesterov", "weight_decay", "inner_optimizer", "optimizer")
_SCHEDULE = (
    *("initial_learning_rate", "learning_rate", "decay_steps", "alpha", "decay_rate"),
    *("warmup_target", "warmup_steps"),
)
_LOSS = ("from_logits", "label_smoothing", "gamma", "alpha", "apply_class_balancing")
"""Arguments that settings are read from."""

Owner = Layer | Made | Compile | Fit


def tell_others(found: Collected, owner: Owner, *read: str) -> None:
    """Tells the arguments of a call that have no setting.

    Args:
        found: Collected. Where they are listed as not read.
        owner: What was called.
        read: Names of the arguments that settings are read from.
    """
    for name in owner.arguments:
        given = argument(found.script, owner, name)
        if name == UNREAD and not isinstance(owner, Fit):
            found.note(owner.line, f"{_kind(owner)}: some of its arguments are known only when the script runs")
            continue
        if name in read or name in _NO_EFFECT or not given.stated or _is_usual(name, given):
            continue
        found.note(given.line, f"{_said(name, given)} of {_kind(owner)}: there is no setting for it")


def _is_usual(name: str, given: Given) -> bool:
    usual, known = _USUAL.get(name, ()), given.known
    return known in usual if isinstance(known, (int, float, tuple)) else bool(usual) and _word(given.value) in usual


def _word(value: Value | None) -> str:
    """A word, or the name of what a library makes, in small letters and without lines below."""
    if isinstance(value, External):
        known = value.short
    else:
        known = value.kind if isinstance(value, Made) else str(constant(value))
    return known.replace("_", "").lower()


def _said(name: str, given: Given) -> str:
    text = given.text or str(given.known)
    return f"argument {int(name[1:]) + 1} ({text})" if name.startswith("#") else f"{name}={text}"


def _kind(owner: Owner) -> str:
    if isinstance(owner, (Layer, Made)):
        return owner.kind
    return "fit" if isinstance(owner, Fit) else "compile"


def fill_no_setting(story: Story, found: Collected) -> None:
    """Tells what the trainings, compilations, optimizers and losses are given that has no setting."""
    for fit in story.fits:
        tell_others(found, fit, *_FIT)
    compiled = [fit.compiled for fit in story.fits] or [story.compiled]
    for one in {id(one): one for one in compiled if one is not None}.values():
        tell_others(found, one, "optimizer", "loss")
        if UNREAD in one.arguments and "loss" not in one.arguments:
            given = argument(found.script, one, "loss")
            found.ask("loss", given.why, given.line)
        _optimizer(found, one.arguments.get("optimizer"))
        loss = one.arguments.get("loss")
        if isinstance(loss, Made) and loss.kind.lower().endswith("entropy"):
            tell_others(found, loss, *_LOSS)


_SAME_STEPS = ("LossScaleOptimizer",)
"""Optimizers around another one, whose steps are the same."""


def _optimizer(found: Collected, value: Value | None) -> None:
    """An optimizer, the one inside it, and its schedule."""
    for _ in range(3):
        if not isinstance(value, Made):
            return
        inner = value.arguments.get("inner_optimizer") or value.arguments.get("optimizer")
        if isinstance(inner, Made) and value.kind not in _SAME_STEPS:
            found.note(value.line, f"{value.kind}: there is no setting for it")
        _decay(found, value)
        tell_others(found, value, *_OPTIMIZER, "decay")
        rate = value.arguments.get("learning_rate") or value.arguments.get("lr")
        if isinstance(rate, Made):
            tell_others(found, rate, *_SCHEDULE, "staircase")
        value = inner


_SMALL_DECAY = 1e-5
"""Up to here a decay of each batch lowers the rate by part of a percent in a training."""


def _decay(found: Collected, made: Made) -> None:
    """`SGD(0.01, decay=1e-4)` of Keras 1 and 2: the rate of batch n is divided by 1 + decay * n."""
    given = argument(found.script, made, "decay")
    if "decay" not in made.arguments or not given.stated or given.number == 0:
        return
    if given.number is not None and abs(given.number) <= _SMALL_DECAY:
        found.note(given.line, f"decay={given.text} of {made.kind}: there is no setting for it")
        return
    told = f"decay={given.text} of {made.kind} lowers the rate with each batch; there is no setting for that way"
    found.beyond("training.schedule", told, given.line, nearest="none")
