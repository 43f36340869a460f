"""The command line: `python -m core scan | check | train | runs | stop | resume | predict | compare | bisect | ...`.

Answers go to stdout, progress, findings of a training and errors to stderr; standard input is never read. Exit code 0:
done; 1: something the person can put right, in one sentence (with `--strict` also an error among the findings); 2:
wrong usage; 3: a failure inside; 130: Ctrl-C.
"""

import io
import os
import sys
import traceback
from types import TracebackType

from core.cli.commands import make_parser, with_negative_values
from core.environment import environment
from core.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    words = with_negative_values(sys.argv[1:] if arguments is None else arguments)
    options = make_parser(words).parse_args(words)
    try:
        environment()
        code: int = options.command(options)
        sys.stdout.flush()  # here, where it can be handled that nobody reads on
    except UserError as error:
        print(f"{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130  # as shells have it: 128 and the signal's number
    except BrokenPipeError:
        # Whoever read the answer has read enough. Python writes what is left at its end, and must not fail then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _fail_inside(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(3)


if __name__ == "__main__":
    sys.excepthook = _fail_inside
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for a console that does not know every sign
    sys.exit(main())
