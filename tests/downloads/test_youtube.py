"""YouTube: the real yt-dlp, asked for videos of the local server instead."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mcbench.downloads import DownloadSettings, RemoteFile, check_link, fetch_file
from mcbench.downloads.trouble import PassingError, RefusedError
from mcbench.downloads.youtube import meaning
from mcbench.errors import InputError, NetworkError
from tests.downloads.conftest import CONTENT, QUICK
from tests.downloads.server import HostileServer

pytest.importorskip("yt_dlp", reason="the extra `youtube` is not installed")

SHA = hashlib.sha256(CONTENT).hexdigest()
ID = "VM6HZqQKhok"
FILE = RemoteFile(name="videos/talk.mp4", urls=(f"youtube:{ID}",))
PATH = f"/{ID}.mp4"


@pytest.fixture
def settings(server: HostileServer) -> DownloadSettings:
    return replace(QUICK, youtube=server.url("/{id}.mp4"))


def test_a_video_comes_through_yt_dlp(
    server: HostileServer, tmp_path: Path, settings: DownloadSettings, capfd: pytest.CaptureFixture[str]
) -> None:
    server.put(PATH, CONTENT, content_type="video/mp4")
    record = fetch_file(FILE, tmp_path, settings=settings)
    assert (record.url, record.sha256, record.proof) == (f"youtube:{ID}", SHA, "unverified")
    assert (tmp_path / "videos/talk.mp4").read_bytes() == CONTENT
    left = sorted(path.name for path in (tmp_path / "videos").iterdir() if not path.name.endswith(".lock"))
    assert left == ["talk.mp4", "talk.mp4.download.json"]
    assert capfd.readouterr() == ("", ""), "a library prints nothing"


def test_an_interrupted_video_is_gone_on_with(
    server: HostileServer, tmp_path: Path, settings: DownloadSettings
) -> None:
    server.put(PATH, CONTENT, content_type="video/mp4")
    fetches = 0

    def drop_first(_: object) -> None:
        nonlocal fetches
        fetches += 1
        server.hosted[PATH].drops = [300_000] if fetches == 2 else []

    # The first request is yt-dlp's look at what the address gives.
    server.hosted[PATH].before = drop_first
    assert fetch_file(FILE, tmp_path, settings=settings).sha256 == SHA
    start = int(server.asked[-1].range.removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= 300_000, "yt-dlp's own part is kept and gone on with"


def test_a_video_that_is_gone_is_told_and_not_asked_again(
    server: HostileServer, tmp_path: Path, settings: DownloadSettings
) -> None:
    with pytest.raises(NetworkError, match=rf"youtube:{ID}: YouTube: .*404"):
        fetch_file(FILE, tmp_path, settings=settings)
    assert len(server.asked) == 1
    assert check_link(FILE.urls[0], settings=settings).state == "missing"
    server.put(PATH, CONTENT, content_type="video/mp4")
    assert check_link(FILE.urls[0], settings=settings).state == "present"


def test_a_busy_site_is_asked_again(
    server: HostileServer, tmp_path: Path, settings: DownloadSettings
) -> None:
    server.put(PATH, CONTENT, content_type="video/mp4", statuses=[503])
    assert fetch_file(FILE, tmp_path, settings=settings).sha256 == SHA


def test_without_yt_dlp_the_line_to_type_is_told(
    server: HostileServer, tmp_path: Path, settings: DownloadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    with pytest.raises(InputError, match=r'yt-dlp.*\n.*pip install "mcbench\[youtube\]"'):
        fetch_file(FILE, tmp_path, settings=settings)
    assert "mcbench[youtube]" in check_link(FILE.urls[0], settings=settings).reason


@pytest.mark.parametrize(
    ("told", "kind", "gone"),
    [
        ("[youtube] xDKth-qS8Jk: Video unavailable", RefusedError, True),
        ("[youtube] x: Private video. Sign in if you've been granted access to it", RefusedError, True),
        ("[youtube] x: Video unavailable. This video is no longer available because the YouTube account "
         "associated with this video has been terminated.", RefusedError, True),
        ("[youtube] x: This video has been removed by the uploader", RefusedError, True),
        ("[youtube] x: Sign in to confirm you're not a bot. Use --cookies", RefusedError, False),
        ("[youtube] x: Sign in to confirm your age", RefusedError, False),
        ("[youtube] x: The uploader has not made this video available in your country", RefusedError, False),
        ("[youtube] x: Requested format is not available", RefusedError, False),
        ("[youtube] x: Unable to download page: HTTP Error 503: Service Unavailable", PassingError, False),
        ("unable to download video data: [Errno 104] Connection reset by peer", PassingError, False),
    ],
)  # fmt: skip
def test_what_yt_dlp_says_is_understood(told: str, kind: type[Exception], gone: bool) -> None:
    found = meaning(f"ERROR: {told}\nmore lines")
    assert type(found) is kind
    assert str(found) == f"YouTube: {told}"
    assert getattr(found, "gone", False) is gone
