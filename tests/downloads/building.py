"""Archives for tests, good ones and such as no usual program writes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

_RANDOM = np.random.default_rng(3)
CONTENT = {
    "00001/images/0001.png": _RANDOM.bytes(3000),
    "00001/images/0002.png": _RANDOM.bytes(70_000),
    "00001/empty.txt": b"",
    "a name with spaces, é.txt": b"text\n" * 100,
    "top.bin": bytes(2000),
}
KINDS = ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "7z"]
_PACK = {"": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def tree(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder, in order of their paths."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def build(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive of the kind that the path's ending names."""
    kind = "tar" if ".tar" in path.name else path.suffix[1:]
    write_pairs(path, kind, list(members.items()))
    return path


def write_pairs(path: Path, kind: str, members: Sequence[tuple[str, bytes]]) -> None:
    """Write an archive whose names may be unusual, and may come twice."""
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in members:
                info = zipfile.ZipInfo("x")
                info.filename, info.compress_type = name, zipfile.ZIP_DEFLATED
                with warnings.catch_warnings():  # of a name that comes twice, as it is meant to
                    warnings.simplefilter("ignore", UserWarning)
                    opened.writestr(info, content)
    elif kind == "7z":
        _write_7z(path, members)
    else:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, content in members:
                add_tar(tar, name, content)
        suffix = path.suffix[1:] if path.suffix != ".tar" else ""
        path.write_bytes(_PACK[suffix](buffer.getvalue()))


def write_tar(path: Path, members: dict[str, bytes], packed: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members.items():
            add_tar(tar, name, content)
    path.write_bytes(_PACK[packed](buffer.getvalue()))


def add_tar(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))


def _write_7z(path: Path, members: Sequence[tuple[str, bytes]]) -> None:
    py7zr = pytest.importorskip("py7zr", reason="the extra `7z` is not installed")
    path.unlink(missing_ok=True)
    with py7zr.SevenZipFile(path, "w") as opened:
        for index, (_, content) in enumerate(members):
            opened.writestr(content, f"member-{index}")
        # py7zr refuses such names when it is asked for them: they are set where its header is made from.
        for file, (name, _) in zip(opened.header.files_info.files, members, strict=True):
            file["filename"] = name


def write_link(
    path: Path, kind: str, name: str, target: str, members: dict[str, bytes] | None = None
) -> None:
    """Write an archive with a symbolic link."""
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as opened:
            for member, content in (members or {}).items():
                opened.writestr(member, content)
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            opened.writestr(info, target)
        return
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, target
        tar.addfile(link)
        for member, content in (members or {}).items():
            add_tar(tar, member, content)


def write_zip_mode(path: Path, name: str, content: bytes, mode: int) -> None:
    """Write a zip whose member has a mode and kind of Unix."""
    with zipfile.ZipFile(path, "w") as opened:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, mode << 16
        opened.writestr(info, content)


def write_zip_claiming(path: Path, n_bytes: int) -> Path:
    """Write a zip whose table says that its member has `n_bytes`."""
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("a.bin", b"x")
        opened.filelist[0].file_size = n_bytes
    return path


def write_7z_special(path: Path, source: Path, kind: str) -> None:
    """Write a 7z with a link, or with a member that says it is a device."""
    py7zr = pytest.importorskip("py7zr", reason="the extra `7z` is not installed")
    source.mkdir()
    (source / "a.txt").write_bytes(b"x")
    if kind == "link":
        os.symlink("a.txt", source / "link")  # noqa: PTH211  # py7zr packs it as a link
    with py7zr.SevenZipFile(path, "w") as opened:
        opened.writeall(source, "set")
        if kind == "device":
            for file in opened.header.files_info.files:
                if file["filename"].endswith("a.txt"):
                    file["attributes"] = 0x8000 | (stat.S_IFCHR | 0o666) << 16
