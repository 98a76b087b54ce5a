"""A small benchmark of a user's own, served by a local server."""

from __future__ import annotations

from pathlib import Path

from tests.downloads.server import HostileServer
from tests.video.making import numbered, write_video

OWN = """
id = "own"
title = "Own"
licence = "mine"
default_source = "web"

[terms]
url = "http://127.0.0.1/terms"
summary = "For tests only."
must_accept = {accept}

[sources.web]
kind = "files"
networks = "reference"
{files}
[sources.web.layout]
kind = "videos"
patterns = ["{{clip}}.mp4"]

[sources.web.subsets.default]
videos = 2
frames = 9
[sources.web.subsets.named]
clips = ["a", "c"]
"""


def own_video(path: Path, count: int) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, numbered(count))
    return path.read_bytes()


def install_own(
    home: Path,
    server: HostileServer,
    names: tuple[str, ...] = ("a", "b"),
    *,
    accept: bool = False,
    extra: str = "",
) -> None:
    """Put the manifest where mcbench finds it, its files `NAME.mp4` being at `/NAME.mp4` of the server."""
    files = "\n".join(
        f'[[sources.web.files]]\nname = "{name}.mp4"\nurls = ["{server.url(f"/{name}.mp4")}"]'
        for name in names
    )
    path = home / "manifests" / "own.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OWN.format(files=f"{files}\n{extra}", accept="true" if accept else "false"))


def host_own(server: HostileServer, folder: Path) -> None:
    """Videos `a` of 5 frames and `b` of 4."""
    server.put("/a.mp4", own_video(folder / "a.mp4", 5))
    server.put("/b.mp4", own_video(folder / "b.mp4", 4))
