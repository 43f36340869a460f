"""Why something of the model that is trained is not read although the script may have it, in a sentence."""

from core.script.flow.networks import Model
from core.script.flow.objects import External, Unknown
from core.script.reader import Call
from core.script.settings.collected import Collected
from core.script.settings.story import Story


def no_head(story: Story, found: Collected) -> tuple[str, int]:
    """Why the layers of the head are not known, and the line."""
    where, model = found.script.where, story.last.model if story.last is not None else None
    made = _made_by(model)
    if model is not None and model.kind == "stranger":
        line = story.last.line if story.last is not None else 0
        several = "which of several models this is, is known only when the script runs"
        is_one_of = made is not None and made[0] == "a branch"
        return f"{where(line)}: {several if is_one_of else 'the layers of this model are not in the script'}", line
    if made is not None and made[0]:
        return f"{where(made[1])}: the model ends in {made[0]}, whose layers are not in the script", made[1]
    if dense := found.script.find("Dense"):
        line = dense[-1].line
        return f"{where(line)}: how this Dense layer gets into the model that is trained cannot be followed", line
    return "the script has no Dense layer", 0


def _made_by(model: Model | None) -> tuple[str, int] | None:
    """What gives the end of a functional model, where that is a call that is not followed."""
    end = model.arguments.get("outputs") if model is not None else None
    if isinstance(end, Unknown):
        return end.text, end.line
    return (end.name, model.line) if isinstance(end, External) and model is not None else None


def no_call(found: Collected, names: tuple[str, ...], told: str) -> tuple[str, int]:
    """Why no `compile` or `fit` was read: the script has none, or one of a model that cannot be followed."""
    calls = [one for one in found.script.find(*names) if _is_of_model(one)]
    if not calls:
        return f"the script has no {told}", 0
    line = calls[-1].line
    return f"{found.script.where(line)}: the model of this {told} cannot be followed", line


def _is_of_model(call: Call) -> bool:
    return call.name.count(".") > 0 and not call.name.startswith(("re.", "regex."))
