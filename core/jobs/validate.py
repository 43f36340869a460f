"""Validates a run's configuration before a worker starts: dataset, weights, sizes; raises what is wrong."""

import dataclasses

from core import paths
from core.config import RunConfig
from core.data.dataset import SAMPLE, Dataset, locate, open_dataset
from core.data.sample import sample_is_ready
from core.models import catalogue
from core.models.fetch import require_reachable
from core.models.runtime_use import require_runtime
from core.models.unfreezing import require_blocks
from core.progress import Progress


def validate_config(config: RunConfig, progress: Progress | None = None) -> tuple[RunConfig, Dataset | None]:
    """Checks a configuration against the catalogue and its dataset.

    Args:
        config: RunConfig. Valid in itself.
        progress: callable of (done, total) files looked at. Defaults to none.

    Returns:
        The configuration as it will run (backbone by its proper name, folder absolute) and the dataset; None for
        the sample set while it is not drawn yet: the worker draws it, and it is known to be sound.

    Raises:
        UserError: one sentence on what to change.
    """
    config = check_model(config)
    if config.dataset == SAMPLE and not sample_is_ready(paths.samples_folder()):
        return config, None
    dataset = open_dataset(config.dataset, config.data, progress)
    if config.dataset != SAMPLE:
        config = dataclasses.replace(config, dataset=str(locate(config.dataset).resolve()))
    return config, dataset


def check_model(config: RunConfig) -> RunConfig:
    """Checks backbone, image size, block to unfreeze and weights; returns the configuration with the proper name.

    Raises:
        ConfigError: there is no such backbone or block, too few blocks for the stages, the image is too small, or the
            runtime cannot be used.
        WeightsError: the weights are not on this machine and cannot be fetched.
    """
    row = catalogue.find(config.model.backbone)
    catalogue.require_size(row, config.data.image_size)
    require_blocks(config)
    require_runtime(config)
    if config.model.weights == "imagenet" and catalogue.find_weights(row) is None:
        require_reachable(row)
    return dataclasses.replace(config, model=dataclasses.replace(config.model, backbone=row.name))
