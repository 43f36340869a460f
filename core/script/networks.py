"""Networks that a pasted script makes: its backbones, which call made a model, and of which layers a model is."""

import ast
from functools import cached_property

from core.script.parts import BACKBONE
from core.script.reader import Call, Location, Script


class Networks:
    """The models of a script, by the calls that make them.

    Args:
        script: Script.
    """

    def __init__(self, script: Script) -> None:
        self.script = script

    @cached_property
    def backbones(self) -> list[Call]:
        """Calls that make a pretrained network."""
        return [call for call in self.script.calls if BACKBONE.match(call.short)]

    def model_of(self, call: Call) -> Call | None:
        """The call that made the model whose method is called."""
        return self.script.at(self.script.receiver(call)[0])

    def structure(self, node: ast.expr, location: Location) -> str:
        """How `.layers` of a model are numbered.

        Returns:
            `backbone` (the backbone's own layers), `flat` (those, then the head's), `nested` (the backbone is one
            layer among others), or empty where the script does not tell.
        """
        call = self.script.call_of(node, location)
        if call is None:
            return ""
        if call in self.backbones:
            return "backbone"
        if call.short == "Sequential":
            return "nested" if any(item in self.backbones for item in self.items(call)) else ""
        if call.short == "Model":
            inputs = self.script.origin(self.script.argument(call, "inputs").node, call.location)[0]
            if isinstance(inputs, ast.Subscript):
                inputs = inputs.value
            if isinstance(inputs, ast.Attribute) and self.script.call_of(inputs.value, call.location) in self.backbones:
                return "flat"
            return "nested" if self._is_called else ""
        return ""

    def items(self, sequential: Call) -> list[Call]:
        """The layers of a Sequential: those in its list, and those added."""
        given = self.script.argument(sequential, "layers").node
        listed = given.elts if isinstance(given, (ast.List, ast.Tuple)) else []
        found = [self.script.call_of(item, sequential.location) for item in listed]
        for call in self._added.get(id(sequential), []):
            found.append(self.script.call_of(self.script.argument(call, "layer").node, call.location))
        return [item for item in found if item is not None]

    def is_in_sequential(self, layer: Call) -> bool:
        """Whether a layer belongs to a Sequential."""
        return id(layer) in self._sequentials

    def container(self, layer: Call) -> object:
        """What a layer belongs to: the Sequential it is in, else the function it stands in."""
        return self._sequentials.get(id(layer), layer.location.scope)

    @cached_property
    def _added(self) -> dict[int, list[Call]]:
        """The calls of `add`, by the Sequential they add to."""
        added: dict[int, list[Call]] = {}
        for call in self.script.find("add"):
            added.setdefault(id(self.model_of(call)), []).append(call)
        return added

    @cached_property
    def _is_called(self) -> bool:
        """Whether the backbone is called as a layer: `base(x)`."""
        return any(
            isinstance(call.node.func, ast.Name)
            and self.script.call_of(call.node.func, call.location) in self.backbones
            for call in self.script.calls
        )

    @cached_property
    def _sequentials(self) -> dict[int, int]:
        made = self.script.find("Sequential")
        return {id(item): id(sequential) for sequential in made for item in self.items(sequential)}
