"""The command `cache`: size of the feature cache and of converted networks beside it, and emptying them."""

import argparse

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.data.conversion_cache import ConversionCache
from core.data.feature_cache import feature_cache


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command(
        "cache", _cache, "Show the disk space of the feature cache, or clear it; it can be removed at any time."
    )
    parser.add_argument(
        "--empty", action="store_true", help="remove all cached features; later runs compute them again"
    )


def _cache(options: argparse.Namespace) -> int:
    cache, converted = feature_cache(), ConversionCache()
    freed = cache.empty() + converted.empty() if options.empty else 0
    arrays, size = cache.held()
    networks, network_size = converted.held()
    if options.json:
        record = {"folder": str(cache.folder), "arrays": arrays, "bytes": size, "limit_bytes": cache.limit_bytes}
        print_json({**record, "converted": networks, "converted_bytes": network_size, "freed_bytes": freed})
    else:
        if options.empty:
            print(f"removed {freed / 1e6:,.0f} MB")
        if networks:
            print(f"{networks} networks converted for OpenVINO, {network_size / 1e6:,.0f} MB, in {converted.folder}")
        print(f"{arrays} arrays, {size / 1e6:,.0f} MB of at most {cache.limit_bytes / 1e6:,.0f} MB, in {cache.folder}")
    return 0
