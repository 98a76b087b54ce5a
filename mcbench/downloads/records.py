"""The typed records of downloads: what to get, what came, and whether a link still works."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mcbench import files
from mcbench.errors import InputError
from mcbench.records import Part, Record, Sha256

ARCHIVE_SUFFIXES = (
    ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip", ".7z",
)  # fmt: skip
"""Endings of the archives that `mcbench.downloads.unpack_archive` reads."""

RECORD_SUFFIX = ".download.json"
"""Behind the name of a downloaded file: its `FileRecord`."""
REPORT_SUFFIX = ".unpacked.json"
"""Behind the name of an unpacked folder: its `UnpackReport`."""

_URL_SHAPES = {
    "http": re.compile(r"https?://[^\s/]+(/\S*)?"),
    "https": re.compile(r"https?://[^\s/]+(/\S*)?"),
    "gdrive": re.compile(r"gdrive:[A-Za-z0-9_-]{10,}"),
    "kaggle": re.compile(r"kaggle:[A-Za-z0-9_-]+/[A-Za-z0-9_.-]+(/[^\s/][^\s]*)?"),
    "youtube": re.compile(r"youtube:[A-Za-z0-9_-]{11}"),
}
_URL_HINT = (
    "write https://HOST/PATH, gdrive:FILE_ID, kaggle:OWNER/DATASET, kaggle:OWNER/DATASET/FILE "
    "or youtube:VIDEO_ID"
)


def check_url(url: str) -> str:
    """Return `url` if it is an address that mcbench can fetch from.

    Raises:
        InputError: another scheme, or not the shape that its scheme needs.
    """
    scheme = url.partition(":")[0].lower()
    shape = _URL_SHAPES.get(scheme)
    if shape is None or not shape.fullmatch(url):
        raise InputError(f"{url!r} is no address that mcbench can fetch from", _URL_HINT)
    return url


class RemoteFile(Part):
    """A file to get: where it goes, where it can be had, and how to know that it is the one meant."""

    name: str
    """Relative path, with `/`, below the folder that it is put in."""
    urls: tuple[str, ...] = ()
    """Mirrors in order: `https://...`, `gdrive:ID`, `kaggle:OWNER/DATASET[/FILE]`, `youtube:ID`."""
    size: Annotated[int, Field(ge=0)] | None = None
    """Bytes, where known."""
    sha256: Sha256 | None = None
    """None: nobody published it. What came is recorded at the first download and held to afterwards."""
    unpack: bool = False
    """It is an archive whose content is wanted, in the folder `unpacked_name`."""
    manual: str = ""
    """How a person gets it, where no program may."""

    @field_validator("name")
    @classmethod
    def _is_safe(cls, name: str) -> str:
        for component in name.split("/"):
            try:
                files.safe_name(component, "component of a file's name")
            except InputError as error:
                raise ValueError(f"{name!r}: {error.message}; {error.hint}") from None
        return name

    @field_validator("urls")
    @classmethod
    def _can_be_fetched(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            try:
                check_url(url)
            except InputError as error:
                raise ValueError(f"{error.message}; {error.hint}") from None
        return urls

    @model_validator(mode="after")
    def _is_an_archive(self) -> RemoteFile:
        if self.unpack and not self.name.endswith(ARCHIVE_SUFFIXES):
            raise ValueError(
                f"{self.name!r} is to be unpacked, but ends in none of {' '.join(ARCHIVE_SUFFIXES)}"
            )
        return self

    @property
    def unpacked_name(self) -> str:
        """The name of the folder that the archive's content goes to: `name` without the archive's ending."""
        for suffix in ARCHIVE_SUFFIXES:
            if self.name.endswith(suffix):
                return self.name.removesuffix(suffix)
        return self.name


Proof = Literal["sha256", "unverified"]
"""`sha256`: the file is the one meant; `unverified`: no digest was known when it came."""


class FileRecord(Record):
    """`NAME.download.json` beside a downloaded file; written last, so its presence says the file is whole."""

    url: str
    """Where it came from, with its scheme; a path for a file that a person brought."""
    sha256: Sha256
    n_bytes: int
    proof: Proof
    etag: str | None = None
    """The server's own name of this version of the file."""
    downloaded: str
    """UTC time at which it was whole."""


class Failure(Part):
    """A file that could not be had."""

    message: str
    hint: str = ""


class FetchReport(Part):
    """What came of fetching several files."""

    records: dict[str, FileRecord]
    """Name -> record of each file that is here now."""
    failures: dict[str, Failure]
    """Name -> why it is not here."""

    @property
    def complete(self) -> bool:
        """Whether every file is here."""
        return not self.failures


class LinkState(Part):
    """Whether an address still gives its file."""

    url: str
    state: Literal["present", "missing", "dead", "unknown"]
    """`present`: it answers; `missing`: the server says it has no such file; `dead`: there is no such
    server; `unknown`: it could not be told, for instance for a passing failure or a login."""
    reason: str = ""
    n_bytes: int | None = None
    """Its size, where the server tells."""
    checked: str
    """UTC time."""


class UnpackReport(Record):
    """`FOLDER.unpacked.json` beside an unpacked folder."""

    archive: str
    """Name of the archive."""
    archive_bytes: int
    archive_sha256: Sha256
    n_files: int
    n_bytes: int
    """Sum of the sizes of the unpacked files."""
