"""What is known of many folders: by this process, else by the shared file, else read from the folder and then kept.

An answer holds as long as the folder's files look the same; see `core/store/kept_index.py`.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from core.store.kept_index import Index, Stamp, index_file, stamp_of
from core.store.recent import Recent

T = TypeVar("T")

Memory = Recent[Path, tuple[Stamp, T]]
"""What this process knows, by folder."""


@dataclass(frozen=True, kw_only=True)
class Recall(Generic[T]):
    """One kind of thing that is known of folders.

    Attributes:
        kind: str. Name of the shared file, with its version.
        sources: sequence of str. The files of a folder that it is read from; see `stamp_of`.
        of_record: callable. Makes it, a dataclass, of its JSON object.
        read: callable. Reads it from a folder.
        lasts: callable. Whether the shared file may hold it; the rest this process alone knows. Defaults to always.
        together: int. So many are kept at a time: what is done need not be done again by whoever breaks this off.
    """

    kind: str
    sources: Sequence[str]
    of_record: Callable[..., T]
    read: Callable[[Path], T]
    lasts: Callable[[T], bool] = lambda known: True
    together: int = 500

    def of(self, folders: Sequence[Path], memory: Memory[T], seconds: float) -> dict[Path, T]:
        """What is known of each folder; only what has changed is read again.

        Args:
            folders: sequence of Path.
            memory: Recent. What this process knows; what is found is added to it.
            seconds: float. How long reading may take: a folder that was not reached is left out.
        """
        stamps = {folder: stamp_of(folder, self.sources) for folder in folders}
        found: dict[Path, T] = {}
        for folder in folders:
            before, known = memory.get(folder, (None, None))
            if known is not None and before == stamps[folder]:
                found[folder] = known
        end = time.monotonic() + seconds
        unknown = [folder for folder in stamps if folder not in found]
        for parent in dict.fromkeys(folder.parent for folder in unknown):
            here = {folder: stamps[folder] for folder in unknown if folder.parent == parent}
            found |= self._from_index(parent, here, memory, end)
        return found

    def _from_index(self, parent: Path, stamps: Mapping[Path, Stamp], memory: Memory[T], end: float) -> dict[Path, T]:
        """From the shared file where it holds, else from the folder, and then kept there."""
        index = Index(index_file(parent, self.kind), self.of_record)
        kept, found = index.load([folder.name for folder in stamps]), {}
        fresh: dict[str, tuple[str, T]] = {}
        for folder, looks in stamps.items():
            stamp = json.dumps(looks)
            before, known = kept.get(folder.name, ("", None))
            if known is None or before != stamp:
                if time.monotonic() > end:
                    continue
                known = self.read(folder)
                if self.lasts(known):
                    fresh[folder.name] = stamp, known
                if len(fresh) == self.together:
                    index.save(fresh)
                    fresh = {}
            found[folder] = known
            memory[folder] = looks, known
        if fresh:
            index.save(fresh)
        return found
