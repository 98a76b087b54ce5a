from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.downloads.server import HostileServer, serving


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCBENCH_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
