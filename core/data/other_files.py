"""What a folder without images in classes holds besides: archives to be unpacked, and data of kinds not read."""

from core.data.listing import Folder
from core.data.part_names import shown

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
_DATA = (
    ".mat",
    ".npy",
    ".npz",
    ".h5",
    ".hdf5",
    ".tfrecord",
    ".tfrecords",
    ".pkl",
    ".pickle",
    ".xml",
    ".nii",
    ".nii.gz",
)
_NAMED = 3


def others_told(top: Folder) -> tuple[str, ...]:
    """Sentences on archives and on data of other kinds.

    Args:
        top: From `list_folder`.
    """
    names = [f"{folder.path}/{name}".lstrip("/") for folder in top.walk() for name in folder.others]
    archives = [name for name in names if name.lower().endswith(_ARCHIVES)]
    data = [name for name in names if name.lower().endswith(_DATA)]
    told = []
    if archives:
        told.append(f"There are archives, which are not looked into: {shown(archives, _NAMED)}; unpack them.")
    if data:
        told.append(f"Files of these kinds are not read: {shown(data, _NAMED)}; save images and a table as CSV.")
    return tuple(told)
