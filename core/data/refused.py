"""Refused: why a file of one kind is not decoded, as the rest of a sentence that begins with its name."""


class Refused(ValueError):
    """The message goes on after the file's name, without a full stop: `has 1,001 tags`."""


class CodecMissing(Refused):
    """Something has to be installed first; the message says what."""


INSTALL = "`pip install -r requirements-formats.txt`"
"""What installs the readers of HEIC, DICOM and its compressed kinds."""
