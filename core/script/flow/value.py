"""What every abstract value of a script that is followed is."""


class Value:
    """A value that is known as far as the text of the script tells; its kinds are the classes below this one."""

    __slots__ = ()
