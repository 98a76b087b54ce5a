"""What lies in the folder already: earlier downloads, files brought by hand, parts, damage."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from mcbench.downloads import (
    RemoteFile,
    fetch_file,
    fetch_files,
    fetched,
    record_path,
    unpack_archive,
    verify_file,
)
from mcbench.downloads.partial import Partial, PartialState
from mcbench.downloads.transfer import disk_trouble
from mcbench.errors import DataMissingError, DiskSpaceError, FileFormatError, InputError, NetworkError
from tests.downloads.building import build
from tests.downloads.conftest import CONTENT, QUICK, names_in, remote
from tests.downloads.server import HostileServer

SHA = hashlib.sha256(CONTENT).hexdigest()
OTHER = CONTENT[::-1]


def test_a_first_download_is_held_to_afterwards(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT)
    first = fetch_file(remote(server), tmp_path, settings=QUICK)
    assert first.proof == "unverified"
    (tmp_path / "set/a.bin").unlink()
    server.put("/a.bin", OTHER)
    with pytest.raises(
        FileFormatError, match=r"another file than when it was first fetched.*a\.bin\.download\.json"
    ):
        fetch_file(remote(server), tmp_path, settings=QUICK)
    (tmp_path / "set/a.bin.download.json").unlink()
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 != SHA


def test_a_new_manifest_brings_its_new_file(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", OTHER)
    fetch_file(remote(server), tmp_path, settings=QUICK)
    server.put("/a.bin", CONTENT)
    record = fetch_file(remote(server, sha256=SHA), tmp_path, settings=QUICK)
    assert (record.sha256, record.proof) == (SHA, "sha256")
    assert (tmp_path / "set/a.bin").read_bytes() == CONTENT


def test_damage_is_noticed_and_mended(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT)
    file = remote(server, sha256=SHA)
    fetch_file(file, tmp_path, settings=QUICK)
    target = tmp_path / "set/a.bin"
    target.write_bytes(CONTENT[:-1])
    assert fetched(file, tmp_path) is None
    fetch_file(file, tmp_path, settings=QUICK)
    target.write_bytes(bytes([CONTENT[0] ^ 1]) + CONTENT[1:])
    with pytest.raises(FileFormatError, match="has changed since it came"):
        verify_file(file, tmp_path)
    target.unlink()
    with pytest.raises(DataMissingError, match="not here"):
        verify_file(file, tmp_path)
    fetch_file(file, tmp_path, settings=QUICK)
    assert verify_file(file, tmp_path).sha256 == SHA


def test_a_file_brought_by_hand_is_checked_and_taken(server: HostileServer, tmp_path: Path) -> None:
    target = tmp_path / "set/a.bin"
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    record = fetch_file(remote(server, sha256=SHA), tmp_path, offline=True)
    assert (record.url, record.proof) == ("by hand", "sha256")
    assert not server.asked
    record_path(remote(server), tmp_path).unlink()
    assert fetch_file(RemoteFile(name="set/a.bin"), tmp_path).proof == "unverified"
    record_path(remote(server), tmp_path).unlink()
    with pytest.raises(FileFormatError, match="has 700001 bytes, not the 3"):
        fetch_file(remote(server, size=3), tmp_path)
    with pytest.raises(FileFormatError, match=r"not the file meant.*\n.*move it away"):
        fetch_file(remote(server, sha256="0" * 64), tmp_path)
    assert target.read_bytes() == CONTENT, "a user's file is never removed"
    target.unlink()
    target.mkdir()
    with pytest.raises(FileFormatError, match="should be a file"):
        fetch_file(remote(server), tmp_path)


def test_what_no_program_may_fetch_says_how_to_get_it(tmp_path: Path) -> None:
    file = RemoteFile(name="a.zip", manual="fill in the form at example.org")
    with pytest.raises(DataMissingError, match=r"a\.zip cannot be fetched.*\n.*fill in the form"):
        fetch_file(file, tmp_path)
    with pytest.raises(DataMissingError, match="names no address"):
        fetch_file(RemoteFile(name="a.zip"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_anything_is_written(server: HostileServer, tmp_path: Path) -> None:
    huge = 1 << 60
    server.put("/a.bin", CONTENT, declared=huge)
    for file in (remote(server), remote(server, size=huge)):
        with pytest.raises(DiskSpaceError, match=r"set/a\.bin needs 1152921\.5 TB, and .* has room for"):
            fetch_file(file, tmp_path, settings=QUICK)
    assert names_in(tmp_path) == []


def test_a_damaged_state_of_a_part_does_no_harm(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT)
    (tmp_path / "set").mkdir()
    (tmp_path / "set/.a.bin.part").write_bytes(b"x" * 1000)
    (tmp_path / "set/.a.bin.part.json").write_text("{")
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA
    assert server.asked[0].range == ""


def test_a_part_longer_than_the_file_is_dropped(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, drops=[300_000, 0, 0])
    with pytest.raises(NetworkError):
        fetch_file(remote(server, sha256=SHA), tmp_path, settings=QUICK)
    with (tmp_path / "set/.a.bin.part").open("ab") as stream:
        stream.write(b"x" * 900_000)
    assert fetch_file(remote(server, sha256=SHA), tmp_path, settings=QUICK).sha256 == SHA


def test_a_disk_that_fills_up_is_told_with_what_to_do(tmp_path: Path) -> None:
    file = RemoteFile(name="a.bin")
    told = disk_trouble(OSError(errno.ENOSPC, "No space left on device"), tmp_path / ".a.bin.part", file)
    assert isinstance(told, DiskSpaceError)
    assert "goes on where it stopped" in told.hint
    other = OSError(errno.EIO, "Input/output error")
    assert disk_trouble(other, tmp_path / ".a.bin.part", file) is other


def test_a_file_brought_in_the_place_of_an_old_one_is_taken(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", OTHER + b"old")
    fetch_file(remote(server), tmp_path, settings=QUICK)
    (tmp_path / "set/a.bin").write_bytes(CONTENT)
    assert fetch_file(remote(server, sha256=SHA), tmp_path, offline=True).url == "by hand"
    (tmp_path / "set/a.bin").unlink()
    (tmp_path / "set/a.bin").mkdir()
    with pytest.raises(FileFormatError, match="should be a file"):
        fetch_file(remote(server, sha256=SHA), tmp_path, settings=QUICK)


def test_a_digest_that_is_published_later_proves_what_is_here(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT)
    assert fetch_file(remote(server), tmp_path, settings=QUICK).proof == "unverified"
    assert fetch_file(remote(server, sha256=SHA), tmp_path, settings=QUICK).proof == "sha256"
    assert len(server.asked) == 1


def test_a_folder_that_cannot_be_written_to_is_told(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT)
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(InputError, match=r"cannot write set/a\.bin to .*blocked.*\n.*--home"):
        fetch_file(remote(server), tmp_path / "blocked", settings=QUICK)
    report = fetch_files([remote(server)], tmp_path / "blocked", settings=QUICK)
    assert list(report.failures) == ["set/a.bin"]
    archive = build(tmp_path / "a.zip", {"a": b"x"})
    with pytest.raises(InputError, match="cannot unpack"):
        unpack_archive(archive, tmp_path / "blocked/set")


def test_a_new_beginning_leaves_no_old_bytes(tmp_path: Path) -> None:
    """Else a process that is killed at once would leave bytes of one version with the state of another."""
    partial = Partial(tmp_path / "a.bin")
    partial.path.write_bytes(b"old")
    partial.begin(PartialState(mirror="https://example.org/a.bin", etag='"new"', total=9))
    assert partial.size == 0
    assert partial.state() is None, "there is nothing to go on with"
    partial.path.write_bytes(b"new")
    state = partial.state()
    assert state is not None
    assert (state.validator, state.total) == ('"new"', 9)
    partial.discard()
    assert list(tmp_path.iterdir()) == []
