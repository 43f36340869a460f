"""Data classes for the parts of a training script, and the names that Keras has for them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.script.reader import Call, Script, Value

BACKBONE = re.compile(
    r"(VGG1[69]|(ResNet|DenseNet|MobileNet|NASNet|ConvNeXt|EfficientNet|RegNet)[A-Za-z0-9]*|Inception(V3|ResNetV2)|"
    r"Xception)$"
)
"""Names of the functions in `keras.applications`."""

FLOWS = ("flow_from_directory", "flow", "flow_from_dataframe", "image_dataset_from_directory")
FITS = ("fit", "fit_generator")
PREDICTS = ("predict", "predict_generator")
POOLS = ("Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "GlobalAvgPool2D", "GlobalMaxPool2D")
LAYERS = ("Dense", "Dropout", "Activation", "BatchNormalization", *POOLS)
RANDOM = ("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness")
PARTS = ("train", "training", "val", "valid", "validation", "test", "testing", "dev")
"""Folders of a part of the images."""
PREPARING = ("Rescaling", "Normalization", "Resizing", *RANDOM)


_MOST_MISSING = 10
"""Names of one argument that a person is told of."""


@dataclass(frozen=True, eq=False)
class Flow:
    """A source of batches: the call that makes it, its ImageDataGenerator, and what is chained behind it."""

    call: Call
    generator: Call | None
    chain: tuple[Call, ...] = ()

    @property
    def is_dataset(self) -> bool:
        """Whether it is a tf.data Dataset, which `fit` takes in its own order."""
        return self.call.short == "image_dataset_from_directory"


@dataclass(frozen=True, eq=False)
class Fit:
    """A training: of which model, on what."""

    call: Call
    feed: Flow | None
    val: Flow | None
    with_backbone: bool
    labels: ast.expr | None


@dataclass(frozen=True, eq=False)
class Head:
    """Layers after the backbone, in order."""

    pools: list[Call] = field(default_factory=list)
    dense: list[Call] = field(default_factory=list)
    dropouts: list[Call] = field(default_factory=list)
    other: list[Call] = field(default_factory=list)

    @property
    def output(self) -> Call | None:
        """The last Dense layer."""
        return self.dense[-1] if self.dense else None

    @property
    def hidden(self) -> list[Call]:
        """The Dense layers before it."""
        return self.dense[:-1]


def is_noise(name: str) -> bool:
    """Whether a layer is one that the program's head has no setting for."""
    return name in ("SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Conv2D", "MaxPooling2D")


def targets(script: Script, flow: Flow) -> list[str]:
    """Names that a source of batches is given."""
    return script.names_of(flow.call.node)


def missing(script: Script, value: Value) -> list[str]:
    """Names in an argument that the script does not define."""
    if value.known:
        return []
    return [name for name in dict.fromkeys(names_in(value.node)) if not script.is_defined(name)][:_MOST_MISSING]


def rounds_down(script: Script, call: Call, name: str) -> bool:
    """Whether an argument is `n // batch_size`, or `int(n / batch_size)`, without one for the rest."""
    node = script.origin(script.argument(call, name).node, call.location)[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "int" and node.args:
        return isinstance(node.args[0], ast.BinOp) and isinstance(node.args[0].op, ast.Div)
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv)


def names_in(node: ast.AST | None) -> Iterator[str]:
    """Names that an expression uses."""
    for inner in ast.walk(node) if node is not None else ():
        if isinstance(inner, ast.Name):
            yield inner.id
