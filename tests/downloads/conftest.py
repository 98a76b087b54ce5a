from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mcbench.downloads import DownloadSettings, RemoteFile
from tests.downloads.server import HostileServer, serving

CONTENT = np.random.default_rng(7).bytes(700_001)
QUICK = DownloadSettings(tries=3, first_wait=0.001, longest_wait=0.01, timeout=60.0)
"""As patient as the default in kind, and quick about it."""


def remote(server: HostileServer, *paths: str, **known: object) -> RemoteFile:
    """A file `set/a.bin` at paths of the server, `/a.bin` unless told."""
    urls = tuple(server.url(path) for path in paths or ("/a.bin",))
    return RemoteFile(name="set/a.bin", urls=urls, **known)  # type: ignore[arg-type]


def names_in(folder: Path) -> list[str]:
    """Names of all files below a folder but for locks."""
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock")
    )


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCBENCH_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
