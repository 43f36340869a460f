"""Settings of the backbone: which one, its weights, and from which block on it learns."""

import difflib
import re

from core.models.catalogue import BACKBONES
from core.script.flow.machine import is_value
from core.script.flow.networks import Model, Trains
from core.script.layers import learning_layers, nearest_block
from core.script.reader import Call
from core.script.settings.classifier import classes_of, has_own_classifier, is_pooled_below
from core.script.settings.collected import WHOLE, Collected
from core.script.settings.given import argument
from core.script.settings.story import Story


def fill_network(story: Story, found: Collected) -> None:
    """Writes backbone, weights, mode and the block from which the backbone learns."""
    base = story.base
    foreign = None if base is not None else _foreign(story)
    if foreign is not None:
        _refuse_foreign(found, foreign)
    elif base is None:
        found.ask("model.backbone", "no backbone of keras.applications was found in the script")
    if base is None:
        found.leave_out("model.weights", "imagenet", "the script loads none; this is Parity's default")
    else:
        _name(story, found, base)
        _weights(found, base)
        if len(story.bases) > 1:
            told = " and ".join(one.name for one in story.bases[:3])
            found.beyond(WHOLE, f"{told} are used together; a run has one backbone", base.line, nearest=base.name)
        if base.inner[1] and not is_pooled_below(story):
            found.beyond(
                "model.backbone",
                f"features are taken from {base.inner[0]} inside {base.name}; a run takes them from its last layer",
                base.inner[1],
                nearest=base.name,
            )
    _mode(story, found)
    if story.mode in ("end_to_end", "fine_tune"):
        _unfrozen(story, found)


_FOREIGN = ("KerasLayer", "from_preset", "from_pretrained")
"""Calls that fetch a network from elsewhere: TensorFlow Hub, KerasHub and KerasCV, Hugging Face."""


def _foreign(story: Story) -> Call | None:
    return next(iter(story.course.script.find(*_FOREIGN)), None)


def _refuse_foreign(found: Collected, call: Call) -> None:
    """A network that the program does not have; one of the same name, where the handle has it, comes near."""
    nodes = [*call.node.args[:1], *(one.value for one in call.node.keywords if one.arg in ("handle", "preset"))]
    folded = found.script.fold(nodes[0], call.location) if nodes else ""
    handle = folded if isinstance(folded, str) else found.script.text(nodes[0])
    letters = re.sub(r"[^a-z0-9]", "", handle.lower())
    names = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in BACKBONES}
    near = max((name for name in names if name in letters), key=len, default=None)
    what = f'{call.name} fetches "{handle[:100]}"' if handle else f"{call.name} fetches a network"
    found.beyond(
        "model.backbone",
        f"{what}; Parity has networks of keras.applications: {', '.join(BACKBONES)}",
        call.line,
        nearest=names[near] if near else None,
    )


def _name(story: Story, found: Collected, base: Model) -> None:
    if base.name in BACKBONES:
        found.state("model.backbone", base.name, base.line)
    else:
        known = {row.name.lower(): row.name for row in BACKBONES.values() if row.keras_name}
        near = difflib.get_close_matches(base.name.lower(), known, 1, 0.5)
        why = f"Parity has no {base.name}; it has {', '.join(BACKBONES)}"
        found.beyond("model.backbone", why, base.line, nearest=known[near[0]] if near else None)
    if story.has_top and not has_own_classifier(story) and not base.inner[1]:
        line, count = base.lines.get("include_top", base.line), classes_of(story)
        classes = "" if count is None else f" of {count:,} classes"
        after = ", and the trained layers come after it" if story.head else ""
        found.beyond(
            WHOLE,
            f"{base.name} includes its classifier{classes} (include_top){after}; a run uses the features before it",
            line,
            nearest="features",
        )
    width = next((name for name in ("alpha", "depth_multiplier", "minimalistic") if name in base.arguments), None)
    if width is not None:
        given = argument(found.script, base, width)
        if given.known not in (1, 1.0, False):
            found.beyond(
                "model.backbone",
                f"{width}={given.text} makes another {base.name} than Parity has",
                given.line,
                nearest=base.name,
            )


def _weights(found: Collected, base: Model) -> None:
    weights = argument(found.script, base, "weights")
    line, text, surely = base.refilled
    if line and surely and is_of_imagenet(base.name, base.refilled_from):
        found.state("model.weights", "imagenet", line)
        return
    if line and (surely or is_value(weights.value, None)):
        found.beyond("model.weights", f"{text} gives it other weights than those of ImageNet", line, nearest="imagenet")
        return
    if line:
        found.note(line, f"{text}, under a condition: a run begins with the weights of ImageNet")
    if weights.value is None:
        found.leave_out("model.weights", "imagenet", "no weights: Keras then loads those of ImageNet", base.line)
    elif weights.is_known and weights.known in ("imagenet", None):
        found.state("model.weights", weights.known or "none", *weights.lines)
    elif is_of_imagenet(base.name, str(weights.known or "")):
        found.state("model.weights", "imagenet", *weights.lines)
    elif not weights.is_known:
        found.ask("model.weights", weights.why, weights.line)
    else:
        found.beyond("model.weights", f"{weights.text} is a custom weights file", weights.line, nearest="imagenet")


_OF_KERAS = re.compile(
    r"weights_tf_dim_ordering_tf_kernels\w*(?:[.]\d_\d+\w*)?[.]h5$|^(?:efficientnet|convnext)\w*_notop[.]h5$"
)
"""How the files end that keras.applications fetches for its networks, whose weights are those of ImageNet."""


def is_of_imagenet(backbone: str, path: str) -> bool:
    """Whether a file has the name that Keras gives the ImageNet weights of a network."""
    name = re.split(r"[\\/]", path)[-1].lower()
    own = re.sub(r"[^a-z0-9]", "", name)
    return bool(_OF_KERAS.search(name)) and own.startswith(re.sub(r"[^a-z0-9]", "", backbone.lower()))


def _mode(story: Story, found: Collected) -> None:
    if not story.mode:
        found.ask("training.mode", "neither features of a backbone nor a fit through it was found")
        return
    line = story.asked.line if story.mode == "bottleneck" and story.asked is not None else 0
    tuned = story.unfreezing.line if story.unfreezing is not None else 0
    last = story.last.line if story.last is not None else 0
    lines = [one for one in (line, tuned, last) if one]
    found.state("training.mode", story.mode, *lines)


def _unfrozen(story: Story, found: Collected) -> None:
    """`training.unfreeze_from` of the last training."""
    base, state = story.base, story.trains(story.last)
    key = "training.unfreeze_from"
    if base is None:
        return
    stops = found.script.find("stop_gradient")
    if stops and (state is None or any(state.layers)):
        found.beyond(key, "stop_gradient keeps what is before it from training", stops[0].line, nearest="")
        return
    if state is None:
        found.leave_out(key, "all", "nothing is frozen: every layer of the backbone is trained", base.line)
        return
    if story.mode == "fine_tune":
        state = story.trains(story.tuned[-1]) or state
    if state.why:
        found.beyond(
            key, state.why, *state.lines, nearest=BACKBONES[base.name].blocks[-1] if base.name in BACKBONES else None
        )
        return
    block, why, nearest = border(base.name, state)
    if block is None:
        found.beyond(key, why, *state.lines, nearest=nearest)
    elif story.mode == "fine_tune" and not block:
        found.ask(key, "nothing is unfrozen, though it is set again", *state.lines)
    else:
        found.state(key, block, *state.lines)
    _stages(story, found)


def border(backbone: str, state: Trains) -> tuple[str | None, str, str | None]:
    """`training.unfreeze_from` for flags by layer; else None with why not, and the nearest block."""
    learn = learning_layers(backbone)
    if not learn:
        known = {True: "all", False: ""}.get(state.layers[0]) if len(set(state.layers)) == 1 else None
        return known, f"the layer numbers of {backbone} are unknown", None
    opened = [k for k, flag in enumerate(state.layers) if flag and learn[k]]
    if not opened:
        return "", "", None
    first, count = opened[0], sum(learn)
    if len(opened) == count:
        return "all", "", None
    block, exact = nearest_block(backbone, first)
    after = sum(learn[first:])
    if len(opened) < after:
        return None, f"only {len(opened)} of the {after} layers from layer {first} on are trainable", block
    if not exact:
        return None, f"the first trainable layer, layer {first} of {backbone}, is inside a block", block
    return block, "", None


def _stages(story: Story, found: Collected) -> None:
    """More than one training after unfreezing may be gradual unfreezing: of one block more in each."""
    count = len(story.stages)
    if count < 2:
        return
    found.beyond(
        "training.finetune_stages",
        f"the network is trained {count} times after unfreezing; take as many stages if each opens one block more",
        story.tuned[0].line,
        nearest=count,
    )
