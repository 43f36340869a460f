"""What a single file belongs to; the program asks about many at once."""

from core.data.dataset_index import ImageFile
from core.data.split import AUTO, group_names


def group_name(file: ImageFile, pattern: str = AUTO) -> str:
    """See `group_names`."""
    return group_names([file], pattern)[0]
