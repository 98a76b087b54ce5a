"""The decoder for PNG files of our own: it reads what the encoder writes, and leaves all else to Pillow."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from mcbench.errors import FileFormatError
from mcbench.video import encode_png, png, read_image
from mcbench.video.png import decode_own_png

FRAMES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)))


def picture(height: int = 24, width: int = 20) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)


def by_pillow(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.fixture(params=["isal", "zlib"])
def packer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "zlib":
        monkeypatch.setattr(png, "_deflater", lambda: zlib)
    else:
        pytest.importorskip("isal", reason="ISA-L has no wheel for this machine")
    return str(request.param)


@given(frame=FRAMES)
def test_what_is_written_is_read(frame: np.ndarray) -> None:
    content = encode_png(frame)
    assert np.array_equal(decode_own_png(content), frame)
    assert np.array_equal(by_pillow(content), frame)


def test_either_packer_is_read_by_the_other(packer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode_png(picture(200, 150))
    assert np.array_equal(decode_own_png(content), picture(200, 150))
    monkeypatch.setattr(png, "_deflater", lambda: zlib)
    assert np.array_equal(decode_own_png(content), picture(200, 150))


def test_a_frame_read_can_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(picture()))
    frame = read_image(tmp_path / "a.png")
    frame[0, 0] = 0
    assert frame[0, 0].tolist() == [0, 0, 0]


def test_other_png_files_are_left_to_pillow() -> None:
    image = Image.fromarray(picture())
    for variant, options in (
        (image, {}),
        (image, {"compress_level": 1}),
        (image.convert("L"), {}),
        (image.convert("P"), {}),
        (image.convert("RGBA"), {}),
    ):
        stream = io.BytesIO()
        variant.save(stream, "PNG", **options)
        assert decode_own_png(stream.getvalue()) is None
    assert decode_own_png(encode_png(picture()[..., 0])) is None
    assert decode_own_png(encode_png(picture().astype(np.uint16))) is None
    assert decode_own_png(b"") is None


def remade(rows: bytes, height: int, width: int) -> bytes:
    """A file of the chunks that the encoder writes, with other content."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def test_another_filter_too_few_and_too_many_bytes() -> None:
    rows = b"\x02" + bytes(12)
    assert decode_own_png(remade(rows * 3, 3, 4)) is not None
    assert decode_own_png(remade(b"\x01" + bytes(12) + rows * 2, 3, 4)) is None
    assert decode_own_png(remade(rows * 2, 3, 4)) is None
    assert decode_own_png(remade(rows * 4, 3, 4)) is None
    assert decode_own_png(remade(rows, 0, 4)) is None


def test_a_file_that_would_fill_the_memory_is_not_unpacked(packer: str) -> None:
    assert decode_own_png(remade(bytes(10_000_000), 2, 2)) is None
    assert decode_own_png(remade(b"", 2**31 - 1, 2**31 - 1)) is None


@settings(max_examples=200)
@given(data=st.data())
def test_damage_is_never_read(data: st.DataObject) -> None:
    content = bytearray(encode_png(picture()))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    assert decode_own_png(bytes(content)) is None
    assert decode_own_png(bytes(content[: data.draw(st.integers(0, len(content) - 1))])) is None


def test_damage_is_named_by_the_general_reader(tmp_path: Path) -> None:
    content = bytearray(encode_png(picture(64, 64)))
    content[len(content) // 2] ^= 255
    (tmp_path / "a.png").write_bytes(bytes(content))
    with pytest.raises(FileFormatError, match=r"a\.png is damaged"):
        read_image(tmp_path / "a.png")
