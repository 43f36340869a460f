"""Assignments on abstract values: names, several at once, attributes, elements of lists, dictionaries and arrays."""

import ast

from core.script.flow import chance, environment, freezing, mappings, options, soft
from core.script.flow.arrays import stacked
from core.script.flow.calling import Calling
from core.script.flow.joining import element_of
from core.script.flow.machine import constant, whole
from core.script.flow.made import Layer, Made
from core.script.flow.networks import LayerRange, Model
from core.script.flow.numbers import as_array
from core.script.flow.objects import (
    LABELS,
    Array,
    Batches,
    Class,
    Const,
    External,
    Instance,
    Items,
    Mapping,
    Scope,
    Unknown,
)
from core.script.flow.options import members_of
from core.script.flow.rates import RATES, set_rate
from core.script.flow.value import Value
from core.script.flow.weights import Weights, weight_of


class Assigning(Calling):
    """Gives names, attributes and elements their values."""

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """`target = value`."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value, scope)
        elif isinstance(target, ast.Attribute):
            self._assign_attribute(target, value, scope)
        elif isinstance(target, ast.Subscript):
            self._assign_item(target, value, scope)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
        count = len(target.elts)
        values: list[Value] = [Unknown("", target.lineno)] * count
        if isinstance(value, Items) and not value.more and len(value.values) == count:
            values = list(value.values)
        elif isinstance(value, Array):
            values = [element_of(value)] * count
        elif isinstance(value, Weights):
            values = [weight_of(value, place) for place in range(count)]
        for part, one in zip(target.elts, values, strict=True):
            if isinstance(part, ast.Starred):
                self.assign(part.value, Unknown("", target.lineno), scope)
            else:
                self.assign(part, one, scope)

    def _assign_attribute(self, target: ast.Attribute, value: Value, scope: Scope) -> None:
        owner = self.evaluate(target.value, scope)
        if isinstance(owner, Array) and target.attr == "shape":
            self.assign(target.value, owner, scope)
        elif isinstance(owner, (Class, Made)) and (members := members_of(owner)) is not None:
            members[target.attr] = Unknown(target.attr, target.lineno) if self.unsure else value
        else:
            self.set_attribute(owner, target.attr, value, target.lineno)

    def set_attribute(self, owner: Value, name: str, value: Value, line: int) -> None:
        """`owner.name = value`, `setattr(owner, name, value)` and `owner.__setattr__(name, value)`."""
        if name in freezing.TRAINABLE and isinstance(owner, (Model, LayerRange, Layer)):
            freezing.set_trainable(self, owner, value, line)
        elif name in freezing.TRAINABLE and isinstance(owner, (Unknown, Items)) and not self.is_uncalled():
            freezing.set_unknown(self, value, line)
        elif name in RATES and isinstance(owner, Made) and owner.kind != options.SETTINGS:
            set_rate(self, owner, value, line)
        elif isinstance(owner, Made):
            options.set_option(self, owner, name, value, line)
        elif isinstance(owner, Batches) and not self.is_uncalled():
            self.set_by_hand.append((line, name))
        elif isinstance(owner, Instance):
            owner.attributes[name] = value
        elif isinstance(owner, Model) and owner.instance is not None:
            owner.instance.attributes[name] = value

    def _assign_item(self, target: ast.Subscript, value: Value, scope: Scope) -> None:
        owner = self.evaluate(target.value, scope)
        if isinstance(owner, Mapping):
            mappings.put(owner, constant(self.evaluate(target.slice, scope)), value)
        elif isinstance(owner, External):
            environment.set_variable(self, owner, self.evaluate(target.slice, scope), value, target.lineno)
        elif isinstance(owner, Weights):
            self.assign(target.value, Unknown("weights", target.lineno), scope)
        elif isinstance(owner, Items):
            self._set_element(owner, target, value, scope)
        elif isinstance(owner, Array):
            filled = self._filled(owner, target, value)
            if isinstance(filled, Array) and self.draws(target.slice, scope):
                filled = chance.changed(filled, target.lineno, self.text(target))
            self.assign(target.value, filled, scope)

    def _set_element(self, owner: Items, target: ast.Subscript, value: Value, scope: Scope) -> None:
        place = whole(self.evaluate(target.slice, scope))
        if place is not None and not owner.more and -len(owner.values) <= place < len(owner.values):
            owner.values[place] = value
        else:
            owner.values[:] = [value]

    def _filled(self, owner: Array, target: ast.Subscript, value: Value) -> Value:
        """An array some of whose elements are set: each in a loop, or all at once."""
        index = target.slice
        all_at_once = (isinstance(index, ast.Slice) and index.lower is None and index.upper is None) or (
            isinstance(index, ast.Constant) and index.value is Ellipsis
        )
        if owner.role == LABELS and isinstance(value, Const):
            return soft.one_end(owner, value, target.lineno)
        array = value if isinstance(value, Array) else as_array(self, value, target.lineno)
        if not isinstance(array, Array) or isinstance(value, Const):
            return owner
        return array if all_at_once else stacked(array)
