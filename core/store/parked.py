"""What a process keeps in mind, parked where Streamlit's reload of edited modules does not drop it.

A module that is loaded again loses its variables: with them would go the handles of workers, whose pipes would close
and end their trainings.
"""

import sys
import threading
import types
from collections.abc import Callable
from typing import Any


def parked(name: str, **made: Callable[[], object]) -> Any:
    """The place of that name in this process; there is one, however many threads ask for it first.

    Args:
        name: str. Says whose it is.
        made: callables. What makes each attribute that is not there yet.

    Returns:
        An object with these attributes, which may be read and set.
    """
    place: Any = sys.modules.setdefault(f"_parity_{name}", types.ModuleType(f"_parity_{name}"))
    if not all(hasattr(place, attribute) for attribute in made):
        with vars(place).setdefault("_making", threading.RLock()):
            for attribute, make in made.items():
                if not hasattr(place, attribute):
                    setattr(place, attribute, make())
    return place
