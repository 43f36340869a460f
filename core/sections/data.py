"""Settings of the section `data`: which images the network sees, how they are prepared, and in which order."""

from dataclasses import dataclass

from core.errors import ConfigError
from core.notation.augmentation import PRESETS as AUGMENTATIONS
from core.notation.augmentation import augmentation_record, read_augmentation
from core.setting import Notation, check_section, setting_field


@dataclass(frozen=True)
class DataConfig:
    """Which images the network sees, how they are prepared, and in which order."""

    image_size: int = setting_field(
        224, "Image size", "Side in pixels to which images are resized (width and height).", low=16, high=1024
    )
    fit: str = setting_field(
        "stretch",
        "Fit to the square",
        "How images become square. stretch: without keeping the aspect ratio. letterbox: keeps the aspect ratio, "
        "with bars in the mean colour of the edges. letterbox_black: with black bars. crop: the centre square only.",
        choices=("stretch", "letterbox", "letterbox_black", "crop"),
    )
    window: str = setting_field(
        "full",
        "Window of deep images",
        "Which values of greyscale images of more than 8 bits are mapped to black and white, the same for all images. "
        "full: the range that the file can hold; for DICOM, the window given in the file. percentile: the 0.5th to the "
        "99.5th percentile of the values of the training and validation images. fixed: the two values below.",
        choices=("full", "percentile", "fixed"),
    )
    window_low: float = setting_field(
        0.0,
        "Window from",
        "Value mapped to black; fixed window only. For CT images in Hounsfield units.",
        low=-999_999,
        high=999_999,
    )
    window_high: float = setting_field(
        65535.0, "Window to", "Value mapped to white; fixed window only.", low=-999_999, high=999_999
    )
    batch_size: int = setting_field(32, "Batch size", "Images per training step.", low=1, high=1024)
    shuffle: str = setting_field(
        "samples",
        "Shuffle",
        "samples: a new random order of the images in every epoch. batches: batches of neighbours on disk, in random "
        "order (what Keras does with a `Sequence`). none: off; the order on disk, class by class.",
        choices=("samples", "batches", "none"),
    )
    sampling: str = setting_field(
        "all",
        "Sampling",
        "Which training images an epoch uses. all: each image once. balanced: as many images as there are, the same "
        "number of each class; of a frequent class a random part, different in every epoch, of a rare class the same "
        "images several times. Balanced accuracy rose on one of two sets with rare classes, as "
        "with class weights (docs/defaults.md).",
        choices=("all", "balanced"),
    )
    augmentation: str = setting_field(
        "none",
        "Augmentation",
        "Random changes to the training images. light: small shifts, rotations and brightness changes, no flip. "
        "medical: slightly stronger, with zoom and contrast, no flip. strong: crops, rotations, shear, colours and a "
        "horizontal flip. question: shear 0.2 degrees, zoom 0.8 to 1.2, horizontal flip. Or a list of steps with "
        "ranges: `flip horizontal, rotation -20..20, shift 0.1, zoom 0.8..1.2, shear 10, crop 0.8..1, "
        "brightness 0.8..1.2, contrast 0.2, channel_shift 20`, in any order (docs/augmentation.md).",
        choices=AUGMENTATIONS,
        notation=Notation(read_augmentation, augmentation_record),
    )
    augmentation_draws: int = setting_field(
        0,
        "Augmented copies per image",
        "Number of augmented versions of each image. 0: a new one in every epoch. 1: one fixed version. n: n "
        "versions in rotation.",
        low=0,
        high=1000,
    )
    preprocessing: str = setting_field(
        "backbone",
        "Preprocessing",
        "How pixel values 0..255 are scaled. backbone: as in the backbone's own training (recommended). rescale: "
        "divided by 255. none: unchanged. The last two are for reproducing other people's scripts.",
        choices=("backbone", "rescale", "none"),
    )
    drop_remainder: bool = setting_field(
        False,
        "Drop the last partial batch",
        "Drops the last batch of each epoch if it is incomplete, as `n // batch_size` steps do.",
    )
    validation_split: float = setting_field(
        0.2,
        "Validation fraction",
        "Fraction of the images held out for validation if the dataset has no val folder.",
        low=0.01,
        high=0.9,
    )
    group_pattern: str = setting_field(
        "auto",
        "Group pattern",
        "Files of one group (such as a patient) stay in one split. auto: recognises common patient names and copies "
        "named by Roboflow. Empty: no groups. Otherwise a regular expression whose first group is the name.",
    )
    positive_class: str = setting_field(
        "",
        "Positive class",
        "With two classes, the class whose probability the model outputs; sensitivity, AUC, threshold, reports and "
        "exports refer to it. Empty: the second in alphabetical order. Not used with more classes.",
    )
    seed: int = setting_field(
        1, "Data seed", "Seed of the split, the augmentation and mixup (the training seed decides the order).", low=0,
        high=2**31 - 1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_section(self, "data")
        if self.window == "fixed" and self.window_low >= self.window_high:
            raise ConfigError(
                f"data.window_low is {self.window_low:g} and data.window_high is {self.window_high:g}; the first has "
                "to be the lower one"
            )
