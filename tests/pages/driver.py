"""Elements of a page under test, with their types.

By its type `AppTest` gives elements or blocks of elements for a key or a kind; only the test knows which it is.
"""

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element


def widget(at: AppTest, key: str) -> Element:
    """Gives the element with this key."""
    found = at.get_by_key(key)
    assert isinstance(found, Element), f"{key} is a block, not an element"
    return found


def elements(part: AppTest | Block, kind: str) -> list[Element]:
    """Gives all elements of a kind that `AppTest` has no name for, such as "page_link", on a page or in a part."""
    found = [node for node in part.get(kind) if isinstance(node, Element)]
    assert len(found) == len(part.get(kind)), f"{kind} is a block, not an element"
    return found
