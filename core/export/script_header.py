"""The words at the beginning of an exported script: what it repeats, from what it starts, what it writes."""

import textwrap
import time

from core.config import RunConfig
from core.data.preprocessing import PREPROCESSING
from core.models import catalogue
from core.models.setting_words import of_weights
from core.sections.runtimes import TENSORFLOW, TITLES
from core.store.runs import Run

_PREPROCESSING_WORDS = {"backbone": "", "rescale": "pixels / 255", "none": "pixels as they are, 0 to 255"}

_READERS = {"DICOM": "pydicom for the DICOM files", "HEIF": "pillow-heif for the HEIC files"}


def script_header(run: Run, config: RunConfig, base_name: str, formats: set[str]) -> str:
    """The script's docstring.

    Args:
        run: Run.
        config: RunConfig. Its settings.
        base_name: str. Name of the file with the model that it starts from.
        formats: set of str. Formats of images that need a package.
    """
    row, training = catalogue.find(config.model.backbone), config.training
    name = run.title().replace("\\", "/").replace('"', "'")  # a person's words must not end the text
    stages = f" in {training.finetune_stages} stages" if training.finetune_stages > 1 else ""
    how = {
        "bottleneck": "its head trained on saved features",
        "end_to_end": "trained end to end",
        "fine_tune": f"first its head, then its upper layers trained{stages}",
    }[training.mode]
    prepared = _PREPROCESSING_WORDS[config.data.preprocessing] or _preprocessing(row.preprocessing)
    weights = of_weights(config.model.weights)
    made = time.strftime("%Y-%m-%d", time.gmtime())
    paragraphs = [
        f'Repeats the run "{name}": {row.name} with {weights}, {how}.',
        "    python {this file} [FOLDER OF THE IMAGES]",
        f"Written by Parity on {made} from run {run.id}; it does not need Parity. {_versions(run)}"
        + "".join(f" It needs {_READERS[kind]}." for kind in sorted(formats & _READERS.keys())),
        f"It starts from {base_name}, which lies beside it: {row.name} up to its features ({config.model.pooling} "
        f"pooling), with {weights}, and its preprocessing as first layers: {prepared}.",
        "It writes the trained model (raw RGB pixels in, probabilities out) and the history beside itself, and says "
        "how far the history is from the run's. On the processor and with the versions of the run that should be 0.",
    ]
    if training.runtime != TENSORFLOW and training.takes_features:
        paragraphs[-1] += (
            f" Its features were computed by {TITLES[training.runtime]}, whose numbers differ from TensorFlow's by "
            "about a millionth: the history will be near the run's, not equal to it."
        )
    wrapped = [p if p.startswith(" ") else textwrap.fill(p, 100, break_long_words=False) for p in paragraphs]
    return '"""' + "\n\n".join(wrapped) + '\n"""\n'


def _preprocessing(kind: str) -> str:
    rule = PREPROCESSING[kind]
    order = ", in the order blue, green, red" if rule.bgr else ""
    scale, offset = (
        ", ".join(f"{v:.6g}" for v in (values if len(set(values)) > 1 else values[:1]))
        for values in (rule.scale, rule.offset)
    )
    return f"pixels * ({scale}) + ({offset}){order}"


def _versions(run: Run) -> str:
    """The versions that the run's trace tells of."""
    record = run.trace()
    names = {"tensorflow": "TensorFlow", "keras": "Keras", "numpy": "numpy", "pillow": "Pillow"}
    versions = record.versions(names) if record else []
    return f"The run had {', '.join(versions)}." if versions else ""
