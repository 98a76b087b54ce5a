"""The shipped manifests, with the addresses of a local server in the place of the real ones."""

from __future__ import annotations

import hashlib
import io
import json
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from mcbench.data.manifest import built_in_folder
from tests.downloads.server import HostileServer


def host(benchmark: str, contents: dict[str, bytes], server: HostileServer, home: Path) -> str:
    """Serve small files in the place of a benchmark's own, and return the id of its manifest's copy.

    All of the copy is as shipped but the id, the addresses, and size and sha256 where these are given.

    Args:
        benchmark: id of a shipped manifest.
        contents: name of a file or list -> what the server gives for it; others are not to be had.
        server: where they are put.
        home: mcbench's home folder, in which the copy lies.
    """
    with (built_in_folder() / f"{benchmark}.toml").open("rb") as stream:
        manifest = tomllib.load(stream)
    manifest["id"] = f"small-{benchmark}"
    left = set(contents)
    for source in manifest["sources"].values():
        entries = [*source.get("files", ()), *(each["file"] for each in source.get("lists", ()))]
        for entry in entries:
            _replace(entry, contents.get(entry["name"]), server)
            left.discard(entry["name"])
    assert not left, f"the manifest names no {left}"
    path = home / "manifests" / f"{manifest['id']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest))
    return str(manifest["id"])


def _replace(entry: dict[str, Any], content: bytes | None, server: HostileServer) -> None:
    entry["urls"] = [
        url if url.startswith("gdrive:") else server.url(f"/{entry['name']}") for url in entry.get("urls", ())
    ]
    if content is None:
        return
    server.put(f"/{entry['name']}", content)
    if "size" in entry:
        entry["size"] = len(content)
    if "sha256" in entry:
        entry["sha256"] = hashlib.sha256(content).hexdigest()


def zipped(folder: Path) -> bytes:
    """Return a zip of a folder's content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return stream.getvalue()
