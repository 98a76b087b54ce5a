"""Damaged, odd and missing frames through a whole comparison: an error that names the file, or a value.

What a kind of picture is read as has its tests in tests/video; here it is what a comparison makes of it.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mcbench.cli import app
from mcbench.errors import FileFormatError, McbenchError, MismatchError
from mcbench.records import ScoreRecord
from mcbench.scoring import compare
from mcbench.video import write_png
from tests.scoring.making import SIZE, clip, write_folder

FRAME = "000002.png"
BOTH_SIDES = pytest.mark.parametrize("side", ["p", "t"])


def _compare(place: Path, protocol: str = "disco/2", **options: object) -> ScoreRecord:
    return compare(place / "p", place / "t", protocol=protocol, **options)  # type: ignore[arg-type]


def _values(record: ScoreRecord) -> dict[str, float]:
    return {key: metric.value for key, metric in record.metrics.items()}


# --- what cannot be read, named; or left out and listed ---------------------------------------------


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _truncate(frame: Path) -> None:
    content = frame.read_bytes()
    frame.write_bytes(content[: len(content) // 2])


def _flip_a_byte(frame: Path) -> None:
    content = bytearray(frame.read_bytes())
    content[len(content) // 2] ^= 0xFF
    frame.write_bytes(bytes(content))


def _make_folder(frame: Path) -> None:
    frame.unlink()
    frame.mkdir()


def _link_to(target: str) -> Callable[[Path], None]:
    def replace(frame: Path) -> None:
        frame.unlink()
        frame.symlink_to(target)

    return replace


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture


def _save(mode: str, **options: object) -> Callable[[Path], None]:
    def replace(frame: Path) -> None:
        _opened(frame).convert(mode).save(frame, **options)

    return replace


def _see_through(frame: Path) -> None:
    picture = _opened(frame).convert("RGBA")
    picture.putpixel((3, 3), (1, 2, 3, 128))
    picture.save(frame)


def _animated(frame: Path) -> None:
    pictures = [Image.fromarray(picture) for picture in clip(0, 2)]
    pictures[0].save(frame, format="PNG", save_all=True, append_images=pictures[1:])


def _floating(frame: Path) -> None:
    _opened(frame).convert("F").save(frame, format="TIFF")


UNREADABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "0 bytes": (lambda frame: frame.write_bytes(b""), r"empty \(0 bytes\)"),
    "cut short": (_truncate, "damaged or cut short"),
    "a byte flipped": (_flip_a_byte, "damaged or cut short"),
    "text": (lambda frame: frame.write_text("no picture"), "not a picture"),
    "a folder": (_make_folder, "is a folder"),
    "a link to itself": (_link_to(FRAME), "a link that leads nowhere"),
    "a link to nothing": (_link_to("absent.png"), "a link that leads nowhere"),
    "huge": (
        lambda frame: frame.write_bytes(_png(60_000, 60_000, zlib.compress(b"\0"))),
        "60000x60000|pixels",
    ),
    "large": (lambda frame: frame.write_bytes(_png(9000, 9000, zlib.compress(b"\0"))), "9000x9000"),
    "long": (lambda frame: frame.write_bytes(_png(1, 16_385, zlib.compress(b"\0"))), "16385x1"),
    "no pixels": (
        lambda frame: frame.write_bytes(_png(0, 0, zlib.compress(b""))),
        "cannot read|not a picture",
    ),
    "see-through": (_see_through, "transparent pixels"),
    "two pictures": (_animated, "holds 2 pictures"),
    "floating point": (_floating, "whose white is not defined"),
    "another size": (
        lambda frame: write_png(frame, np.zeros((SIZE[0] + 2, SIZE[1], 3), np.uint8)),
        "all frames of a folder must have one size",
    ),
}


@BOTH_SIDES
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_frame_that_cannot_be_read_is_named(sides: Path, side: str, kind: str) -> None:
    spoil, reason = UNREADABLE[kind]
    frame = sides / side / "v" / FRAME
    spoil(frame)
    with pytest.raises(FileFormatError, match=reason) as caught:
        _compare(sides)
    assert str(frame) in str(caught.value)
    record = _compare(sides, allow_missing=True)
    assert record.coverage.missing_videos == ("v",)
    assert FRAME in record.coverage.excluded["v"]
    assert not record.coverage.complete
    assert record.metrics["psnr"].n_videos == 1


@pytest.mark.parametrize("kind", ["0 bytes", "cut short", "a folder"])
def test_the_command_names_it_too_and_exits_with_2(sides: Path, kind: str) -> None:
    UNREADABLE[kind][0](sides / "p" / "v" / FRAME)
    arguments = ["compare", str(sides / "p"), str(sides / "t"), "--protocol", "disco/2"]
    stopped = CliRunner().invoke(app, arguments)
    assert isinstance(stopped.exception, McbenchError)
    assert FRAME in str(stopped.exception)
    allowed = CliRunner().invoke(app, [*arguments, "--allow-missing", "--json", str(sides / "score.json")])
    assert allowed.exit_code == 1
    assert FRAME in allowed.stderr.replace("\n", "")
    assert json.loads((sides / "score.json").read_text())["coverage"]["missing_videos"] == ["v"]


@BOTH_SIDES
@pytest.mark.parametrize("content", [b"", b"no video", b"\0\0\0\x18ftypmp42" + b"\0" * 40])
def test_a_video_file_that_is_none(sides: Path, side: str, content: bytes) -> None:
    for name in ("p", "t"):
        write_folder(sides / name, {"z": clip(9, 4)})
    (sides / side / "u.mp4").write_bytes(content)
    write_folder(sides / ("t" if side == "p" else "p"), {"u": clip(8, 4)})
    with pytest.raises(FileFormatError, match=r"u\.mp4"):
        _compare(sides)
    record = _compare(sides, allow_missing=True)
    assert record.coverage.missing_videos == ("u",)
    assert "u.mp4" in record.coverage.excluded["u"]


@pytest.mark.parametrize("where", ["p", "t", "pt"])
@pytest.mark.parametrize("name", ["v", "u.mp4", "take.2"])
@pytest.mark.parametrize("target", ["", "absent"], ids=["itself", "nothing"])
def test_a_video_that_is_a_link_to_itself_or_nothing(sides: Path, where: str, name: str, target: str) -> None:
    """Passed over in silence, it would be a video that nobody misses."""
    for side in where:
        entry = sides / side / name
        if entry.exists():
            entry.rename(sides / f"kept-{side}")
        entry.symlink_to(target or name)
    with pytest.raises(McbenchError, match=name.partition(".")[0]):
        _compare(sides)
    record = _compare(sides, allow_missing=True)
    assert record.coverage.excluded
    assert record.metrics["psnr"].n_videos == (1 if name == "v" else 2)


def test_a_folder_that_holds_itself_is_no_matter(sides: Path) -> None:
    expected = _values(_compare(sides))
    (sides / "p" / "v" / "again").symlink_to(sides / "p")
    (sides / "t" / "v" / "again").symlink_to("..")
    assert _values(_compare(sides)) == expected


def test_linked_videos_and_frames_are_read(sides: Path) -> None:
    expected = _values(_compare(sides))
    (sides / "p" / "v").rename(sides / "elsewhere")
    (sides / "p" / "v").symlink_to(sides / "elsewhere")
    (sides / "elsewhere" / FRAME).rename(sides / "frame.png")
    (sides / "elsewhere" / FRAME).symlink_to("../frame.png")
    assert _values(_compare(sides)) == expected


# --- pictures of other kinds, and the value they have -----------------------------------------------


def _sixteen_bits(frame: Path) -> None:
    values = np.asarray(_opened(frame)).astype(np.uint16)
    write_png(frame, values * 256 + 255 - values)  # the low byte is anything


@BOTH_SIDES
@pytest.mark.parametrize(
    "rewrite", [_save("RGBA"), _sixteen_bits, _save("RGB", compress_level=0)], ids=["RGBA", "16 bit", "plain"]
)
def test_kinds_that_hold_the_same_colours_have_the_same_value(sides: Path, side: str, rewrite) -> None:
    expected = _compare(sides)
    for frame in sorted((sides / side / "v").iterdir()):
        rewrite(frame)
    found = _compare(sides)
    assert _values(found) == _values(expected)
    assert found.predictions_sha256 == expected.predictions_sha256


@BOTH_SIDES
@pytest.mark.parametrize("mode", ["L", "LA", "P", "1"])
def test_gray_palette_and_black_and_white_are_their_colours(sides: Path, side: str, mode: str) -> None:
    for frame in sorted((sides / side / "v").iterdir()):
        _save("L")(frame) if mode == "LA" else None
        _save(mode)(frame)
    found = _compare(sides)
    for frame in sorted((sides / side / "v").iterdir()):
        assert _opened(frame).mode == mode
        _save("RGB")(frame)
    assert _values(found) == _values(_compare(sides))


@BOTH_SIDES
def test_cmyk_jpeg_is_pillows_plain_conversion(sides: Path, side: str) -> None:
    folder = sides / side / "v"
    decoded = []
    for frame in sorted(folder.iterdir()):
        _opened(frame).convert("CMYK").save(frame.with_suffix(".jpg"), quality=95)
        decoded.append(np.asarray(_opened(frame.with_suffix(".jpg")).convert("RGB")))
        frame.unlink()
    found = _compare(sides)
    for frame, pixels in zip(sorted(folder.iterdir()), decoded, strict=True):
        frame.unlink()
        write_png(frame.with_suffix(".png"), pixels)
    assert _values(found) == _values(_compare(sides))


# --- contents that are extreme ----------------------------------------------------------------------


def _write_flat(place: Path, prediction: int, truth: int) -> None:
    for side, level in (("p", prediction), ("t", truth)):
        write_folder(place / side, {name: np.full((18, *SIZE, 3), level, np.uint8) for name in ("v", "w")})


@pytest.mark.parametrize("protocol", ["disco/2", "mcbench/1"])
def test_all_black_frames(tmp_path: Path, protocol: str) -> None:
    _write_flat(tmp_path, 0, 0)
    values = _values(_compare(tmp_path, protocol, networks="embedded"))
    assert values["l1"] == 0.0
    assert values["psnr"] == values["psnr_uint8"] == 100.0
    assert values["ssim"] == pytest.approx(1.0, abs=1e-12)
    # Sets without any spread: only their means count.
    for key, value in values.items():
        if "@embedded" in key:
            assert value == pytest.approx(0.0, abs=1e-9), key


@pytest.mark.parametrize("protocol", ["disco/2", "mcbench/1"])
def test_black_against_white(tmp_path: Path, protocol: str) -> None:
    _write_flat(tmp_path, 255, 0)
    values = _values(_compare(tmp_path, protocol, networks="embedded"))
    assert values["l1"] == pytest.approx(1.0 if protocol == "mcbench/1" else 255 / 256**2)
    assert values["psnr"] == pytest.approx(0.0, abs=1e-9)
    # 255 is -1 in 8 bits, and its square 1.
    assert values["psnr_uint8"] == pytest.approx(20 * np.log10(255))
    # C1 / (range^2 + C1), C1 = (0.01 range)^2
    assert values["ssim"] == pytest.approx(1e-4 / 1.0001, rel=1e-9)
    assert values["fid@embedded"] > 1.0
    assert all(np.isfinite(value) for value in values.values())


@pytest.mark.parametrize("protocol", ["disco/2", "mcbench/1"])
def test_identical_sets(tmp_path: Path, protocol: str) -> None:
    truth = {name: clip(seed, 18) for seed, name in enumerate("ab")}
    for side in ("p", "t"):
        write_folder(tmp_path / side, truth)
    record = _compare(tmp_path, protocol, networks="embedded")
    values = _values(record)
    assert values["l1"] == 0.0
    assert values["psnr"] == values["psnr_uint8"] == 100.0
    assert values["ssim"] == pytest.approx(1.0, abs=1e-12)
    for key, value in values.items():
        if "@embedded" in key:
            assert value == 0.0, key
    assert record.predictions_sha256 == record.ground_truth_sha256


def test_videos_of_one_frame(tmp_path: Path) -> None:
    for seed, side in enumerate("pt"):
        write_folder(tmp_path / side, {name: clip(seed + place, 1) for place, name in enumerate("vw")})
    disco = _compare(tmp_path, networks="embedded")
    assert disco.metrics["psnr"].n_items == 2
    assert disco.metrics["fid@embedded"].n_items == 2
    assert "too few frames for a clip of 16 in a row: v, w" in disco.unavailable["fvd@embedded"].reason
    ours = _compare(tmp_path, "mcbench/1", networks="embedded")
    assert not any("@" in key for key in ours.metrics)
    assert "no frame but the reference" in ours.unavailable["psnr"].reason


@BOTH_SIDES
def test_a_video_all_of_huge_frames(sides: Path, side: str) -> None:
    for frame in (sides / side / "v").iterdir():
        frame.write_bytes(_png(12_000, 12_000, zlib.compress(b"\0")))
    with (
        pytest.warns(Image.DecompressionBombWarning),
        pytest.raises(FileFormatError, match=r"000000\.png is 12000x12000 .* at most 16384 pixels a side"),
    ):
        _compare(sides)


@pytest.mark.parametrize("protocol", ["disco/2", "mcbench/1"])
def test_frames_of_one_pixel_and_of_one_column(tmp_path: Path, protocol: str) -> None:
    """The one is stretched like any other; the other would need frames of gigabytes."""
    for side in ("p", "t"):
        write_folder(tmp_path / side, {"v": np.full((3, 1, 1, 3), 7, np.uint8)})
    assert _values(_compare(tmp_path, protocol))["psnr"] == 100.0
    for side in ("p", "t"):
        write_folder(tmp_path / side, {"v": np.full((3, 16_000, 1, 3), 7, np.uint8)})
    if protocol == "disco/2":  # its square is cut out of the middle
        assert _values(_compare(tmp_path, protocol))["psnr"] == 100.0
        return
    with pytest.raises(MismatchError, match=r"video v: .*16000x1"):
        _compare(tmp_path, protocol)
