"""Check of validation figures that rest on the images of few groups (patients, scenes)."""

from collections import Counter

from core.checks.context import Context, named, percent
from core.checks.finding import Finding
from core.data.split import AUTO, group_names
from core.stats.metrics import wilson

LARGEST = 0.2
"""Share of the validation images that one group may have."""

_FEWEST = 20


def val_from_few_groups(context: Context) -> Finding | None:
    """One patient or scene makes up much of validation: its images are right or wrong together, so that the figures say
    less than their number of images promises (effective number of groups, 1 over the sum of the squared shares)."""
    pattern, count = context.config.data.group_pattern or AUTO, len(context.val)
    if count < _FEWEST:
        return None
    groups = Counter(name for name in group_names(context.val, pattern) if name)
    if not groups or groups.most_common(1)[0][1] <= LARGEST * count:
        return None
    name, most = groups.most_common(1)[0]
    alone = count - sum(groups.values())
    effective = 1 / (sum((n / count) ** 2 for n in groups.values()) + alone / count**2)
    low, high = wilson(round(0.85 * effective), max(1, round(effective)))
    return Finding(
        "val-from-few-groups",
        "warning",
        f"{most} of {count} validation images ({percent(most, count)}) are of one group, {named([name])}. If the "
        f"images of a group are right or wrong together, the effective number of images is {effective:.0f}, and an "
        f"accuracy of, for example, 85 % would have a 95 % CI of {100 * low:.0f} to {100 * high:.0f} %.",
        {"group": name, "images_of_it": most, "val": count, "groups": len(groups), "effective": round(effective, 1)},
        "Validate on more groups: re-split the images (Split on the Dataset page, or python -m core split).",
    )
