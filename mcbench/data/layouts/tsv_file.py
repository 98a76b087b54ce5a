"""A TSV file of pictures, row by row: a key, a tab, and after the last tab a picture in base64.

DisCo (https://github.com/Wangt-CN/DisCo) packs its frames so. Rows are found by the byte at which they begin:
`NAME.lineidx` lists it, one number a line, else the file is read through once. Nothing is unpickled.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from mcbench import files
from mcbench.errors import FileFormatError

_LONGEST_KEY = 4096
_CHUNK = 2**20
_LONGEST_ROW = 2**28
"""Bytes; a frame of 8192x8192 as PNG in base64 fits."""
_SPAN = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_AGAIN = "download it again, or remove its .lineidx file, which then is not needed"


class TsvFile:
    """The rows of a TSV file; only one row is in memory at a time.

    Args:
        path: the `.tsv` file.

    Raises:
        FileFormatError: it cannot be read, or its `.lineidx` file does not go with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._size = path.stat().st_size
            index = path.with_suffix(".lineidx")
            self._offsets = self._read_index(index) if index.exists() else self._scan()
        except OSError as error:
            raise FileFormatError(f"cannot read {path}: {error.strerror or error}") from error

    def __len__(self) -> int:
        return len(self._offsets)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row.

        Raises:
            FileFormatError: a row has none; the message says which.
        """
        with self.path.open("rb") as stream:
            for row, offset in enumerate(self._offsets):
                stream.seek(offset)
                key, tab, _ = stream.read(_LONGEST_KEY).partition(b"\t")
                try:
                    text = key.decode("utf-8")
                except UnicodeDecodeError:
                    text, tab = "", b""
                if not tab or not text or "\n" in text:
                    raise FileFormatError(f"{self.path}, row {row}, has no key before a tab", _AGAIN)
                yield text

    def picture(self, row: int) -> bytes:
        """Return the bytes of the PNG or JPEG file of a row, counted from 0.

        Raises:
            IndexError: there is no such row.
            FileFormatError: the row holds no base64 after its last tab.
        """
        if not 0 <= row < len(self._offsets):
            raise IndexError(f"{self.path} has rows 0 to {len(self._offsets) - 1}, not {row}")
        begin = self._offsets[row]
        end = self._offsets[row + 1] if row + 1 < len(self._offsets) else self._size
        if end - begin > _LONGEST_ROW:
            raise FileFormatError(f"{self.path}, row {row}, is {end - begin:,} bytes long", _AGAIN)
        with self.path.open("rb") as stream:
            stream.seek(begin)
            _, tab, text = stream.read(end - begin).rpartition(b"\t")
        try:
            picture = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise FileFormatError(
                f"{self.path}, row {row}, is no picture in base64: {error}", _AGAIN
            ) from error
        if not tab or not picture:
            raise FileFormatError(f"{self.path}, row {row}, holds no picture", _AGAIN)
        return picture

    def _scan(self) -> list[int]:
        offsets, position, begins = [], 0, True
        with self.path.open("rb") as stream:
            while chunk := stream.readline(_CHUNK):
                if begins:
                    offsets.append(position)
                begins = chunk.endswith(b"\n")
                position += len(chunk)
        return offsets

    def _read_index(self, path: Path) -> list[int]:
        try:
            offsets = [int(line) for line in files.read_text(path).split()]
        except ValueError as error:
            raise FileFormatError(f"{path} is no list of numbers: {error}", _AGAIN) from error
        rising = all(one < two for one, two in itertools.pairwise(offsets))
        if not (offsets and offsets[0] == 0 and rising and offsets[-1] < self._size):
            raise FileFormatError(f"{path} does not tell where the rows of {self.path.name} begin", _AGAIN)
        return offsets


def write_rows(rows: list[int]) -> str:
    """Return row numbers as text: `0-3,7` for 0, 1, 2, 3 and 7, in this order."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in spans)


def parse_rows(text: str) -> list[int]:
    """Return the row numbers that `write_rows` wrote.

    Raises:
        FileFormatError: the text is none of its kind.
    """
    rows: list[int] = []
    for span in text.split(","):
        found = _SPAN.fullmatch(span)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first:
            raise FileFormatError(f"{text!r} names no rows of a TSV file")
        rows.extend(range(first, last + 1))
    return rows


def member_pictures(path: Path, member: str) -> Iterator[bytes]:
    """Yield the PNG or JPEG files of a clip, in order: those of the rows that `ClipMaterial.member` names.

    Raises:
        FileFormatError: the file or a row is damaged, or has fewer rows.
    """
    tsv = TsvFile(path)
    for row in parse_rows(member):
        if row >= len(tsv):
            raise FileFormatError(f"{path} has {len(tsv):,} rows, and its clip needs row {row}", _AGAIN)
        yield tsv.picture(row)
