"""Kaggle: the real kagglehub asks the local server, which stands in Kaggle's place as a proxy."""

from __future__ import annotations

import base64
import hashlib
import sys
from pathlib import Path

import pytest

from mcbench.downloads import RemoteFile, check_link, fetch_file
from mcbench.errors import InputError, NetworkError
from tests.downloads.conftest import CONTENT, QUICK
from tests.downloads.server import HostileServer, body_of, kaggle_answer

pytest.importorskip("kagglehub", reason="the extra `kaggle` is not installed")

ZIPPED = b"PK\x03\x04" + CONTENT
SHA = hashlib.sha256(ZIPPED).hexdigest()
ASKED = "/api/v1/datasets.DatasetApiService/DownloadDataset"
ALL = "kaggle:yasaminjafarian/tiktokdataset"


@pytest.fixture(autouse=True)
def _kaggle_is_here(server: HostileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "person/.kaggle"))
    # kagglesdk's name for http://localhost, to be found through the proxy that the local server is.
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("http_proxy", server.url(""))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_whole_data_set_comes_as_a_zip_and_resumes(server: HostileServer, tmp_path: Path) -> None:
    kaggle_answer(server, ASKED, "archive.zip", ZIPPED)
    # The first answer is the one that kagglehub gets, and leaves when it knows the address.
    server.hosted["/store/archive.zip"].drops = [len(ZIPPED), 300_000]
    file = RemoteFile(name="tiktok.zip", urls=(ALL,), unpack=True)
    record = fetch_file(file, tmp_path, settings=QUICK)
    assert (record.url, record.sha256) == (ALL, SHA)
    asked = body_of(server.of(ASKED, "POST")[0])
    assert asked == {"ownerSlug": "yasaminjafarian", "datasetSlug": "tiktokdataset"}
    assert "Authorization" not in server.of(ASKED, "POST")[0].headers
    assert server.of("/store/archive.zip")[-1].range == "bytes=300000-"


def test_a_login_is_sent_to_kaggle_and_not_to_its_store(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kaggle_answer(server, ASKED, "a.csv", ZIPPED)
    monkeypatch.setenv("KAGGLE_USERNAME", "person")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    file = RemoteFile(name="a.csv", urls=("kaggle:o/d/folder/a.csv",))
    fetch_file(file, tmp_path, settings=QUICK)
    asked = server.of(ASKED, "POST")[0]
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"person:secret").decode()
    assert body_of(asked)["fileName"] == "folder/a.csv"
    assert not any("Authorization" in asked.headers for asked in server.of("/store/a.csv"))


def test_a_file_that_kaggle_packs_has_to_be_named_so(server: HostileServer, tmp_path: Path) -> None:
    kaggle_answer(server, ASKED, "a.csv.zip", ZIPPED)
    url = "kaggle:o/d/a.csv"
    with pytest.raises(NetworkError, match=r"packs this file as a\.csv\.zip: its name has to end in \.zip"):
        fetch_file(RemoteFile(name="a.csv", urls=(url,)), tmp_path, settings=QUICK)
    file = RemoteFile(name="a.csv.zip", urls=(url,), unpack=True)
    assert fetch_file(file, tmp_path, settings=QUICK).sha256 == SHA


@pytest.mark.parametrize(
    ("statuses", "told", "state"),
    [
        ([404] * 9, "no such data set or file", "missing"),
        ([403] * 9, r"KAGGLE_API_TOKEN", "unknown"),
        ([401] * 9, r"access_token", "unknown"),
        ([500] * 9, "Kaggle answered 500", "unknown"),
    ],
)
def test_refusals_are_told(
    server: HostileServer, tmp_path: Path, statuses: list[int], told: str, state: str
) -> None:
    kaggle_answer(server, ASKED, "archive.zip", ZIPPED)
    server.hosted[ASKED].statuses = statuses
    with pytest.raises(NetworkError, match=told):
        fetch_file(RemoteFile(name="a.zip", urls=(ALL,)), tmp_path, settings=QUICK)
    assert check_link(ALL).state == state


def test_a_passing_failure_is_tried_again(server: HostileServer, tmp_path: Path) -> None:
    kaggle_answer(server, ASKED, "archive.zip", ZIPPED)
    server.hosted[ASKED].statuses = [429, 503]
    assert fetch_file(RemoteFile(name="a.zip", urls=(ALL,)), tmp_path, settings=QUICK).sha256 == SHA


def test_a_link_is_checked_by_one_byte(server: HostileServer) -> None:
    kaggle_answer(server, ASKED, "archive.zip", ZIPPED)
    link = check_link(ALL)
    assert (link.state, link.n_bytes) == ("present", len(ZIPPED))
    assert server.of("/store/archive.zip")[-1].range == "bytes=0-0"


def test_a_damaged_login_is_told(server: HostileServer, tmp_path: Path) -> None:
    login = tmp_path / "person/.kaggle/kaggle.json"
    login.parent.mkdir(parents=True)
    login.write_text("{")
    with pytest.raises(NetworkError, match=r"Kaggle's login: Invalid .*kaggle\.json"):
        fetch_file(RemoteFile(name="a.zip", urls=(ALL,)), tmp_path, settings=QUICK)


def test_without_kagglehub_the_line_to_type_is_told(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub.config", None)
    file = RemoteFile(name="a.zip", urls=(ALL,))
    with pytest.raises(InputError, match=r'kagglehub.*\n.*pip install "mcbench\[kaggle\]"'):
        fetch_file(file, tmp_path, settings=QUICK)
    link = check_link(ALL)
    assert link.state == "unknown"
    assert "mcbench[kaggle]" in link.reason
    server.put("/mirror.zip", ZIPPED)
    both = RemoteFile(name="a.zip", urls=(ALL, server.url("/mirror.zip")))
    assert fetch_file(both, tmp_path, settings=QUICK).sha256 == SHA, "another mirror needs no package"
