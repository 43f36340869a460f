"""What a followed script trains in the end: which trainings count, on which images, through which network."""

from dataclasses import dataclass
from functools import cached_property

from core.script.flow.freezing import backbones_in
from core.script.flow.machine import is_value
from core.script.flow.made import Layer, Made
from core.script.flow.networks import Ask, Compile, Fit, Model, Trains
from core.script.flow.objects import FEATURES, Array, Batches
from core.script.flow.training_calls import images_of
from core.script.flow.value import Value
from core.script.layers import LAYER_COUNTS
from core.script.settings.trainings import callbacks_of, is_alike, is_for_validation, last_turn
from core.script.value_rules.views import Course, View


@dataclass
class Story:
    """The trainings of a script as one run would repeat them.

    Attributes:
        trainings: Those that it is about; None for all.
    """

    course: Course
    trainings: tuple[Fit, ...] | None = None

    @cached_property
    def fits(self) -> list[Fit]:
        """Trainings of the model that the script ends with, and of others around the same backbone, in order."""
        if self.trainings is not None:
            return list(self.trainings)
        known = self.course.fits or [one for one in self.course.machine.strange if isinstance(one, Fit)]
        known = [one for one in known if not one.uncalled] or known
        if not known:
            return []
        last = known[-1]
        known = known[last_turn(known) :]
        bases = {id(one) for one in self._bases(last)}
        return [one for one in known if one.model is last.model or bases & {id(base) for base in self._bases(one)}]

    @property
    def first(self) -> Fit | None:
        """The first of them."""
        return self.fits[0] if self.fits else None

    @property
    def last(self) -> Fit | None:
        """The last of them, which makes the model that the script ends with."""
        return self.fits[-1] if self.fits else None

    def _bases(self, fit: Fit) -> list[Model]:
        passed = [by for by, _ in self.course.of_fit(fit).passed if isinstance(by, Model) and by.kind == "backbone"]
        return passed or backbones_in(fit.model)

    @cached_property
    def asked(self) -> Ask | None:
        """The question by which features are saved that the last training is on."""
        asks = [one for one in self.course.asks if one.kind == "predict" and self._extracts(one)]
        if self.last is not None and not self.last.uncalled:
            asks = [one for one in asks if not one.uncalled]
        if self.last is None:
            return next(iter(asks), None)
        x = images_of(self.last.x)
        if isinstance(x, Array) and x.role == FEATURES:
            by = [one for one in asks if one.model is x.of and (one.x is x.feed or images_of(one.x) is x.feed)]
            return next(iter(by or [one for one in asks if one.model is x.of] or asks), None)
        return next(iter(asks), None) if not self._bases(self.last) else None

    def _extracts(self, ask: Ask) -> bool:
        view = self.course.view(ask.model, images_of(ask.x))
        has_base = any(isinstance(by, Model) and by.kind == "backbone" for by, _ in view.passed)
        return has_base and (view.out is None or ask.model.kind == "backbone") and not ask.model.fits

    @cached_property
    def view(self) -> View | None:
        """What the images go through up to the backbone: the model that is trained, or that saves features."""
        if self.asked is not None:
            return self.course.view(self.asked.model, images_of(self.asked.x))
        return self.course.of_fit(self.last) if self.last is not None else None

    @cached_property
    def base(self) -> Model | None:
        """The pretrained network; None where there is none."""
        if self.view is not None:
            passed = [by for by, _ in self.view.passed if isinstance(by, Model) and by.kind == "backbone"]
            if passed:
                return passed[0]
        made = [one for one in self.course.machine.models if one.kind == "backbone"]
        is_whole = self.last is not None and self.last.model.kind in ("sequential", "functional", "subclass")
        return made[-1] if made and not (is_whole and self.asked is None and self.head) else None

    @cached_property
    def bases(self) -> list[Model]:
        """All pretrained networks that the images of one training go through."""
        passed = self.view.passed if self.view is not None else ()
        found = [by for by, _ in passed if isinstance(by, Model) and by.kind == "backbone"]
        return list({id(one): one for one in found}.values())

    @cached_property
    def front(self) -> list[Layer]:
        """Layers before the backbone."""
        return [by for by in self._split[0] if isinstance(by, Layer)]

    @cached_property
    def head(self) -> list[Layer]:
        """Layers behind it, and those of the model that is trained on its features."""
        found = [by for by in self._split[1] if isinstance(by, Layer)]
        if self.asked is not None and self.last is not None:
            found += [by for by, _ in self.course.of_fit(self.last).passed if isinstance(by, Layer)]
        if not found and self.view is None:
            made = [one for one in self.course.machine.models if one.kind == "sequential"]
            found = [one for one in made[-1].layers if isinstance(one, Layer)] if made else []
        return found

    @cached_property
    def _split(self) -> tuple[list[Value], list[Value]]:
        passed = [by for by, _ in self.view.passed] if self.view is not None else []
        where = next((k for k, by in enumerate(passed) if isinstance(by, Model) and by.kind == "backbone"), -1)
        return passed[: max(where, 0)], passed[where + 1 :]

    @cached_property
    def mode(self) -> str:
        """`bottleneck`, `end_to_end`, `fine_tune`, or empty where the script does not tell."""
        if self.last is None:
            return "bottleneck" if self.asked is not None else ""
        x = images_of(self.last.x)
        if self.asked is not None and not self._bases(self.last):
            return "bottleneck"
        if self.unfreezing is not None:
            return "fine_tune"
        if self.base is not None:
            return "end_to_end"
        return "bottleneck" if isinstance(x, Array) and x.role == FEATURES else ""

    @cached_property
    def unfreezing(self) -> Fit | None:
        """The first training in which layers of the backbone learn that did not before."""
        base = self.base
        if base is None:
            return None
        before = self.opened(self.fits[0]) if self.fits else None
        for fit in self.fits[1:]:
            now = self.opened(fit)
            if before is not None and now is not None and now != before and any(now):
                return fit
        return None

    def opened(self, fit: Fit) -> tuple[bool, ...] | None:
        """Which layers of the backbone learn in a training; None where that is not known."""
        if self.base is None:
            return None
        state = self._begun(fit).trains.get(id(self.base))
        if state is None:
            return (True,) * LAYER_COUNTS.get(self.base.name, 1)
        return None if state.why and not any(state.layers) else state.layers

    def trains(self, fit: Fit | None) -> Trains | None:
        """Which layers of the backbone learn in a training; None where the script sets none."""
        if self.base is None:
            return None
        return self._begun(fit).trains.get(id(self.base)) if fit is not None else self.base.trains

    def _begun(self, fit: Fit) -> Fit:
        """The first training since the model was compiled: Keras decides there which layers learn, and what is set
        later has no effect."""
        return self.continued(fit)[0]

    def continued(self, fit: Fit) -> list[Fit]:
        """A training and those before it that it continues: of the same model, compiled once."""
        if fit.compiled is None:
            return [fit]
        before = self.fits[: self.fits.index(fit) + 1] if fit in self.fits else [fit]
        mark = fit.compiled.mark
        return [
            one for one in before
            if one.model is fit.model and one.compiled is not None and one.compiled.mark is mark
        ]  # fmt: skip

    @property
    def tuned(self) -> list[Fit]:
        """The trainings after unfreezing."""
        if self.unfreezing is None:
            return []
        return self.fits[self.fits.index(self.unfreezing) :]

    @cached_property
    def phases(self) -> list[list[Fit]]:
        """The trainings that one run repeats, in order: those before unfreezing and those after it; without unfreezing
        those of one model, compiled again or not."""
        return [[one for one in part if is_alike(one, part[-1])] for part in self._parts]

    @cached_property
    def left_out(self) -> list[Fit]:
        """Trainings among them on other images."""
        return [one for part in self._parts for one in part if not is_alike(one, part[-1])]

    @cached_property
    def _parts(self) -> list[list[Fit]]:
        if self.unfreezing is not None:
            return [[one for one in self.fits if one not in self.tuned], self.tuned]
        last = self.last
        return [[one for one in self.fits if one.model is last.model]] if last is not None else []

    @cached_property
    def stages(self) -> list[list[Fit]]:
        """The trainings after unfreezing, those with the same layers together."""
        found: list[list[Fit]] = []
        for fit in self.phases[1] if self.unfreezing is not None else []:
            if found and self.opened(found[-1][-1]) == self.opened(fit):
                found[-1].append(fit)
            else:
                found.append([fit])
        return found

    @cached_property
    def feed(self) -> Value | None:
        """What the images of the training come as: batches, or an array."""
        if self.asked is not None:
            return self.asked.x
        return self.last.x if self.last is not None else None

    @cached_property
    def batches(self) -> Batches | None:
        """The batches of images that are trained on, or whose features are saved; a script without a training has
        those that it makes first."""
        if isinstance(self.feed, Batches):
            return self.feed
        made = [one for one in self.course.machine.sources if not is_for_validation(one)]
        images = images_of(self.feed) if self.feed is not None else None
        if isinstance(images, Array):
            number = images.source.number
            return next((one for one in self.course.machine.sources if one.number == number), None)
        return next(iter(made), None) if self.feed is None else None

    @cached_property
    def arrived(self) -> Array | None:
        """The images as the backbone gets them."""
        if self.view is None:
            return None
        for by, array in self.view.passed:
            if by is self.base:
                text, line = getattr(array, "text", "images"), getattr(array, "line", 0)
                return array if isinstance(array, Array) else Array(strange=(text, line))
        return self.view.x if self.base is not None else self.view.arrived or self.view.x

    @property
    def is_followed(self) -> bool:
        """Whether it can be followed how the images get into the backbone."""
        return self.view is not None and any(by is self.base for by, _ in self.view.passed)

    @property
    def compiled(self) -> Compile | None:
        """The compilation that the first training has."""
        if self.first is not None and self.mode == "fine_tune":
            return self.first.compiled
        if self.last is not None:
            return self.last.compiled
        return self.course.machine.compiles[-1] if self.course.machine.compiles else None

    @cached_property
    def callbacks(self) -> list[Made]:
        """Callbacks of all trainings, each once."""
        given = [one for fit in self.fits for one in callbacks_of(fit.arguments.get("callbacks"))]
        return list({id(one): one for one in given if isinstance(one, Made)}.values())

    @property
    def has_top(self) -> bool:
        """Whether the backbone keeps its own classifier."""
        return self.base is not None and (
            "include_top" not in self.base.arguments or is_value(self.base.arguments["include_top"], True)
        )
