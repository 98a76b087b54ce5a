"""Bringing files here: one way to download, from http, Google Drive, Kaggle or YouTube; archives unpacked."""

from __future__ import annotations

from mcbench.downloads.records import (
    ARCHIVE_SUFFIXES,
    Failure,
    FetchReport,
    FileRecord,
    LinkState,
    RemoteFile,
    UnpackReport,
    check_url,
)

__all__ = [
    "ARCHIVE_SUFFIXES",
    "Failure",
    "FetchReport",
    "FileRecord",
    "LinkState",
    "RemoteFile",
    "UnpackReport",
    "check_url",
]
