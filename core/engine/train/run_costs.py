"""RunCosts: what is left of a whole run while it trains, and what its parts have taken, kept for the next ones."""

from collections import defaultdict
from collections.abc import Sequence

from core.config import RunConfig
from core.data.dataset import Dataset
from core.engine.train.context import TrainingContext
from core.estimate import measured
from core.estimate.duration import count_size, download_bytes, expected, feature_runtime, head_size
from core.estimate.measured import Cost
from core.models.unfreezing import HEAD, stages


class RunCosts:
    """Foretells and measures the parts of one run.

    Args:
        config: RunConfig.
        dataset: Dataset. Of the run.
    """

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        split = dataset.split
        self._config, self._classes = config, len(dataset.classes)
        self._train, self._val = len(split.train), len(split.val)
        self._all = self._train + self._val + len(split.test)
        self._expected = expected(config, self._train, self._all - self._train, self._classes)
        self._downloads = download_bytes(config) > 0
        self._epochs: dict[str, list[float]] = defaultdict(list)
        self._before: dict[str, float] = defaultdict(float)
        self._found: list[Cost] = []

    def after_data(self) -> float:
        """Seconds of all that follows the look through the dataset."""
        return self._expected.from_phase("data", itself=False)

    def prepared(self, seconds: float) -> None:
        """Notes how long it took until the network stood; a download says nothing of the next run."""
        if not self._downloads:
            self._of_all_images(measured.PREPARE, seconds)

    def from_phase(self, phase: str, context: TrainingContext) -> float:
        """Seconds from the beginning of a phase on, without the features of the validation images, which come first."""
        later = self._expected.from_phase(phase, itself=True)
        return later + (self._features(context, self._missing(context, 0)) if phase == HEAD else 0.0)

    def later(self, phase: str, epochs: int, done: Sequence[float]) -> float:
        """Seconds of epochs of a phase, and of all that follows it.

        Args:
            phase: str.
            epochs: int. Of that phase.
            done: sequence of float. Seconds that its finished epochs took.
        """
        an_epoch = sum(done) / len(done) if done else self._expected.an_epoch(phase)
        return epochs * an_epoch + self._expected.from_phase(phase, itself=False)

    def missing_features(self, phase: str, context: TrainingContext, epoch: int) -> float:
        """Seconds of features that epochs after this one (from 0) of the head still need."""
        return self._features(context, self._missing(context, epoch + 1)) if phase == HEAD else 0.0

    def _missing(self, context: TrainingContext, first: int) -> int:
        """Training images whose features, in the draws of epochs from `first` on, are not in the cache."""
        config = self._config.training
        if config.mode == "end_to_end" and (config.unfreeze_from or config.full_pass):
            return 0
        epochs = config.epochs
        wanted = {context.draw(epoch) for epoch in range(first, epochs)}
        return self._train * len(wanted & set(context.missing_draws(epochs))) if wanted else 0

    def epoch(self, phase: str, seconds: float) -> None:
        """Notes how long an epoch took, features not counted."""
        self._epochs[phase].append(seconds)

    def before_epochs(self, phase: str, seconds: float) -> None:
        """Notes what a phase took before its first epoch: the activations that its epochs go on from."""
        self._before[phase] += seconds

    def finished(self, seconds: float) -> None:
        """Notes how long evaluation and keeping took."""
        self._of_all_images(measured.FINISH, seconds)

    def keep(self, context: TrainingContext) -> None:
        """Adds what was measured to the home's record."""
        name, size = self._config.model.backbone, self._config.data.image_size
        count, seconds = context.extracted
        if count:
            self._found.append(Cost(measured.FEATURES, seconds / count, name, size, feature_runtime(self._config)))
        blocks = {stage.phase: stage.block for stage in stages(self._config)}
        for phase, taken in self._epochs.items():
            self._found.append(self._of_epochs(phase, taken, blocks.get(phase)))
        measured.keep(self._found)

    def _of_epochs(self, phase: str, taken: list[float], block: str | None) -> Cost:
        """The first epoch of several also traces the graph, so it does not count."""
        usual = taken[1:] or taken
        each = (sum(usual) / len(usual) + self._before[phase] / len(taken)) / max(1, self._train)
        training, name, size = self._config.training, self._config.model.backbone, self._config.data.image_size
        if block is None and not (training.mode == "end_to_end" and (training.unfreeze_from or training.full_pass)):
            return Cost(measured.HEAD, each, size=head_size(self._config, self._classes))
        return Cost(measured.IMAGES, each, name, size, training.unfreeze_from if block is None else block)

    def _features(self, context: TrainingContext, images: int) -> float:
        """Seconds of so many images through the backbone; by this very run where it has computed some."""
        count, seconds = context.extracted
        if count:
            return images * seconds / count
        return images * self._expected.a_feature

    def _of_all_images(self, kind: str, seconds: float) -> None:
        name = self._config.model.backbone
        self._found.append(Cost(kind, seconds / max(1, self._all), name, count_size(self._all)))
