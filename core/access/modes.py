"""Who is served: one person (local), a team, or the public.

Nothing is detected by magic: `PARITY_MODE` says it, and what is not allowed is refused in the function that would do
it, whether or not a button for it was drawn. The command line is the operator's and asks none of this.
"""

from core.environment import MODES, environment

LOCAL, TEAM, PUBLIC = MODES


def mode() -> str:
    """The mode that `PARITY_MODE` names; `local` when it names none.

    Raises:
        ConfigError: there is no such mode.
    """
    return environment().mode
