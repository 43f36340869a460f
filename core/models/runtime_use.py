"""Whether a run can use the runtime that it asks for: said before the start, in one sentence."""

from core.config import RunConfig
from core.errors import ConfigError
from core.sections.runtimes import INSTALL, OPENVINO, has_openvino

_BACK = "set training.runtime=tensorflow"


def require_runtime(config: RunConfig) -> None:
    """Refuses a runtime that is not installed, or that this run has no use for.

    Raises:
        ConfigError: one sentence on what to change.
    """
    training = config.training
    if training.runtime != OPENVINO:
        return
    why = ""
    if not training.takes_features and training.literal:
        why = f"training.literal passes every image through TensorFlow in every step; {_BACK} or training.literal=false"
    elif not training.takes_features and training.is_frozen:
        why = f"training.mixup mixes images in every step, which TensorFlow passes on; {_BACK} or training.mixup=0"
    elif not training.takes_features:
        why = (
            f"the backbone is trained from the first epoch on (training.unfreeze_from is {training.unfreeze_from}), "
            f"which TensorFlow does; {_BACK}"
        )
    elif training.precision != "float32":
        why = f"OpenVINO computes features in float32 here; {_BACK} or training.precision=float32"
    elif not has_openvino():
        why = f"OpenVINO is not installed here; {INSTALL}, or {_BACK}"
    if why:
        raise ConfigError(f"training.runtime is openvino, but {why}")
