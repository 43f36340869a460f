"""What is asked of single trainings: the loop they run in, whether they are on the same images, their callbacks."""

from core.script.flow.made import Made
from core.script.flow.networks import Fit
from core.script.flow.objects import Array, Batches, External, Items, Unknown
from core.script.flow.turns import Turns
from core.script.flow.value import Value

_VALIDATION = ("val", "test", "dev")


def loop_of_models(fit: Fit) -> Turns | None:
    """The outermost loop in which the model of a training is made anew in each turn, other than one over folds."""
    return next((one for one in fit.loops[: fit.model.depth] if not one.fold), None)


def last_turn(fits: list[Fit]) -> int:
    """Where the last turn of a loop begins that makes the model anew; 0 without one."""
    last = fits[-1]
    loop = loop_of_models(last)
    places = [
        k for k, one in enumerate(fits)
        if loop is not None and loop in one.loops and one.node is last.node and one.model is not last.model
    ]  # fmt: skip
    return places[-1] + 1 if places else 0


def is_alike(one: Fit, other: Fit) -> bool:
    """Whether two trainings are on the same images, however these are batched, resized or changed."""
    if one.x is other.x:
        return True
    if isinstance(one.x, Batches) and isinstance(other.x, Batches):
        return is_for_validation(one.x) == is_for_validation(other.x) and one.x.cut == other.x.cut
    if isinstance(one.x, Array) and isinstance(other.x, Array):
        return one.x.part == other.x.part
    return type(one.x) is not type(other.x) or _named(one.x) == _named(other.x)


def _named(value: Value) -> str:
    return str(getattr(value, "name", "") or getattr(value, "text", ""))


def callbacks_of(value: Value | None, depth: int = 3) -> list[Value]:
    """One callback, or those of a list or a CallbackList."""
    if isinstance(value, Made) and value.kind == "CallbackList":
        value = value.arguments.get("callbacks") or value.arguments.get("#0")
    if isinstance(value, Items) and depth:
        return [one for part in value.values for one in callbacks_of(part, depth - 1)]
    return [] if value is None else [value]


def is_of_one_folder(fit: Fit) -> bool:
    """Whether training and validation read all of the same folder."""
    x, val = fit.x, fit.val
    if not isinstance(x, Batches) or not isinstance(val, Batches) or x.cut or val.cut:
        return False
    return bool(x.folder) and x.folder == val.folder and not x.subset and not val.subset


def is_made_elsewhere(fit: Fit) -> bool:
    """Whether a training is given batches of which the script does not tell how they are made: images without labels
    beside them that are neither read nor put together here."""
    return fit.y is None and isinstance(fit.x, (Unknown, External))


def is_for_validation(batches: Batches) -> bool:
    """Whether batches are those of validation or test images, by their folder or subset."""
    return batches.subset == "validation" or any(word in batches.folder.lower() for word in _VALIDATION)
