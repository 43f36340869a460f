"""Settings of the section `model`: the backbone and the head on top of it."""

from dataclasses import dataclass

from core.notation.head import Head, convert_head, head_record, read_head, short_form
from core.setting import Notation, check_section, setting_field


@dataclass(frozen=True)
class ModelConfig:
    """The backbone and the head on top of it."""

    backbone: str = setting_field(
        "EfficientNetLite0", "Backbone", "The pretrained network (ImageNet) that computes features of the image."
    )
    weights: str = setting_field(
        "imagenet",
        "Backbone weights",
        "imagenet: pretrained. none: random initialisation from the data seed (for experiments).",
        choices=("imagenet", "none"),
    )
    pooling: str = setting_field(
        "average",
        "Pooling",
        "average: global average pooling (small head, learns fast). max: global max pooling. flatten: the whole "
        "feature map (as in the demo; many more weights).",
        choices=("average", "max", "flatten"),
    )
    dense_units: int = setting_field(
        0, "Hidden units", "Units of the head's hidden layer. 0: no hidden layer.", low=0,
        high=4096,
    )  # fmt: skip
    dropout: float = setting_field(0.2, "Dropout", "Dropout rate before each layer of the head.", low=0, high=0.95)
    head: str = setting_field(
        "",
        "Layers of the head",
        "The head as a list of layers between the features and the output, such as `dense 256 relu, batch_norm, "
        "dropout 0.5, dense 64 relu l2=0.001`, or as JSON. Replaces the two settings above. Empty: the two settings "
        "above. none: no layers.",
        notation=Notation(convert_head, head_record),
    )

    def __post_init__(self) -> None:
        check_section(self, "model")
        if self.head:
            head, pooling = read_head(self.head)
            whole = {"head": head.text(), "pooling": pooling or self.pooling, "dense_units": 0, "dropout": 0.0}
            for name, value in whole.items():
                object.__setattr__(self, name, value)  # frozen, and still being made

    @property
    def whole_head(self) -> Head:
        """The head as its layers, whether it was given as a list or by its short form."""
        return read_head(self.head)[0] if self.head else short_form(self.dense_units, self.dropout)
