"""Who somebody is: name and role, and what is said to whoever may not do something."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from core.access.modes import LOCAL, PUBLIC, mode
from core.access.roles import ROLES, Action
from core.environment import environment
from core.errors import AccessError


@dataclass(frozen=True)
class Person:
    """Somebody at a page.

    Attributes:
        name: str. An e-mail address in a team; else something that tells one browser session from another.
        role: str. One of `ROLES`.
    """

    name: str
    role: str

    def may(self, action: Action) -> bool:
        """Whether the role includes the action."""
        return action in ROLES[self.role]

    def require(self, action: Action, owner: str = "") -> None:
        """Lets the person through, or says why not.

        Args:
            action: Action.
            owner: str. Who started what is to be changed; empty where nobody in particular did.

        Raises:
            AccessError: the role does not include it, or it is somebody else's.
        """
        if not self.may(action):
            raise AccessError(_refusal(self, action))
        if owner and owner != self.name and not self.may(Action.MANAGE):
            raise AccessError("This was started by another user; only they or an administrator may change it.")

    def require_own(self, action: Action, owner: str) -> None:
        """As `require`, for what cannot be had again: of what nobody in particular started only an administrator.

        Args:
            action: Action.
            owner: str. Who started what is to be changed; empty where nobody in particular did.

        Raises:
            AccessError: the role does not include it, or it is not this person's.
        """
        self.require(action, owner)
        if not owner and not self.may(Action.MANAGE):
            raise AccessError("You did not start this from a page; only an administrator may change it.")


COMMAND_LINE = Person("", "operator")
"""Whoever sits at the command line: no mode has limits for it, and what it starts is nobody's in particular."""


def person_of(email: str, session: str) -> Person:
    """Who somebody is, by what the server knows of them.

    Args:
        email: str. As the login or the reverse proxy says; empty where nobody has logged in.
        session: str. Tells this browser session from others.

    Raises:
        ConfigError: see `core.access.modes.mode`.
    """
    now = mode()
    if now == LOCAL:
        return Person("operator", "operator")
    if now == PUBLIC:
        return Person(session, "visitor")
    address = email.strip().casefold()
    for role, patterns in _lists().items():
        if address and any(fnmatchcase(address, pattern) for pattern in patterns):
            return Person(address, role)
    return Person(address, "stranger")


def has_lists() -> bool:
    """Whether anybody is named for a team."""
    return any(_lists().values())


def _lists() -> dict[str, tuple[str, ...]]:
    """Who has which role in a team; the first list that names somebody counts."""
    found = environment()
    return {"admin": found.admins, "trainer": found.trainers, "viewer": found.viewers}


def _refusal(person: Person, action: Action) -> str:
    match person.role:
        case "visitor":
            return f"This public demonstration does not allow you to {action}. Run Parity on your own machine."
        case "stranger":
            if not person.name:
                return "You are not logged in. Log in; if you have, the proxy does not pass on your identity."
            return f"{person.name} is not on this team's lists; ask the operator of this app to add the address."
        case role:
            return f"Your role is {role}, which may not {action}; ask an administrator."
