"""The command `cache`: size of the feature cache, and emptying it."""

import argparse

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.data.feature_cache import feature_cache


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("cache", _cache, "How much room the cached features take; they may be removed at any time.")
    parser.add_argument("--empty", action="store_true", help="remove them all; later runs compute them again")


def _cache(options: argparse.Namespace) -> int:
    cache = feature_cache()
    freed = cache.empty() if options.empty else 0
    arrays, size = cache.held()
    if options.json:
        record = {"folder": str(cache.folder), "arrays": arrays, "bytes": size, "limit_bytes": cache.limit_bytes}
        print_json({**record, "freed_bytes": freed})
    else:
        if options.empty:
            print(f"removed {freed / 1e6:,.0f} MB")
        print(f"{arrays} arrays, {size / 1e6:,.0f} MB of at most {cache.limit_bytes / 1e6:,.0f} MB, in {cache.folder}")
    return 0
