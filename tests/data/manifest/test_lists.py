from __future__ import annotations

import pytest
from pydantic import ValidationError

from mcbench.data.manifest import FileList
from mcbench.downloads import RemoteFile
from mcbench.errors import FileFormatError

LIST = FileList(file=RemoteFile(name="test.txt"), into="test")


def test_a_list_of_addresses() -> None:
    text = """# made by hand
    https://example.org/videos/91-3003CN5S.mp4

    http://example.org/A1%2BkNaDS.mp4?dl=1\r
    gdrive:1_b4naNB1QozGL-tKyHwSSYzTw8RIh5z3
    """
    assert [(file.name, file.urls[0].split(":")[0]) for file in LIST.listed(text)] == [
        ("test/91-3003CN5S.mp4", "https"),
        ("test/A1+kNaDS.mp4", "http"),
        ("test/1_b4naNB1QozGL-tKyHwSSYzTw8RIh5z3", "gdrive"),
    ]


def test_without_a_folder() -> None:
    files = FileList(file=RemoteFile(name="test.txt")).listed("https://example.org/a.mp4")
    assert [file.name for file in files] == ["a.mp4"]


def test_an_address_that_is_there_twice_is_one_file() -> None:
    assert len(LIST.listed("https://example.org/a.mp4\nhttps://example.org/a.mp4\n")) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("https://example.org/a.mp4\nfile:///etc/passwd", "line 2: .* is no address"),
        ("a.mp4", "line 1: .* is no address"),
        ("<!DOCTYPE html>", "line 1: .* is no address"),
        (
            "https://example.org/1/a.mp4\nhttps://example.org/2/A.mp4",
            "line 2: a second file would be test/A.mp4",
        ),
    ],
)
def test_lists_that_cannot_be(text: str, complaint: str) -> None:
    with pytest.raises(FileFormatError, match=rf"test\.txt, {complaint}"):
        LIST.listed(text)


@pytest.mark.parametrize(
    "url", ["https://example.org/..", "https://example.org/%2e%2e%2f%2e%2e%2fx", "https://example.org/.ssh"]
)
def test_no_address_leads_out_of_the_folder(url: str) -> None:
    for file in LIST.listed(url):
        assert file.name.split("/")[0] == "test"
        assert all(part not in ("", ".", "..") and part[0] != "." for part in file.name.split("/"))


@pytest.mark.parametrize("into", ["../x", "/x", "a//b", ".x"])
def test_folders_that_cannot_be(into: str) -> None:
    with pytest.raises(ValidationError):
        FileList(file=RemoteFile(name="test.txt"), into=into)
