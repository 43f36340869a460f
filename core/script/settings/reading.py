"""All settings of a script that was followed, one reader a subject."""

from core.script.settings.augmentation import fill_augmentation
from core.script.settings.callbacks import fill_callbacks
from core.script.settings.collected import Collected
from core.script.settings.head import fill_head
from core.script.settings.images import fill_images
from core.script.settings.mixing import fill_mixing
from core.script.settings.network import fill_network
from core.script.settings.no_setting import fill_no_setting
from core.script.settings.pixels import fill_pixels
from core.script.settings.positive import fill_positive
from core.script.settings.sampling import fill_sampling
from core.script.settings.several import fill_several
from core.script.settings.stages import fill_stages
from core.script.settings.story import Story
from core.script.settings.task import fill_other_learner, fill_task
from core.script.settings.training import fill_training


def read_settings(story: Story, version: tuple[int, ...]) -> tuple[Collected, dict[str, str]]:
    """Reads every setting of a run.

    Args:
        story: Story. What the script trains in the end.
        version: tuple of int. The version of Keras it is for; the latest where none is known.

    Returns:
        The settings; and the order of the samples by version of Keras, empty where the script does not tell.
    """
    found, order = _read(story, version)
    fill_stages(story, found, lambda one: _read(one, version)[0])
    fill_several(story, found, lambda one: _read(one, version)[0])
    return found, order


def _read(story: Story, version: tuple[int, ...]) -> tuple[Collected, dict[str, str]]:
    found = Collected(story.course.script)
    fill_task(story, found)
    order = fill_images(story, found, version)
    fill_sampling(story, found)
    fill_positive(story, found)
    fill_augmentation(story, found)
    fill_mixing(story, found)
    fill_pixels(story, found)
    fill_network(story, found)
    fill_head(story, found)
    fill_training(story, found)
    fill_callbacks(story, found)
    fill_no_setting(story, found)
    fill_other_learner(story, found)
    return found, order
