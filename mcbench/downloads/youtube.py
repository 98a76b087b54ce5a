"""YouTube through yt-dlp: the picture of a video as one file, without sound."""

from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path
from typing import Any

from mcbench.downloads.meter import Meter
from mcbench.downloads.settings import DownloadSettings
from mcbench.downloads.trouble import PackageMissingError, PassingError, RefusedError, StoppedError

_INSTALL_HINT = 'run: pip install "mcbench[youtube]"'

# One stream, so that nothing has to be merged by another program; H.264 in MP4 opens everywhere.
_FORMAT = "bv*[height<=1080][ext=mp4][vcodec^=avc1]/b[ext=mp4]/bv*[ext=mp4]/bv*/b"
_GONE = re.compile(
    r"video unavailable|private video|video has been removed|no longer available|account .*terminated|"
    r"video is not available|does not exist|HTTP Error 4(04|10)",
    re.I,
)
_REFUSED = re.compile(
    r"sign in|not a bot|members.only|age.restricted|confirm your age|in your country|premium|"
    r"unsupported url|no video formats|requested format|HTTP Error 40[13]|DRM",
    re.I,
)


def download(mirror: str, target: Path, meter: Meter, settings: DownloadSettings) -> None:
    """Bring `youtube:ID` to the path `target`.

    yt-dlp works in a folder beside it, where a later call finds what an interrupted one had got.

    Raises:
        PackageMissingError: yt-dlp is not installed.
        PassingError, RefusedError: YouTube did not answer, or does not give the video.
    """
    scratch = target.parent / f"{target.name}.youtube"

    def follow(told: dict[str, Any]) -> None:
        meter.expect(told.get("total_bytes"))
        meter.at(int(told.get("downloaded_bytes") or 0))

    options = {
        "format": _FORMAT,
        "paths": {"home": str(scratch)},
        # The format is in the name, so that a part of one is never gone on with in another.
        "outtmpl": {"default": "video.%(format_id)s.%(ext)s"},
        "progress_hooks": [follow],
        "continuedl": True,
        "updatetime": False,
    }
    told = _ask(mirror, options, settings, download=True)
    found = [Path(part["filepath"]) for part in told.get("requested_downloads") or () if part.get("filepath")]
    if len(found) != 1 or not found[0].is_file() or found[0].stat().st_size == 0:
        raise PassingError("yt-dlp brought no file")
    found[0].replace(target)
    shutil.rmtree(scratch, ignore_errors=True)


def look_up(mirror: str, settings: DownloadSettings) -> int | None:
    """Return the size of `youtube:ID` in bytes where YouTube tells it; nothing is downloaded.

    Raises:
        PackageMissingError, PassingError, RefusedError: as `download`.
    """
    told = _ask(mirror, {"format": _FORMAT}, settings, download=False)
    size = told.get("filesize")
    return int(size) if size else None


def _ask(
    mirror: str, options: dict[str, Any], settings: DownloadSettings, *, download: bool
) -> dict[str, Any]:
    try:
        yt_dlp = importlib.import_module("yt_dlp")
    except ImportError as error:
        raise PackageMissingError(
            f"{mirror} needs the package yt-dlp, which is not installed", _INSTALL_HINT
        ) from error
    url = settings.youtube.format(id=mirror.partition(":")[2])
    common = {
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "noplaylist": True,
        "logger": _Silence(),
        "socket_timeout": settings.timeout,
        "cachedir": False,
        "color": "no_color",
        # Attempts are counted here, as for every mirror.
        "retries": 0,
        "extractor_retries": 0,
    }
    with yt_dlp.YoutubeDL({**common, **options}) as client:
        try:
            told = client.extract_info(url, download=download)
        except yt_dlp.utils.DownloadError as error:
            cause = error.exc_info[1] if error.exc_info else None
            raise (cause if isinstance(cause, StoppedError) else meaning(str(error))) from error
        except (yt_dlp.utils.YoutubeDLError, OSError) as error:
            raise PassingError(f"yt-dlp: {error}") from error
    if not isinstance(told, dict):
        raise PassingError("yt-dlp found nothing")
    return told


def meaning(told: str) -> PassingError | RefusedError:
    """Return what a complaint of yt-dlp means for the download."""
    text = f"YouTube: {told.removeprefix('ERROR: ').splitlines()[0]}"
    if _GONE.search(text):
        return RefusedError(text, gone=True)
    return RefusedError(text) if _REFUSED.search(text) else PassingError(text)


class _Silence:
    """Keeps yt-dlp from printing; what it has to say comes with its errors."""

    def debug(self, text: str) -> None:
        """Ignore a remark."""

    def info(self, text: str) -> None:
        """Ignore a remark."""

    def warning(self, text: str) -> None:
        """Ignore a warning."""

    def error(self, text: str) -> None:
        """Ignore an error: it is raised, too."""
