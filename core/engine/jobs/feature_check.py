"""Job of the checks that want features: features of training and validation images, then what they show."""

import dataclasses
import time

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.engine.insight.build_reference import pooled
from core.engine.insight.estimate_labels import why_no_answers
from core.engine.insight.feature_checks import feature_findings
from core.engine.reporter import Reporter
from core.engine.train.context import StopRequested, TrainingContext, make_training_context
from core.feature_check.store import FeatureCheck, check_key
from core.store.job_records import FeatureCheckResult
from core.store.run_records import FindingRecord

_LABELS = ("train-labels-look-wrong", "val-labels-look-wrong")


def check_with_features(reporter: Reporter[FeatureCheck]) -> tuple[str, str]:
    """Checks to the end or to a stop.

    Args:
        reporter: Reporter. Of a check whose worker has just got its turn.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: the dataset or the weights have gone.
    """
    asked = reporter.run.config()
    config = dataclasses.replace(asked, data=dataclasses.replace(asked.data, augmentation="none"))
    reporter.phase("data", "Scanning the dataset.", status="running", started=time.time())
    dataset = open_dataset(config.dataset, config.data, reporter.progress)
    reporter.run.write_settings({**reporter.run.settings(), "key": check_key(asked, dataset)})
    context = make_training_context(config, dataset, reporter)
    try:
        parts = [(name, getattr(dataset.split, name), _features(context, dataset, name)) for name in ("train", "val")]
    except StopRequested:
        return "stopped", "Stopped before the images were checked; the features computed so far are lost."
    reporter.phase("evaluating", "Checking images and labels with the features.")
    found = feature_findings(config, dataset, parts)
    why = why_no_answers(dataset, parts)
    reporter.run.write_result(
        FeatureCheckResult(
            findings=[FindingRecord.model_validate(one.to_dict()) for one in found],
            not_run=dict.fromkeys(_LABELS, why) if why else {},
            images=sum(len(files) for _, files, _ in parts),
        )
    )
    count = "Nothing was" if not found else f"{len(found)} {'finding was' if len(found) == 1 else 'findings were'}"
    return "finished", f"{count} found with features."


def _features(context: TrainingContext, dataset: Dataset, part: str) -> np.ndarray:
    files = getattr(dataset.split, part)
    made = context.features(context.images(files, augmented=False), 0, "Computing features of the images.")
    return pooled(context.base, made, np.arange(len(files)))
