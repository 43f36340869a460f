"""The Keras model that a run has saved."""

import keras

from core.errors import RunError
from core.store.runs import Run


def open_network(run: Run) -> keras.Model:
    """The Keras model in a run's folder.

    Raises:
        RunError: the file is absent or damaged.
    """
    try:
        return keras.saving.load_model(run.path / "model.keras", compile=False, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"the model of run {run.id} cannot be loaded: its model.keras is missing or damaged") from error
