"""What happens to images on the way to an expression, as plain values; see `pixel_path`."""

import ast
from dataclasses import dataclass, field, replace

from core.script.parts import Flow
from core.script.reader import Call, Location

IMAGES, INPUT, GIVEN, UNKNOWN_END = "images", "input", "given", "unknown"
"""Where a path ends: at decoded images of 0 to 255, at a model's input, at a function's parameter, or unseen."""


@dataclass(frozen=True)
class Step:
    """One thing that changes the values of pixels: `scale` times the value plus `offset`, or a function by name.

    Attributes:
        line: Where the script does it.
        text: In a few words of the script.
        scale: Factor; None where it is known only when the script runs.
        offset: What is added then.
        function: Name of a `preprocess_input`, which does neither.
    """

    line: int
    text: str
    scale: float | None = 1.0
    offset: float = 0.0
    function: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it can be said what it does."""
        return bool(self.function) or self.scale is not None


@dataclass(frozen=True)
class Path:
    """What happens to images up to an expression: the steps in order, and what stands at the beginning."""

    end: str
    line: int = 0
    text: str = ""
    steps: tuple[Step, ...] = ()
    flow: Flow | None = None
    split: Call | None = None

    def then(self, *steps: Step) -> "Path":
        """The path with further steps behind it."""
        return replace(self, steps=self.steps + steps)


@dataclass(frozen=True)
class Frame:
    """A call of a function of the script: what its parameters are. None stands for the images that are asked about."""

    given: dict[str, tuple[ast.expr, Location, "Frame"] | None] = field(default_factory=dict)
    is_lambda: bool = False
    outer: "Frame | None" = None

    def of(self, name: str, *, in_lambda: bool) -> "Frame | None":
        """The call that gives a parameter of that name its value; of lambdas, or of other functions."""
        frame: Frame | None = self
        while frame is not None and not (frame.is_lambda == in_lambda and name in frame.given):
            frame = frame.outer
        return frame


Given = dict[str, tuple[ast.expr, Location, Frame] | None]
"""What one call gives a function's parameters: an expression, where it stands, and the call that this stands in."""
