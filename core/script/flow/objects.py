"""Abstract values of a script that is followed, never run: what is known of a number, an array, a dataset, a model.

An `Array` stands for images, labels, features or predictions: where they come from, the range of their values, their
shape, order and part of a split. Values that a script changes in place (lists, models, layers) are objects of their
own; all others are frozen, and a change makes a new one.
"""

import ast
from dataclasses import dataclass, field
from typing import Any

from core.script.flow.made import Layer, Made
from core.script.flow.value import Value

IMAGES, LABELS, FEATURES, PREDICTIONS, FILES, NUMBERS = (
    "images",
    "labels",
    "features",
    "predictions",
    "files",
    "numbers",
)
"""What an array holds."""

GROUPED, SHUFFLED = "grouped", "shuffled"
"""Orders of an array: class by class, or at random; empty where it is not known."""

RAW = (0.0, 255.0)
"""Range of the values of decoded images."""


@dataclass(frozen=True, eq=False)
class Unknown(Value):
    """What only running would tell.

    Attributes:
        epochs: Of a count of steps: how many epochs it makes, as `len(batches) * 20` makes 20; 0 for anything else.
        drawn: The line that draws it, or something it is made of, at random; 0 for anything else.
        of: What it is a member of; None for anything else.
    """

    text: str = ""
    line: int = 0
    epochs: float = 0.0
    drawn: int = 0
    of: "Value | None" = None


@dataclass(frozen=True, eq=False)
class Const(Value):
    """A number, a text, True, False or None; the lines of the script that it is made of."""

    value: Any
    lines: tuple[int, ...] = ()


@dataclass(eq=False)
class Items(Value):
    """A list or tuple.

    Attributes:
        values: The elements that are known.
        more: Whether it has others like them, as a list that a loop appends to.
        order: Of the elements: `GROUPED`, `SHUFFLED` or empty.
        perm: Which shuffles it went through.
        depth: How many loops ran where it was made.
        numbers: Of `range(...)`: what it goes over.
    """

    values: list["Value"]
    more: bool = False
    order: str = ""
    perm: tuple[Any, ...] = ()
    depth: int = 0
    numbers: range | None = None


@dataclass(eq=False)
class Mapping(Value):
    """A dictionary.

    Attributes:
        values: The entries whose keys are known.
        rest: What other entries hold; None where there are none.
    """

    values: dict[Any, "Value"]
    rest: "Value | None" = None


@dataclass(frozen=True)
class Step:
    """One thing that changes the values of pixels: a factor and what is added, or a function by its family."""

    line: int
    text: str
    scale: float | None = 1.0
    offset: float = 0.0
    family: str = ""


@dataclass(frozen=True)
class Fitting:
    """One thing that changes the sides of images, and how; the function or expression that does it."""

    way: str
    line: int
    text: str


@dataclass(frozen=True)
class Source:
    """Where an array comes from; two arrays with the same number come from the same place."""

    number: int
    line: int
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Part:
    """One part of a split: which split, which of its parts, where, and how it was made."""

    number: int
    index: int
    line: int
    how: str


@dataclass(frozen=True)
class Out:
    """What the last layer with units gives."""

    units: int | None
    activation: str
    line: int
    activation_line: int
    rank: int | None
    dropout_line: int = 0


@dataclass(frozen=True, eq=False)
class Array(Value):
    """Images, labels, features, predictions or file names.

    Attributes:
        span: Lowest and highest value; None where not known.
        steps: All that changed the values of images, in order.
        strange: Text and line of a change that is not known; None where all are.
        channels: `rgb`, `bgr`, `grey` or empty.
        marks: Kinds of changes that make copies of samples, each with its line.
        encoding: Of labels: `integers`, `one-hot`, `text` or empty.
        classes: Of labels: how many there are.
        scaled: Of labels: the line that divides them.
        soft: Of labels that arithmetic brings between 0 and 1: what 0 and 1 become (None where that is not known), and
            the line.
        turned: Of labels: the line that exchanges 0 and 1, as `1 - y` does; 0 where nothing does.
        of: Of labels: the batches whose `.classes` they are; of predictions: the model.
        feed: Of predictions: what the model was asked with.
        said: Of labels: line and text of the argument that says how they are encoded.
        random: Layers, generators and functions that change images at random, in order.
        sizes: Of images that were resized: height and width as the script gives them, and the line.
        fits: What crops or pads images, in order.
        greyed: The line that removes the colours of images; 0 where nothing does.
    """

    role: str = NUMBERS
    source: Source = Source(0, 0, "")
    span: tuple[float, float] | None = None
    steps: tuple[Step, ...] = ()
    strange: tuple[str, int] | None = None
    shape: tuple[int | None, ...] | None = None
    order: str = ""
    perm: tuple[Any, ...] = ()
    part: Part | None = None
    channels: str = ""
    marks: tuple[tuple[str, int], ...] = ()
    encoding: str = ""
    classes: int | None = None
    scaled: int = 0
    turned: int = 0
    soft: tuple[float | None, float | None, int] | None = None
    of: Any = None
    feed: Any = None
    out: Out | None = None
    said: tuple[int, str] = (0, "")
    random: tuple["Layer | Made", ...] = ()
    sizes: "tuple[Value, int] | None" = None
    fits: tuple[Fitting, ...] = ()
    greyed: int = 0

    @property
    def rank(self) -> int | None:
        """Number of axes, the batch's among them."""
        return None if self.shape is None else len(self.shape)


@dataclass(frozen=True, eq=False)
class Stat(Value):
    """The least, the largest, the mean or another figure of an array."""

    kind: str
    array: Array


@dataclass(frozen=True, eq=False)
class Batches(Value):
    """A dataset or generator of images and labels.

    Attributes:
        kind: `dataset`, `generator` (of an ImageDataGenerator), `python` or `sequence`.
        y: Labels; None where it gives none.
        batched: Whether `batch` was applied.
        repeats: Line of an endless `repeat`; 0 where it ends.
        reshuffles: Line of what brings another order in every pass; 0 where the order stays.
        shuffled: Whether samples come at random; None where not known.
        passes: What each finite `repeat` was given, and its line.
        cuts: All of `take` and `skip`, first to last, as `cut` has the first.
        cut: Of `take` and `skip`: number of the set that was cut, the method and its line.
        folder: Of images; empty where not known.
        made: Line of the ImageDataGenerator.
        number: Identity; kept by what changes neither order nor samples.
        origin: The call that made it, with its arguments.
        generator: The ImageDataGenerator.
        size: What `.batch(size)` was given, and its line.
        drops: Whether the last batch is left out where it is incomplete, and the line; None where nothing says so.
        weights: The weight of each image, where they come with one, and the line.
        buffer: Line of a `.shuffle(buffer)`, and whether it shuffles batches; 0 where there is none.
        fixed: Line of what makes a random order the same in every pass; 0 where there is none.
        mixed: Line of a published set, whose images are mixed once, when its files are written; 0 for any other.
        cached: Line of a `.cache()`, and how many changes at random come before it; 0 where there is none.
    """

    kind: str
    x: "Value"
    y: "Value | None"
    line: int
    text: str
    number: int
    batched: bool = True
    repeats: int = 0
    reshuffles: int = 0
    shuffled: bool | None = None
    cut: tuple[int, str, int] | None = None
    folder: str = ""
    subset: str = ""
    seed: Any = None
    made: int = 0
    names: int | None = None
    split: bool = False
    origin: "Made | None" = None
    generator: "Made | None" = None
    size: "tuple[Value, int] | None" = None
    drops: "tuple[Value, int] | None" = None
    weights: "tuple[Value, int] | None" = None
    buffer: tuple[int, bool] = (0, False)
    fixed: int = 0
    mixed: int = 0
    cached: tuple[int, int] = (0, 0)
    passes: "tuple[tuple[Value, int], ...]" = ()
    cuts: tuple[tuple[int, str, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Function(Value):
    """A function or lambda of the script, where it stands, and the object or class it is a method of."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: "Scope"
    owner: "Instance | Class | None" = None


@dataclass(eq=False)
class Class(Value):
    """A class of the script."""

    node: ast.ClassDef
    scope: "Scope"
    bases: list["Value"]
    attributes: dict[str, "Value"] = field(default_factory=dict)


@dataclass(eq=False)
class Instance(Value):
    """An object of a class of the script."""

    made_by: Class
    attributes: dict[str, "Value"] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class External(Value):
    """A name of a library: `tensorflow.keras.layers.Dense`."""

    name: str

    @property
    def short(self) -> str:
        """Last part of the name."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, eq=False)
class Method(Value):
    """`owner.name`, not called yet."""

    owner: "Value"
    name: str
    node: ast.expr | None = None


@dataclass(eq=False)
class Scope:
    """Names of a module or of one call of a function.

    Attributes:
        chance: What decides at random which of its returns is reached; None where nothing does.
    """

    names: dict[str, "Value"]
    outer: "Scope | None" = None
    returns: list["Value"] = field(default_factory=list)
    yields: list["Value"] = field(default_factory=list)
    chance: "Value | None" = None

    def find(self, name: str) -> "Value | None":
        """The value of a name here or outside; None where there is none."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None
