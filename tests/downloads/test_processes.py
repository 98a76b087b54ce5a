"""Several processes, and processes that end before their time."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mcbench.downloads import RemoteFile, fetch_file
from tests.downloads.conftest import CONTENT, QUICK
from tests.downloads.server import HostileServer

SHA = hashlib.sha256(CONTENT).hexdigest()

_FETCH = """
import sys
from pathlib import Path
from mcbench.downloads import RemoteFile, fetch_file

class Told:
    def start(self, label, total): pass
    def advance(self, units=1): pass
    def message(self, text): print(text, flush=True)

url, folder = sys.argv[1:3]
record = fetch_file(RemoteFile(name="a.bin", urls=(url,)), Path(folder), progress=Told())
print(record.sha256, flush=True)
"""


def _start(server: HostileServer, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _FETCH, server.url("/a.bin"), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_that_want_one_file_bring_it_once(server: HostileServer, tmp_path: Path) -> None:
    both_started = threading.Event()
    server.put("/a.bin", CONTENT, before=lambda _: both_started.wait(60))
    first = _start(server, tmp_path)
    second = _start(server, tmp_path)
    assert first.stdout is not None
    assert second.stdout is not None
    # One of them waits at the lock, and says so, while the other waits for the server.
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda pipe=pipe: (said.append(pipe.readline()), both_started.set()))
        for pipe in (first.stdout, second.stdout)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(said) == sorted([f"{SHA}\n", "a.bin: another process is fetching it; waiting for it\n"])
    with first.stdout, second.stdout:
        rest = first.stdout.read() + second.stdout.read()
    assert rest == f"{SHA}\n"
    assert (first.wait(60), second.wait(60)) == (0, 0)
    assert len(server.of("/a.bin")) == 1
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process as POSIX does")
def test_a_killed_download_is_gone_on_with(server: HostileServer, tmp_path: Path) -> None:
    hosted = server.put("/a.bin", CONTENT, piece=1 << 13, pause=0.05)
    process = _start(server, tmp_path)
    part = tmp_path / ".a.bin.part"
    watch = threading.Event()
    while not (part.exists() and part.stat().st_size):
        assert process.poll() is None
        watch.wait(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    assert not (tmp_path / "a.bin").exists()
    kept = part.stat().st_size
    assert 0 < kept < len(CONTENT)
    hosted.pause = 0
    record = fetch_file(RemoteFile(name="a.bin", urls=(server.url("/a.bin"),)), tmp_path, settings=QUICK)
    assert record.sha256 == SHA
    assert server.asked[-1].range == f"bytes={kept}-"
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")) == [
        "a.bin",
        "a.bin.download.json",
    ]


def test_a_process_killed_before_the_last_rename_needs_no_byte_more(
    server: HostileServer, tmp_path: Path
) -> None:
    """What such a process leaves: the whole part, its state and the record, but not the file."""
    server.put("/a.bin", CONTENT)
    file = RemoteFile(name="a.bin", urls=(server.url("/a.bin"),))
    fetch_file(file, tmp_path, settings=QUICK)
    (tmp_path / "a.bin").rename(tmp_path / ".a.bin.part")
    (tmp_path / ".a.bin.part.json").write_text(
        f'{{"mirror": "{file.urls[0]}", "etag": "\\"x\\"", "total": {len(CONTENT)}}}'
    )
    assert fetch_file(file, tmp_path, settings=QUICK).sha256 == SHA
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert len(server.asked) == 1
