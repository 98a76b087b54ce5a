from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcbench.data import prepare
from tests.data.making import folder_of_videos, install_tiny
from tests.downloads.server import HostileServer, serving


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that knows the benchmark `tiny`."""
    install_tiny(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    return folder_of_videos(tmp_path / "videos")


@pytest.fixture(scope="session")
def _tiny_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("prepared") / "home"
    install_tiny(home)
    assert prepare("tiny", home=home).complete
    return home


@pytest.fixture
def prepared(_tiny_once: Path, tmp_path: Path) -> Path:
    """A home folder of one's own in which `tiny` is prepared."""
    shutil.copytree(_tiny_once, tmp_path / "home", dirs_exist_ok=True)
    return tmp_path / "home"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    """A local web server, which no setting of the machine keeps from being asked."""
    monkeypatch.delenv("MCBENCH_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as running:
        yield running
