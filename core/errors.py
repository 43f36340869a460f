"""Exceptions of the program: UserError and below for what the person can mend, others for faults of the program.

    ParityError
    └── UserError            something the person can put right: shown as one sentence, exit code 1
        ├── ConfigError      a setting outside what is allowed
        ├── DataError        a folder, file or upload that cannot be used
        │   ├── LayoutQuestion   a folder that can be read in several ways
        │   ├── UnreadableImage
        │   └── ImageChanged
        ├── RunError         a run that does not exist or is not in the state the action needs
        ├── WeightsError     weight files that are absent or damaged
        ├── ModelError       a model from elsewhere that is not let in
        └── AccessError      something the person may not do here

Everything else is a fault of the program: its traceback goes to the run's log, exit code 3.
"""


class ParityError(Exception):
    """Base of every error this program raises on purpose."""


class UserError(ParityError):
    """Show the message, never a traceback: it names what came, what is allowed and what to do next."""


class ConfigError(UserError):
    """Change the setting that the message names."""


class DataError(UserError):
    """Choose or repair the dataset, folder or upload that the message names."""


class LayoutQuestion(DataError):
    """Choose how the folder is to be read: the message names the ways and what chooses each.

    Args:
        message: str. The sentence.
        ways: Pairs of the word for `--layout` and what the folder then holds, the likeliest first.
        here: The sentence where the choice stands right below it, without options of commands. Defaults to the same.
    """

    def __init__(self, message: str, ways: tuple[tuple[str, str], ...], here: str = "") -> None:
        super().__init__(message)
        self.ways = ways
        self.here = here or message


class UnreadableImage(DataError):
    """Leave out or repair the image that the message names."""


class ImageChanged(DataError):
    """Put back the image that the message names, or start again with the images as they are."""


class RunError(UserError):
    """Choose another run, or wait until this one is in the state the message names."""


class WeightsError(UserError):
    """Put the weight file that the message names where the message says."""


class ModelError(UserError):
    """Bring another model: the message says what is in this one."""


class AccessError(UserError):
    """Ask whoever runs the app, or run it yourself: the message says which."""
