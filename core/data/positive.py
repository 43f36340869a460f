"""Which of two classes is the positive one: it becomes class 1, whose probability a two-class network puts out.

Every figure, report and export numbers classes as the dataset does, so their order is all that has to say it.
"""

from dataclasses import replace

from core.data.dataset_index import DatasetIndex
from core.data.file_names import display_name
from core.errors import ConfigError

KEY = "data.positive_class"


def with_positive(index: DatasetIndex, name: str) -> DatasetIndex:
    """A scan with the positive of its two classes as the second one.

    Args:
        index: DatasetIndex.
        name: str. `data.positive_class`; empty for the order of the alphabet.

    Raises:
        ConfigError: there are not two classes, or none has that name.
    """
    usual = tuple(sorted(index.classes))
    if not name:
        return index if len(usual) != 2 or index.classes == usual else replace(index, classes=usual)
    if len(usual) != 2:
        raise ConfigError(
            f'{KEY} is "{display_name(name)}", but there are {len(usual)} classes; a positive class '
            "needs exactly two: leave it empty"
        )
    if name not in usual:
        there = " or ".join(display_name(one) for one in usual)
        raise ConfigError(f'{KEY} is "{display_name(name)}", but the classes here are {there}; give one of them')
    return replace(index, classes=(next(one for one in usual if one != name), name))
