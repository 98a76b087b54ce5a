from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mcbench.downloads import DownloadSettings
from tests.downloads.server import HostileServer, serving

CONTENT = np.random.default_rng(7).bytes(700_001)
QUICK = DownloadSettings(tries=3, first_wait=0.001, longest_wait=0.01, timeout=60.0)
"""As patient as the default in kind, and quick about it."""


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCBENCH_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
