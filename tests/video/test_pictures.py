from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from mcbench.errors import FileFormatError
from mcbench.video import encode_png, read_image, write_png
from mcbench.video.pictures import read_size


def some_picture(height: int = 12, width: int = 17) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9)) | st.tuples(
    st.integers(1, 9), st.integers(1, 9), st.just(3)
)


def by_opencv(content: bytes) -> np.ndarray:
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return decoded


@given(image=hnp.arrays(np.uint8, SHAPES) | hnp.arrays(np.uint16, SHAPES))
def test_png_is_lossless_for_another_reader(image: np.ndarray) -> None:
    decoded = by_opencv(encode_png(image))
    assert decoded.dtype == image.dtype
    assert np.array_equal(decoded[..., ::-1] if image.ndim == 3 else decoded, image)


def test_png_of_views_and_big_endian_numbers() -> None:
    image = some_picture()
    assert np.array_equal(by_opencv(encode_png(image[:, ::-1]))[..., ::-1], image[:, ::-1])
    deep = image.astype(np.uint16) * 257
    assert np.array_equal(by_opencv(encode_png(deep.astype(">u2")))[..., ::-1], deep)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4,), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_not_written(tmp_path: Path, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="cannot write"):
        write_png(tmp_path / "a.png", image)
    assert list(tmp_path.iterdir()) == []


def test_write_and_read(tmp_path: Path) -> None:
    image = some_picture()
    write_png(tmp_path / "new" / "a.png", image)
    assert np.array_equal(read_image(tmp_path / "new" / "a.png"), image)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]
    write_png(tmp_path / "new" / "a.png", image[::-1])
    assert np.array_equal(read_image(tmp_path / "new" / "a.png"), image[::-1])


# --- what pictures become ------------------------------------------------------------------------


def saved(folder: Path, image: Image.Image, name: str = "a.png", **options: object) -> Path:
    image.save(folder / name, **options)
    return folder / name


def test_grey(tmp_path: Path) -> None:
    grey = some_picture()[..., 0]
    read = read_image(saved(tmp_path, Image.fromarray(grey)))
    assert np.array_equal(read, np.dstack([grey] * 3))


def test_black_and_white(tmp_path: Path) -> None:
    bits = some_picture()[..., 0] > 127
    read = read_image(saved(tmp_path, Image.fromarray(bits)))
    assert np.array_equal(read, np.dstack([bits * np.uint8(255)] * 3))


def test_palette(tmp_path: Path) -> None:
    image = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 8, 7]]], np.uint8).repeat(4, 0)
    paletted = Image.fromarray(image).convert("P", palette=Image.Palette.ADAPTIVE)
    assert np.array_equal(read_image(saved(tmp_path, paletted)), image)


def test_sixteen_bits_keep_the_high_byte(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (6, 7, 3), dtype=np.uint16)
    write_png(tmp_path / "rgb.png", deep)
    write_png(tmp_path / "grey.png", deep[..., 0])
    assert np.array_equal(read_image(tmp_path / "rgb.png"), (deep >> 8).astype(np.uint8))
    assert np.array_equal(read_image(tmp_path / "grey.png")[..., 1], (deep[..., 0] >> 8).astype(np.uint8))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_opaque_alpha_is_dropped(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(some_picture())
    expected = np.asarray(image.convert("RGBA").convert(mode).convert("RGB"))
    assert np.array_equal(read_image(saved(tmp_path, image.convert("RGBA").convert(mode))), expected)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_transparency_is_refused(tmp_path: Path, name: str) -> None:
    image = Image.fromarray(some_picture()).convert("RGBA")
    image.putpixel((3, 4), (1, 2, 3, 254))
    with pytest.raises(FileFormatError, match=f"{name} has transparent pixels"):
        read_image(saved(tmp_path, image, name, **({"lossless": True} if name == "a.webp" else {})))


def test_a_transparent_palette_colour_is_refused(tmp_path: Path) -> None:
    image = Image.fromarray(some_picture()).convert("P")
    used = int(np.asarray(image)[0, 0])
    with pytest.raises(FileFormatError, match="transparent"):
        read_image(saved(tmp_path, image, transparency=used))


def test_cmyk_jpeg(tmp_path: Path) -> None:
    image = Image.fromarray(np.full((16, 16, 3), (200, 100, 50), np.uint8)).convert("CMYK")
    read = read_image(saved(tmp_path, image, "a.jpg", quality=100))
    assert np.abs(read.astype(int) - (200, 100, 50)).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.filterwarnings("error")
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, name: str) -> None:
    stored = np.kron(some_picture(2, 3), np.ones((16, 16, 1))).astype(np.uint8)
    # What has to be done to the stored pixels to see them upright, by the EXIF standard.
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: np.rot90(stored, 2),
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: np.rot90(stored, 2).transpose(1, 0, 2),
        8: np.rot90(stored, 1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name == "a.webp" else {"quality": 100, "subsampling": 0}
    path = saved(tmp_path, Image.fromarray(stored), name, exif=exif, **options)
    read = read_image(path)
    assert read.shape == upright.shape == (*read_size(path), 3)
    assert np.abs(read.astype(int) - upright).mean() < 12


def test_several_pictures_in_one_file_are_refused(tmp_path: Path) -> None:
    first, second = (Image.fromarray(some_picture() + np.uint8(add)) for add in (0, 1))
    path = saved(tmp_path, first, "a.webp", save_all=True, append_images=[second], lossless=True)
    with pytest.raises(FileFormatError, match=r"a\.webp holds 2 pictures"):
        read_image(path)


def test_pixels_without_a_white_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tif")
    (tmp_path / "a.tif").rename(tmp_path / "a.png")
    with pytest.raises(FileFormatError, match="'F'"):
        read_image(tmp_path / "a.png")


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.95])
def test_truncated(tmp_path: Path, name: str, share: float) -> None:
    path = saved(tmp_path, Image.fromarray(some_picture(64, 64)), name)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(FileFormatError, match=str(path)):
        read_image(path)


def test_zero_bytes_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(FileFormatError, match=r"a\.png is empty \(0 bytes\)"):
        read_image(tmp_path / "a.png")


def test_a_folder_a_text_and_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    (tmp_path / "b.png").write_text("hello, I am a text and no picture")
    (tmp_path / "c.png").symlink_to(tmp_path / "c.png")
    (tmp_path / "d.png").symlink_to(tmp_path / "gone")
    for name, reason in (
        ("a.png", "a folder"),
        ("b.png", "not a picture"),
        ("c.png", "leads nowhere"),
        ("d.png", "leads nowhere"),
        ("e.png", "missing"),
    ):
        for read in (read_image, read_size):
            with pytest.raises(FileFormatError, match=f"{name}.*{reason}"):
                read(tmp_path / name)


def _sample(kind: str) -> bytes:
    stream, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(some_picture(24, 24)).save(stream, kind, exif=exif)
    return stream.getvalue()


SAMPLES = {kind: _sample(kind) for kind in ("PNG", "JPEG", "WEBP")}


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(SAMPLES)), data=st.data())
def test_damage_never_gives_another_error(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    content = bytearray(SAMPLES[kind])
    # Damage near the start reaches headers and EXIF.
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(200, len(content) - 1)))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.png"
    path.write_bytes(bytes(content))
    for read in (read_image, read_size):
        try:
            read(path)
        except FileFormatError as error:
            message = error.message
        else:
            continue
        assert str(path) in message
