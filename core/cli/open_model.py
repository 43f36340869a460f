"""A run's model, opened in the process of a command."""

from collections.abc import Callable

from core.environment import quieten_tensorflow
from core.insight.views import Answer
from core.store.runs import Run


def ask(run: Run, later: list[Callable[[], object]]) -> Answer:
    """From a run to a function from pixels to a reply.

    It loads TensorFlow only where the run's model is not kept in a converted form; then what keeps it so is added to
    `later`.
    """
    from core.engine.insight.converted_model import open_converted

    converted = open_converted(run)
    if converted is not None:
        return converted.answer
    quieten_tensorflow()
    from core.engine.insight.keep_converted import keep_converted
    from core.engine.insight.predict import load_model

    model = load_model(run)
    later.append(lambda: keep_converted(run, model.network))
    return model.answer
