"""Links, devices and modes inside archives."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from mcbench.downloads import unpack_archive
from mcbench.errors import FileFormatError
from tests.downloads import building
from tests.downloads.building import tree


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "x/../../../outside", "../..", "C:\\x"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_links_out_are_refused(kind: str, target: str, tmp_path: Path) -> None:
    archive = tmp_path / f"link.{kind}"
    building.write_link(archive, kind, "sub/link", target)
    with pytest.raises(FileFormatError, match=r"it links (to the absolute|out of)"):
        unpack_archive(archive, tmp_path / "set")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_link_inside_becomes_a_copy(kind: str, tmp_path: Path) -> None:
    archive = tmp_path / f"link.{kind}"
    building.write_link(archive, kind, "deep/link.txt", "../a/b.txt", {"a/b.txt": b"content"})
    report = unpack_archive(archive, tmp_path / "set")
    assert tree(tmp_path / "set") == {"a/b.txt": b"content", "deep/link.txt": b"content"}
    assert not (tmp_path / "set/deep/link.txt").is_symlink()
    assert (report.n_files, report.n_bytes) == (2, 14)


@pytest.mark.parametrize("target", ["missing.txt", "folder", "link.txt"])
def test_a_link_to_no_file_is_refused(target: str, tmp_path: Path) -> None:
    archive = tmp_path / "link.tar"
    building.write_link(archive, "tar", "link.txt", target, {"folder/b.txt": b"x"})
    with pytest.raises(FileFormatError, match="is no file of the archive"):
        unpack_archive(archive, tmp_path / "set")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """The oldest trick: a link to a folder outside, then a member that goes through it."""
    (tmp_path / "outside").mkdir()
    archive = tmp_path / "through.tar"
    with tarfile.open(archive, "w") as opened:
        link = tarfile.TarInfo("way")
        link.type, link.linkname = tarfile.SYMTYPE, "folder"
        opened.addfile(link)
        building.add_tar(opened, "way/file.txt", b"x")
    with pytest.raises(FileFormatError):
        unpack_archive(archive, tmp_path / "set")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_hard_link_becomes_a_copy_or_is_refused(tmp_path: Path) -> None:
    for member, good in (("a.txt", True), ("/etc/passwd", False), ("../a.txt", False), ("none.txt", False)):
        archive = tmp_path / "hard.tar"
        with tarfile.open(archive, "w") as opened:
            building.add_tar(opened, "a.txt", b"content")
            link = tarfile.TarInfo("b.txt")
            link.type, link.linkname = tarfile.LNKTYPE, member
            opened.addfile(link)
        if good:
            unpack_archive(archive, tmp_path / "set")
            assert tree(tmp_path / "set") == {"a.txt": b"content", "b.txt": b"content"}
        else:
            with pytest.raises(FileFormatError, match="it links to"):
                unpack_archive(archive, tmp_path / "other")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "device.tar"
    with tarfile.open(archive, "w") as opened:
        member = tarfile.TarInfo("null")
        member.type, member.devmajor, member.devminor = kind, 1, 3
        opened.addfile(member)
    with pytest.raises(FileFormatError, match="device"):
        unpack_archive(archive, tmp_path / "set")
    zipped = tmp_path / "device.zip"
    building.write_zip_mode(zipped, "null", b"", 0o020666)
    with pytest.raises(FileFormatError, match="neither a file nor a folder"):
        unpack_archive(zipped, tmp_path / "set")


@pytest.mark.parametrize("kind", ["link", "device"])
def test_links_and_devices_of_7z_are_refused(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("py7zr", reason="the extra `7z` is not installed")
    archive = tmp_path / "evil.7z"
    building.write_7z_special(archive, tmp_path / "source", kind)
    with pytest.raises(FileFormatError, match="it is a link, or neither"):
        unpack_archive(archive, tmp_path / "set")


def test_modes_of_members_are_passed_over(tmp_path: Path) -> None:
    archive = tmp_path / "modes.tar"
    with tarfile.open(archive, "w") as opened:
        building.add_tar(opened, "secret.txt", b"x", mode=0o000)
        building.add_tar(opened, "setuid", b"x", mode=0o6777)
    unpack_archive(archive, tmp_path / "set")
    plain = tmp_path / "plain"
    plain.touch()
    for path in (tmp_path / "set").iterdir():
        assert path.stat().st_mode == plain.stat().st_mode
