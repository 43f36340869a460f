"""The size that a compressed frame says of itself."""

from core.data.dicom_frame import codestream_size
from tests.data.deep_files import jpeg_of


def test_the_size_inside_a_stream_is_found_wherever_it_stands() -> None:
    assert codestream_size(jpeg_of(300, 200)) == (300, 200)
    j2k = b"\xff\x4f\xff\x51\x00\x29\x00\x00" + b"".join(n.to_bytes(4, "big") for n in (310, 220, 10, 20)) + bytes(20)
    assert codestream_size(j2k) == (300, 200)
    assert codestream_size(b"") is codestream_size(b"\xff\xd8\xff") is codestream_size(bytes(100)) is None
