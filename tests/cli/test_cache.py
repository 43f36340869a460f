"""`cache` on the command line."""

import json

from core import paths
from core.__main__ import main
from core.data.feature_cache import feature_cache


def test_it_says_how_much_there_is_and_empties_it(capsys):
    feature_cache().build("a" * 40, (1000, 500), lambda out: out.fill(1))
    assert main(["cache"]) == 0
    assert capsys.readouterr().out == (f"1 arrays, 2 MB of at most 21,475 MB, in {paths.cache_folder() / 'features'}\n")
    assert main(["cache", "--empty", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["arrays"], record["bytes"], record["freed_bytes"]) == (0, 0, 2_000_128)
