from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcbench import files
from mcbench.errors import FileFormatError, InputError


def test_atomic_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "value.txt"
    with files.atomic_file(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    assert [entry.name for entry in target.parent.iterdir()] == ["value.txt"]


def test_atomic_file_keeps_the_old_content_when_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "value.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), files.atomic_file(target) as temporary:
        temporary.write_text("new")
        raise RuntimeError("disk full, say")
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["value.txt"]


def test_atomic_file_has_the_usual_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    files.write_text(tmp_path / "ours", "text")
    assert (tmp_path / "ours").stat().st_mode == plain.stat().st_mode


def test_atomic_folder_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "frames"
    for content in ("first", "second"):
        with files.atomic_folder(target) as temporary:
            (temporary / content).touch()
    assert [entry.name for entry in target.iterdir()] == ["second"]


def _write_and_hang(target: Path, ready: multiprocessing.synchronize.Event) -> None:
    with files.atomic_folder(target) as temporary:
        (temporary / "half").touch()
        ready.set()
        time.sleep(60)


def test_killed_writer_leaves_no_target_and_its_leftovers_can_be_removed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_write_and_hang, args=(tmp_path / "frames", ready))
    process.start()
    assert ready.wait(30)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not (tmp_path / "frames").exists()
    assert list(tmp_path.iterdir())
    files.remove_leftovers(tmp_path)
    assert not list(tmp_path.iterdir())


def test_lock_is_refused_while_held(tmp_path: Path) -> None:
    record = tmp_path / "run.json"
    with (
        files.locked(record, wait=False),
        pytest.raises(InputError, match="another mcbench process"),
        files.locked(record, wait=False),
    ):
        pass
    with files.locked(record, wait=False):
        pass


@given(st.binary(max_size=4096))
def test_sha256_of_a_file_is_that_of_its_bytes(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "content"
        files.write_bytes(path, content)
        assert files.sha256_file(path) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "x" * 129, "né", "-rf", "a\n"]
)
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be used as a clip id"):
        files.safe_name(name, "clip id")


@pytest.mark.parametrize("name", ["mc-01", "_truth", "a.b", "VM6HZqQKhok@016609", "0"])
def test_safe_names_pass(name: str) -> None:
    assert files.safe_name(name) == name


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(FileFormatError, match=r"latin\.txt is not UTF-8"):
        files.read_text(path)
    with pytest.raises(FileFormatError, match="cannot read"):
        files.read_text(tmp_path / "absent")


def test_home_prefers_the_argument_then_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCBENCH_HOME", str(tmp_path / "environment"))
    assert files.home(tmp_path / "argument") == tmp_path / "argument"
    assert files.home() == tmp_path / "environment"
    monkeypatch.delenv("MCBENCH_HOME")
    assert files.home().name == "mcbench"
