"""Random changes of images that a script makes somewhere, where it cannot be followed what the training images are."""

import ast

from core.script.flow.objects import Array
from core.script.reader import Call
from core.script.settings.collected import Collected
from core.script.settings.story import Story

_PREFIXES = ("random_", "stateless_random_")
_OF_NUMBERS = ("random_uniform", "random_normal", "random_state", "random_seed", "random_split", "random_sample")
_DRAWS = ("uniform", "random", "rand", "randn", "randint", "normal", "choice", "gauss", "integers", "bernoulli")
_MODULES = ("random", "rng", "generator")


def lost_change(story: Story, found: Collected) -> int:
    """The line of a function that changes images at random where what the training images went through is not known.

    Returns:
        The line; 0 where the images can be followed, or the script has no such function.
    """
    array = story.arrived
    if array is not None and array.strange is None and isinstance(array, Array):
        return 0
    inside = {id(node) for one in found.script.nodes if isinstance(one, (ast.FunctionDef, ast.Lambda))
              for node in ast.walk(one)}  # fmt: skip
    return next((call.line for call in found.script.calls if _is_change(call, inside)), 0)


def _is_change(call: Call, inside: set[int]) -> bool:
    """A function named after a random change; or something drawn inside a function of the script's own."""
    *modules, short = call.name.split(".")
    if short.startswith(_PREFIXES) and short not in _OF_NUMBERS:
        return True
    drawn = short in _DRAWS and bool(set(modules) & set(_MODULES))
    return drawn and id(call.node) in inside
