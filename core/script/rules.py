"""All findings on a script. A rule is one function of the facts and the version; it says nothing when all is well."""

from collections.abc import Callable, Iterator

from core.checks.finding import SEVERITIES, Finding
from core.script import rules_head as head
from core.script import rules_labels as labels
from core.script import rules_model as model
from core.script import rules_order as order
from core.script import rules_pixels as pixels
from core.script.facts import Facts

RULES: tuple[Callable[[Facts, tuple[int, ...]], Iterator[Finding]], ...] = (
    *(order.unshuffled_training, order.shuffle_of_fit, order.shuffle_buffer, order.steps),
    *(labels.features_and_labels, labels.confusion, labels.splits),
    *(pixels.augmented_features, pixels.augmented_validation, pixels.scaling, pixels.scaled_twice, pixels.mismatch),
    *(pixels.backbone_scale, pixels.featurewise, pixels.sizes, pixels.validation_share, pixels.random_in_cache),
    pixels.legacy,
    *(model.unfrozen, model.indices, model.after_compile, model.reused_optimizer, model.batch_norm, model.no_weights),
    *(head.output_and_loss, head.metrics, head.removed, head.monitors, head.history, head.checkpoints),
)


def script_findings(facts: Facts, version: tuple[int, ...]) -> list[Finding]:
    """What the rules find, the gravest first, then by line; the same finding on the same line once.

    Args:
        facts: Facts. Of the script.
        version: tuple of int. The version of Keras it is for; the latest where none is known.
    """
    found = {(one.id, one.evidence["line"], one.claim): one for rule in RULES for one in rule(facts, version)}
    return sorted(found.values(), key=lambda one: (SEVERITIES.index(one.severity), one.evidence["line"], one.id))
