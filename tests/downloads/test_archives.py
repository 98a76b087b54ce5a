"""Archives of every kind, whole and good, damaged, and hostile."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from mcbench.downloads import RemoteFile, fetch_file, is_archive, unpack_archive, unpacked
from mcbench.downloads.archives import unpack
from mcbench.errors import FileFormatError, InputError
from tests.downloads import building
from tests.downloads.building import CONTENT, KINDS, build, tree
from tests.downloads.server import HostileServer


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_its_files(kind: str, tmp_path: Path) -> None:
    archive = build(tmp_path / f"set.{kind}", CONTENT)
    report = unpack_archive(archive, tmp_path / "set")
    assert tree(tmp_path / "set") == CONTENT
    assert (report.n_files, report.n_bytes) == (len(CONTENT), sum(map(len, CONTENT.values())))
    assert (report.archive, report.archive_bytes) == (archive.name, archive.stat().st_size)
    assert report.archive_sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert unpacked(tmp_path / "set") == report
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".partial", ".set.unp"))]
    assert is_archive(archive)


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_is_told_by_the_content(kind: str, tmp_path: Path) -> None:
    archive = build(tmp_path / f"set.{kind}", CONTENT).rename(tmp_path / "download")
    unpack_archive(archive, tmp_path / "set")
    assert tree(tmp_path / "set") == CONTENT
    assert not is_archive(archive)


def test_an_old_tar_without_magic_is_known(tmp_path: Path) -> None:
    archive = tmp_path / "old.tar"
    building.write_tar(archive, CONTENT, "")
    content = bytearray(archive.read_bytes())
    first = bytearray(content[:512])
    first[257:265] = bytes(8)
    first[148:156] = b" " * 8
    first[148:156] = f"{sum(first):06o}\0 ".encode()
    archive.write_bytes(bytes(first) + content[512:])
    unpack_archive(archive, tmp_path / "set")
    assert tree(tmp_path / "set") == CONTENT


def test_what_is_unpacked_is_not_unpacked_again_and_a_new_version_is(tmp_path: Path) -> None:
    archive = build(tmp_path / "set.zip", CONTENT)
    first = unpack_archive(archive, tmp_path / "set")
    marker = tmp_path / "set" / "marker"
    marker.touch()
    assert unpack_archive(archive, tmp_path / "set") == first
    assert marker.exists()
    build(archive, {"new.txt": b"new"})
    assert unpack_archive(archive, tmp_path / "set").n_files == 1
    assert tree(tmp_path / "set") == {"new.txt": b"new"}


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    archive = build(tmp_path / "set.zip", CONTENT)
    (tmp_path / "set").mkdir()
    (tmp_path / "set/thesis.txt").write_text("three years")
    with pytest.raises(InputError, match="was not unpacked by mcbench"):
        unpack_archive(archive, tmp_path / "set")
    assert tree(tmp_path / "set") == {"thesis.txt": b"three years"}
    with pytest.raises(InputError, match="there already"):
        unpack_archive(archive, archive)


def test_a_failure_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    archive = build(tmp_path / "set.tar", {**CONTENT, "../evil": b"x"})
    with pytest.raises(FileFormatError):
        unpack_archive(archive, tmp_path / "set")
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")) == ["set.tar"]


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process as POSIX does")
def test_an_unpacking_that_is_killed_leaves_no_folder_and_is_done_anew(tmp_path: Path) -> None:
    archive = build(tmp_path / "set.tar", {f"{index:04}.bin": bytes(1000) for index in range(4000)})
    program = "import sys; from pathlib import Path; from mcbench.downloads import unpack_archive as unpack; "
    program += "unpack(*map(Path, sys.argv[1:]))"
    process = subprocess.Popen([sys.executable, "-c", program, str(archive), str(tmp_path / "set")])
    while not list((tmp_path / ".set.unpacking").glob("*.bin")):
        assert process.poll() is None
        time.sleep(0.001)
    process.kill()
    process.wait()
    left = tmp_path / ".set.unpacking"
    assert 0 < len(list(left.iterdir())) < 4000, "it was killed in the middle"
    assert not (tmp_path / "set").exists()
    assert unpack_archive(archive, tmp_path / "set").n_files == 4000
    assert not left.exists()


def test_a_report_without_its_folder_is_no_folder(tmp_path: Path) -> None:
    archive = build(tmp_path / "set.zip", CONTENT)
    unpack_archive(archive, tmp_path / "set")
    (tmp_path / "set").rename(tmp_path / "moved")
    assert unpacked(tmp_path / "set") is None
    unpack_archive(archive, tmp_path / "set")
    assert tree(tmp_path / "set") == CONTENT


def test_a_fetched_archive_is_not_read_twice_for_its_sha256(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = build(tmp_path / "made.zip", CONTENT).read_bytes()
    server.put("/set.zip", content)
    file = RemoteFile(name="set.zip", urls=(server.url("/set.zip"),), unpack=True)
    record = fetch_file(file, tmp_path)
    monkeypatch.setattr(unpack.files, "sha256_file", lambda _: pytest.fail("read once more"))
    report = unpack_archive(tmp_path / file.name, tmp_path / file.unpacked_name)
    assert report.archive_sha256 == record.sha256


EVIL_NAMES = [
    "../evil",
    "a/../../evil",
    "/etc/evil",
    "..\\evil",
    "C:\\evil",
    "C:evil",
    "\\\\host\\evil",
    "a/..",
    "bell\a",
]


@pytest.mark.parametrize("name", EVIL_NAMES)
@pytest.mark.parametrize("kind", ["zip", "tar", "7z"])
def test_names_that_lead_elsewhere_are_refused(kind: str, name: str, tmp_path: Path) -> None:
    archive = build(tmp_path / f"evil.{kind}", {"good.txt": b"x", name: b"evil"})
    with pytest.raises(FileFormatError, match=r"is not unpacked: .*(leads out|absolute|control)"):
        unpack_archive(archive, tmp_path / "deep/set")
    assert not list(tmp_path.rglob("evil"))
    assert not (tmp_path / "deep/set").exists()


def test_a_zero_byte_hides_nothing(tmp_path: Path) -> None:
    """zipfile takes `a.txt\\0...` for `a.txt`: other programs do not."""
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.txtX../../evil", b"x")
    archive.write_bytes(archive.read_bytes().replace(b"a.txtX../../evil", b"a.txt\0../../evil"))
    with pytest.raises(FileFormatError, match="control characters"):
        unpack_archive(archive, tmp_path / "set")


@pytest.mark.parametrize("second", ["a/b.txt", "a/./b.txt", "a\\b.txt"])
@pytest.mark.parametrize("kind", ["zip", "tar", "7z"])
def test_double_names_are_refused(kind: str, second: str, tmp_path: Path) -> None:
    archive = tmp_path / f"twice.{kind}"
    building.write_pairs(archive, kind, [("a/b.txt", b"one"), (second, b"two")])
    with pytest.raises(FileFormatError, match="comes twice"):
        unpack_archive(archive, tmp_path / "set")


@pytest.mark.parametrize("kind", ["zip", "tar", "7z"])
def test_a_file_that_is_a_folder_too_is_refused(kind: str, tmp_path: Path) -> None:
    archive = tmp_path / f"both.{kind}"
    building.write_pairs(archive, kind, [("a", b"file"), ("a/b.txt", b"inside")])
    with pytest.raises(FileFormatError, match="a file lies where its folder should be"):
        unpack_archive(archive, tmp_path / "set")
