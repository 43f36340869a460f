"""The settings `training.precision` and `training.seed`: what a script tells Keras for all of its networks."""

from core.script.flow.environment import VARIABLE
from core.script.flow.machine import Arguments, Machine, constant
from core.script.flow.made import Made
from core.script.flow.objects import Mapping
from core.script.flow.value import Value
from core.script.settings.collected import Collected
from core.script.settings.story import Story

_POLICIES = ("set_global_policy", "set_policy", "set_dtype_policy", "set_floatx")
_OPTIONS, _REWRITE = "set_experimental_options", "enable_mixed_precision_graph_rewrite"
_AUTO = "auto_mixed_precision"
_UNKNOWN = "unknown"

UNKNOWN_SEED = "the seed is known only when the script runs"
"""What is told of a seed that no number gives."""

_NEAREST = {"float64": "float32", "float32": "float32"}
"""The precision of a run that comes nearest; bfloat16 for all others."""


def fill_precision(story: Story, found: Collected) -> None:
    """Writes the precision: what is told last holds for the networks made after it."""
    told = [(policy, one.line) for one in story.course.machine.told for policy in [_policy(one)] if policy]
    if not told:
        return
    key, (policy, line) = "training.precision", told[-1]
    if policy in ("mixed_bfloat16", "bfloat16"):
        found.state(key, "bfloat16", line)
    elif policy == "float32":
        found.state(key, "float32", line)
    elif policy == _UNKNOWN:
        found.ask(key, f"{found.script.where(line)}: the precision is known only when the script runs", line)
    else:
        found.beyond(key, f"Parity has no {policy}", line, nearest=_NEAREST.get(policy, "bfloat16"))


def _policy(call: Arguments) -> str:
    """What a call makes the precision; empty where it says nothing of it."""
    short = call.name.rpartition(".")[2]
    first = call.positional[0] if call.positional else next(iter(call.named.values()), None)
    if short == _REWRITE:
        return f"{_AUTO} (float16)"
    if short == _OPTIONS:
        return _automatic(first)
    if call.name.startswith(VARIABLE):
        is_auto = _AUTO in call.name.lower() and constant(first) not in ("0", "", "false", "False")
        return f"{_AUTO} (float16)" if is_auto else ""
    if short not in _POLICIES:
        return ""
    if isinstance(first, Made):
        first = first.arguments.get("name")
    known = constant(first)
    if not isinstance(known, str):
        return _UNKNOWN
    return f"{known} for the weights" if short == "set_floatx" and known == "bfloat16" else known


def _automatic(options: Value | None) -> str:
    """`{"auto_mixed_precision": True}` among options of TensorFlow."""
    if not isinstance(options, Mapping):
        return _UNKNOWN
    on = [name for name, value in options.values.items() if _AUTO in str(name) and constant(value) is not False]
    return f"{on[0]} (float16)" if on else ""


def fill_seed(story: Story, found: Collected) -> None:
    """Writes the seed of the weights: that of TensorFlow or Keras, else the first of Python or numpy."""
    machine = story.course.machine
    told = _seeds(machine, "set_random_seed", "set_seed")[-1:] or _seeds(machine, "seed")[:1]
    for value, line in told:
        known = constant(value)
        if isinstance(known, int) and not isinstance(known, bool):
            found.state("training.seed", known, line)
        elif value is not None:
            found.note(line, UNKNOWN_SEED)


def _seeds(machine: Machine, *names: str) -> list[tuple[Value | None, int]]:
    calls = [one for one in machine.told if one.name.rpartition(".")[2] in names]
    return [(one.get("seed", 0), one.line) for one in calls]
