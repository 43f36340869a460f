"""`cache` on the command line."""

import json
from pathlib import Path

from core import paths
from core.__main__ import main
from core.data.conversion_cache import ConversionCache
from core.data.feature_cache import feature_cache


def test_it_says_how_much_there_is_and_empties_it(capsys):
    feature_cache().build("a" * 40, (1000, 500), lambda out: out.fill(1))
    assert main(["cache"]) == 0
    assert capsys.readouterr().out == (f"1 arrays, 2 MB of at most 21,475 MB, in {paths.cache_folder() / 'features'}\n")
    assert main(["cache", "--empty", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["arrays"], record["bytes"], record["freed_bytes"]) == (0, 0, 2_000_128)


def test_it_tells_of_converted_networks_and_removes_them_too(capsys):
    def write(place: Path) -> None:
        (place / "network.bin").write_bytes(b"x" * 3_000_000)

    ConversionCache().make("a" * 40, write)
    assert main(["cache"]) == 0
    converted = paths.cache_folder() / "converted"
    assert capsys.readouterr().out.startswith(f"1 networks converted for OpenVINO, 3 MB, in {converted}\n0 arrays")
    assert main(["cache", "--empty", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["converted"], record["converted_bytes"], record["freed_bytes"]) == (0, 0, 3_000_000)
