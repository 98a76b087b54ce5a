"""Archives that are too large, damaged, cut off, locked, or none at all."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.downloads import unpack_archive
from mcbench.downloads.archives import unpack
from mcbench.errors import DiskSpaceError, FileFormatError, InputError
from tests.downloads import building
from tests.downloads.building import CONTENT, KINDS, build, tree


@pytest.mark.parametrize("kind", KINDS)
def test_limits_of_bytes_and_files_hold(kind: str, tmp_path: Path) -> None:
    archive = build(tmp_path / f"set.{kind}", CONTENT)
    total = sum(map(len, CONTENT.values()))
    with pytest.raises(FileFormatError, match=r"would take more than .*\n.*--from"):
        unpack_archive(archive, tmp_path / "set", max_bytes=total - 1)
    with pytest.raises(FileFormatError, match="more than 2 files"):
        unpack_archive(archive, tmp_path / "set", max_files=2)
    assert not (tmp_path / "set").exists()
    assert unpack_archive(archive, tmp_path / "set", max_bytes=total).n_bytes == total


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz", "7z"])
def test_a_bomb_is_refused_by_default(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The least limit is lowered, so that the test needs no gigabyte; the ratio is the real one.
    monkeypatch.setattr(unpack, "_LEAST_LIMIT", 1 << 20)
    archive = build(tmp_path / f"bomb.{kind}", {"zeros.bin": bytes(8 << 20)})
    assert archive.stat().st_size * 100 < 8 << 20
    with pytest.raises(FileFormatError, match="far more than the archive itself"):
        unpack_archive(archive, tmp_path / "set")


def test_a_zip_that_lies_about_sizes_is_stopped(tmp_path: Path) -> None:
    archive = build(tmp_path / "liar.zip", {"zeros.bin": bytes(1 << 20)})
    content = archive.read_bytes()
    true = (1 << 20).to_bytes(4, "little")
    assert content.count(true) == 2
    archive.write_bytes(content.replace(true, (100).to_bytes(4, "little")))
    with pytest.raises(FileFormatError, match="damaged or cut off"):
        unpack_archive(archive, tmp_path / "set")


def test_a_zip_whose_table_swallows_members_is_refused(tmp_path: Path) -> None:
    """A wrong length of a comment, and zipfile sees one member of two."""
    archive = build(tmp_path / "set.zip", SMALL)
    content = bytearray(archive.read_bytes())
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 1)
    content[first + 32 : first + 34] = (content.index(b"PK\x05\x06") - second).to_bytes(2, "little")
    archive.write_bytes(content)
    with zipfile.ZipFile(archive) as opened:
        assert len(opened.namelist()) == 1
    with pytest.raises(FileFormatError, match="its table has 1 members of 2"):
        unpack_archive(archive, tmp_path / "set")


def test_a_zip_of_very_many_members_is_counted_right(tmp_path: Path) -> None:
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for index in range(65_537):
            opened.writestr(str(index), b"")
    with pytest.raises(FileFormatError, match="more than 3 files"):
        unpack_archive(archive, tmp_path / "set", max_files=3)


def test_a_disk_without_room_is_told(tmp_path: Path) -> None:
    zipped = building.write_zip_claiming(tmp_path / "huge.zip", 1 << 50)
    with pytest.raises(DiskSpaceError, match=r"needs 1125\.9 TB or more, and .* has room for"):
        unpack_archive(zipped, tmp_path / "set", max_bytes=1 << 60)


def test_bad_paths_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.zip", tmp_path):
        with pytest.raises(InputError, match="there is no archive"):
            unpack_archive(path, tmp_path / "set")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"hello", b"<html>", bytes(1024), b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c"]
)
def test_what_is_no_archive_is_told(content: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "set.zip"
    archive.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"set\.zip is (no zip|damaged)"):
        unpack_archive(archive, tmp_path / "set")


def _protected() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("a.txt", b"secret")
    content = bytearray(buffer.getvalue())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    return bytes(content)


def test_a_password_is_told(tmp_path: Path) -> None:
    archive = tmp_path / "locked.zip"
    archive.write_bytes(_protected())
    with pytest.raises(FileFormatError, match="password"):
        unpack_archive(archive, tmp_path / "set")
    py7zr = pytest.importorskip("py7zr", reason="the extra `7z` is not installed")
    for header in (True, False):
        with py7zr.SevenZipFile(tmp_path / "l.7z", "w", password="x", header_encryption=header) as opened:
            opened.writestr(b"secret", "a.txt")
        with pytest.raises(FileFormatError, match="password"):
            unpack_archive(tmp_path / "l.7z", tmp_path / "set")


SMALL = {"00001/images/0001.png": bytes(range(256)) * 3, "00001/b.txt": b"text" * 50}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small archive of each kind."""
    folder = tmp_path_factory.mktemp("whole")
    for kind in KINDS:
        build(folder / f"set.{kind}", SMALL)
    return folder


def _unpack(content: bytes, folder: Path) -> dict[str, bytes] | None:
    """Return what an archive gave, or None where it was refused as it should be."""
    archive = folder / "set.archive"
    archive.write_bytes(content)
    with contextlib.suppress(FileFormatError):
        unpack_archive(archive, folder / "set")
        return tree(folder / "set")
    assert not (folder / "set").exists()
    return None


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_cut_off_archive_is_never_taken_for_whole(
    kind: str, share: float, whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = (whole / f"set.{kind}").read_bytes()
    cut = content[: int(share * len(content))]
    found = _unpack(cut, tmp_path_factory.mktemp("cut"))
    # A tar goes on with zeros after its end: a cut there costs nothing.
    assert found is None or (
        found == SMALL and kind.startswith("tar") and not content[len(cut) :].strip(b"\0")
    )


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz", "7z"])
@settings(max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_gives_other_content(
    kind: str, share: float, bit: int, whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray((whole / f"set.{kind}").read_bytes())
    content[int(share * len(content))] ^= 1 << bit
    found = _unpack(bytes(content), tmp_path_factory.mktemp("flipped"))
    assert found is None or found == SMALL


@settings(max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_plain_tar_loses_no_member(
    share: float, bit: int, whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A tar has no check sum of its content, only of its headers."""
    content = bytearray((whole / "set.tar").read_bytes())
    content[int(share * len(content))] ^= 1 << bit
    found = _unpack(bytes(content), tmp_path_factory.mktemp("flipped"))
    assert found is None or list(found) == sorted(SMALL)
