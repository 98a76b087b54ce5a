"""Weights over http: what the one way to download does is tested with it, here what weights make of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from mcbench import files, weights
from mcbench.errors import FileFormatError, NetworkError, WeightsMissingError
from mcbench.weights import catalogue
from tests.downloads.server import HostileServer, serving

CONTENT = np.random.default_rng(0).bytes(3 << 20)
SHA = hashlib.sha256(CONTENT).hexdigest()
PATH = "/weights.pth"


def _use(monkeypatch: pytest.MonkeyPatch, server: HostileServer, *checks: catalogue.Check) -> None:
    item = replace(
        catalogue.CATALOGUE["inception"],
        checks=checks,
        n_bytes=len(CONTENT),
        source=catalogue.Download(server.url(PATH)),
    )
    monkeypatch.setitem(catalogue.CATALOGUE, "inception", item)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    """A server whose file the catalogue knows as `inception`."""
    monkeypatch.delenv("MCBENCH_OFFLINE", raising=False)
    with serving() as running:
        running.put(PATH, CONTENT)
        _use(monkeypatch, running, catalogue.Check("sha256", SHA))
        yield running


def _left() -> list[str]:
    return [path.name for path in (files.home() / "weights/downloads").glob("*") if path.suffix != ".lock"]


def test_fetch_puts_a_checked_file_in_place(server: HostileServer) -> None:
    installed = weights.fetch("inception")
    path = weights.find("inception")
    assert path.read_bytes() == CONTENT
    assert (installed.sha256, installed.proof, installed.origin) == (SHA, "sha256", server.url(PATH))
    assert _left() == [], "the file lies in one place"
    weights.fetch("inception")
    assert len(server.asked) == 1, "what is here is not fetched again"


def test_a_broken_download_is_resumed_where_it_stopped(server: HostileServer) -> None:
    server.hosted[PATH].drops = [1_000_000]
    assert weights.fetch("inception").sha256 == SHA
    assert [asked.range for asked in server.asked] == ["", "bytes=1000000-"]


def test_a_download_of_an_earlier_process_is_taken(server: HostileServer) -> None:
    weights.fetch("inception")
    path = weights.find("inception")
    downloads = files.home() / "weights/downloads"
    path.rename(downloads / path.name)  # fetched and not yet put in place when it was killed
    assert weights.fetch("inception").sha256 == SHA
    assert len(server.asked) == 1


def test_any_of_several_digests_is_enough(server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = hashlib.sha1(f"blob {len(CONTENT)}\0".encode() + CONTENT).hexdigest()
    wrong = catalogue.Check("sha256", "0" * 64)
    _use(monkeypatch, server, wrong, catalogue.Check("git-blob", blob))
    assert weights.fetch("inception").proof == "git-blob"


@pytest.mark.parametrize("kinds", ["one", "two"])
def test_another_file_is_refused_and_not_kept(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, kinds: str
) -> None:
    if kinds == "two":
        _use(monkeypatch, server, catalogue.Check("sha256", SHA), catalogue.Check("git-blob", "0" * 40))
    server.put(PATH, CONTENT[::-1])
    with pytest.raises(FileFormatError, match=rf"sha256 [0-9a-f]+, not {SHA}"):
        weights.fetch("inception")
    assert _left() == []
    with pytest.raises(WeightsMissingError):
        weights.find("inception")
    server.put(PATH, CONTENT)
    assert weights.fetch("inception").sha256 == SHA


def test_a_refusal_is_told_with_another_way(server: HostileServer) -> None:
    server.hosted[PATH].statuses = [404]
    with pytest.raises(
        NetworkError, match=r"404.*\n.*mcbench weights fetch inception.*weights add inception"
    ):
        weights.fetch("inception")
    assert len(server.asked) == 1, "a refusal is not asked for again"


def test_offline_the_command_and_the_other_way_are_told(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        NetworkError, match=r"--offline.*\n.*mcbench weights fetch inception.*weights add inc"
    ):
        weights.fetch("inception", offline=True)
    monkeypatch.setenv("MCBENCH_OFFLINE", "1")
    with pytest.raises(NetworkError, match=r"MCBENCH_OFFLINE.*\n.*mcbench weights fetch lpips-alex"):
        weights.fetch("lpips-alex")
    assert not server.asked


def test_damage_is_noticed_and_mended(server: HostileServer) -> None:
    weights.fetch("inception")
    path = weights.find("inception")
    damaged = bytearray(CONTENT)
    damaged[12345] ^= 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(WeightsMissingError, match="sha256 has changed"):
        weights.present("inception")
    with pytest.raises(WeightsMissingError):
        weights.verify("inception")
    weights.fetch("inception")
    assert weights.verify("inception").sha256 == SHA
