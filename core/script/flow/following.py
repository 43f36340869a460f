"""Follows a script's values from its first line to its last: the trainings, questions and notes that it leads to."""

from core.script.flow.statements import Statements
from core.script.reader import Script


def follow(script: Script) -> Statements:
    """Everything that happens in a script, as far as its text tells; bounded in steps and depth, nothing is run."""
    machine = Statements(script.text)
    machine.follow(script.tree)
    return machine
