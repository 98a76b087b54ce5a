from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from mcbench.data.manifest import FileList
from mcbench.downloads import RemoteFile
from mcbench.errors import FileFormatError

LIST = FileList(file=RemoteFile(name="test.txt"), into="test")


def read(folder: Path, text: str, each: FileList = LIST) -> tuple[RemoteFile, ...]:
    (folder / "test.txt").write_text(text)
    return each.listed(folder / "test.txt")


def test_a_list_of_addresses(tmp_path: Path) -> None:
    text = """# made by hand
    https://example.org/videos/91-3003CN5S.mp4

    http://example.org/A1%2BkNaDS.mp4?dl=1\r
    youtube:-DKth-qS8Jk
    """
    assert [(file.name, file.urls[0].split(":")[0]) for file in read(tmp_path, text)] == [
        ("test/91-3003CN5S.mp4", "https"),
        ("test/A1+kNaDS.mp4", "http"),
        ("test/_-DKth-qS8Jk.mp4", "youtube"),
    ]


def test_without_a_folder(tmp_path: Path) -> None:
    each = FileList(file=RemoteFile(name="test.txt"))
    assert [file.name for file in read(tmp_path, "https://example.org/a.mp4", each)] == ["a.mp4"]


def test_an_address_that_is_there_twice_is_one_file(tmp_path: Path) -> None:
    assert len(read(tmp_path, "https://example.org/a.mp4\nhttps://example.org/a.mp4\n")) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("https://example.org/a.mp4\nfile:///etc/passwd", "line 2: .* is no address"),
        ("a.mp4", "line 1: .* is no address"),
        ("<!DOCTYPE html>", "line 1: .* is no address"),
        ("gdrive:1_b4naNB1QozGL-tKyHwSSYzTw8RIh5z3", "line 1: .* is no address of a list"),
        ("https://", "line 1: .* is no address"),
        ("https://example.org/1/a.mp4\nhttps://example.org/2/A.mp4", "line 2: a second file would be"),
    ],
)
def test_lists_that_cannot_be(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(FileFormatError, match=rf"test\.txt, {complaint}"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "url",
    ["https://example.org/..", "https://example.org/%2e%2e%2f%2e%2e%2fx", "https://example.org/.ssh"],
)
def test_no_address_leads_out_of_the_folder(tmp_path: Path, url: str) -> None:
    (file,) = read(tmp_path, url)
    assert file.name.split("/")[0] == "test"
    assert all(part not in ("", ".", "..") and part[0] != "." for part in file.name.split("/"))


def test_a_list_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="not UTF-8"):
        LIST.listed(tmp_path / "test.txt")


@pytest.mark.parametrize("into", ["../x", "/x", "a//b", ".x"])
def test_folders_that_cannot_be(into: str) -> None:
    with pytest.raises(ValidationError):
        FileList(file=RemoteFile(name="test.txt"), into=into)
