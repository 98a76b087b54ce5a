"""What may stand in a manifest as a file to fetch."""

from __future__ import annotations

import pydantic
import pytest

from mcbench.downloads import RemoteFile, check_url, readable
from mcbench.errors import InputError


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.zip", "http://127.0.0.1:8000", "https://example.org/a?b=c&d=e#f",
        "gdrive:1_b4naNB1QozGL-tKyHwSSYzTw8RIh5z3", "kaggle:owner-1/data.set", "kaggle:o/d/folder/a.csv",
        "youtube:xDKth-qS8Jk", "youtube:_QdPW8JrYzQ",
    ],
)  # fmt: skip
def test_good_addresses_pass(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "", "a.zip", "/etc/passwd", "file:///etc/passwd", "ftp://example.org/a", "https://", "https:///a",
        "https://example.org/a b", "gdrive:", "gdrive:../../x-long-enough", "kaggle:owner", "kaggle:o/d/",
        "youtube:short", "youtube:way-too-long-id", "javascript:alert(1)", "https://example.org/\nx",
    ],
)  # fmt: skip
def test_bad_addresses_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="no address"):
        check_url(url)
    with pytest.raises(pydantic.ValidationError, match="urls"):
        RemoteFile(name="a", urls=(url,))


@pytest.mark.parametrize("name", ["a", "a.zip", "deep/er/a.tar.gz", "VM6HZqQKhok@016609.mp4", "_-x.mp4"])
def test_good_names_pass(name: str) -> None:
    assert RemoteFile(name=name).name == name


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a\\b", "C:a", "a b", "a\0"]
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(pydantic.ValidationError, match="name"):
        RemoteFile(name=name)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("a.zip", "a"), ("deep/a.tar.gz", "deep/a"), ("a.b.tgz", "a.b"), ("a.7z", "a"), ("a.tar", "a"),
        ("a.bin", "a.bin"),
    ],
)  # fmt: skip
def test_an_archive_is_unpacked_beside_itself(name: str, folder: str) -> None:
    assert RemoteFile(name=name).unpacked_name == folder


def test_only_an_archive_can_be_unpacked() -> None:
    with pytest.raises(pydantic.ValidationError, match=r"'a\.mp4' is to be unpacked"):
        RemoteFile(name="a.mp4", unpack=True)
    assert RemoteFile(name="a.tar.xz", unpack=True).unpack


@pytest.mark.parametrize("known", [{"size": -1}, {"sha256": "abc"}, {"sha256": "G" * 64}, {"length": 5}])
def test_wrong_facts_are_refused(known: dict[str, object]) -> None:
    with pytest.raises(pydantic.ValidationError):
        RemoteFile(name="a", **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_550_000_000, "1.6 GB"), (10**16, "10000.0 TB")],
)  # fmt: skip
def test_sizes_are_told_as_people_read_them(n_bytes: int, text: str) -> None:
    assert readable(n_bytes) == text
