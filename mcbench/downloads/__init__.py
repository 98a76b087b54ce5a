"""Bringing files here: one way to download, from http, Google Drive, Kaggle or YouTube; archives unpacked."""

from __future__ import annotations

from mcbench.downloads.archives.unpack import is_archive, unpack_archive, unpacked
from mcbench.downloads.fetching import fetch_file
from mcbench.downloads.kept import fetched, record_beside, record_path, verify_file
from mcbench.downloads.links import check_link
from mcbench.downloads.offline import is_offline
from mcbench.downloads.records import (
    ARCHIVE_SUFFIXES,
    RECORD_SUFFIX,
    REPORT_SUFFIX,
    Failure,
    FetchReport,
    FileRecord,
    LinkState,
    RemoteFile,
    UnpackReport,
    check_url,
)
from mcbench.downloads.settings import DEFAULT_SETTINGS, DownloadSettings
from mcbench.downloads.several import fetch_files
from mcbench.downloads.space import check_space, free_bytes, readable

__all__ = [
    "ARCHIVE_SUFFIXES",
    "DEFAULT_SETTINGS",
    "RECORD_SUFFIX",
    "REPORT_SUFFIX",
    "DownloadSettings",
    "Failure",
    "FetchReport",
    "FileRecord",
    "LinkState",
    "RemoteFile",
    "UnpackReport",
    "check_link",
    "check_space",
    "check_url",
    "fetch_file",
    "fetch_files",
    "fetched",
    "free_bytes",
    "is_archive",
    "is_offline",
    "readable",
    "record_beside",
    "record_path",
    "unpack_archive",
    "unpacked",
    "verify_file",
]
