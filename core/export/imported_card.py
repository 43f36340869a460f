"""What the card and the report of a model from elsewhere say: what its file shows, and that nothing else is known.

Its configuration says how Parity asks it: the network, weights and training that a configuration has by default are
not those of the file. All texts are as they are read, without Markdown.
"""

from core.data.file_names import display_name
from core.data.set_names import set_name
from core.store.run_records import Manifest
from core.workers.try_model_client import PLAIN_NOTES

TRAINING = "Nothing is known of its training: its images, its settings, how long it took and who did it."

LIMIT = (
    "Its training images are not known: if it was trained on some of the images that it was evaluated on, the metrics "
    "are too high."
)

UNKNOWN = "Imported model; its network, weights and training are not known"


def what_is_known(manifest: Manifest) -> str:
    """What the file shows of the model, in sentences."""
    known = manifest.imported
    said = ["It was imported into Parity, not trained there. Nothing is known of its network and weights but this."]
    if isinstance(known.get("parameters"), int):
        said.append(f"It has {known['parameters']:,} parameters.")
    if isinstance(known.get("outputs"), int):
        said.append(f"Its last layer gives {known['outputs']} {'number' if known['outputs'] == 1 else 'numbers'}.")
    if known.get("pixels"):
        said.append(f"Inside, it computes with pixels scaled to {known['pixels']}.")
    if known.get("sha256"):
        said.append(f"SHA-256 of the imported file: {known['sha256']}.")
    return " ".join([*said, *(note for note in _notes(manifest) if note in PLAIN_NOTES)])


def doubts(manifest: Manifest) -> list[str]:
    """Reasons to doubt its predictions that were found when it was imported."""
    return [note for note in _notes(manifest) if note not in PLAIN_NOTES]


def evaluated_on(manifest: Manifest) -> str:
    """Name of the dataset that it was evaluated on; never where that lies."""
    return display_name(set_name(manifest.root)) if manifest.root else "unknown"


def _notes(manifest: Manifest) -> list[str]:
    notes = manifest.imported.get("notes")
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []
