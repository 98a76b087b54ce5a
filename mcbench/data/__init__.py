"""Benchmarks as clips: manifests, preparing, prepared clips. `generated/` makes the embedded benchmark.

The names below are imported when they are first used, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcbench.data.checking import ClipCheck, VerifyReport, verify
    from mcbench.data.clips import Clip, Split, load_clip, open_split
    from mcbench.data.fetching import FileOutcome, SourceFetch, fetch
    from mcbench.data.inventory import DownloadStatus, SplitStatus, download_status, status
    from mcbench.data.links import LinkReport, check_links
    from mcbench.data.manifest import Manifest, ManifestCheck, check_manifest, list_manifests, load_manifest
    from mcbench.data.planning import ClipOutcome
    from mcbench.data.preparing import PrepareReport, ensure_prepared, prepare

__all__ = [
    "Clip",
    "ClipCheck",
    "ClipOutcome",
    "DownloadStatus",
    "FileOutcome",
    "LinkReport",
    "Manifest",
    "ManifestCheck",
    "PrepareReport",
    "SourceFetch",
    "Split",
    "SplitStatus",
    "VerifyReport",
    "check_links",
    "check_manifest",
    "download_status",
    "ensure_prepared",
    "fetch",
    "list_manifests",
    "load_clip",
    "load_manifest",
    "open_split",
    "prepare",
    "status",
    "verify",
]

_ROOMS = {
    "checking": ("ClipCheck", "VerifyReport", "verify"),
    "clips": ("Clip", "Split", "load_clip", "open_split"),
    "fetching": ("FileOutcome", "SourceFetch", "fetch"),
    "inventory": ("DownloadStatus", "SplitStatus", "download_status", "status"),
    "links": ("LinkReport", "check_links"),
    "manifest": ("Manifest", "ManifestCheck", "check_manifest", "list_manifests", "load_manifest"),
    "planning": ("ClipOutcome",),
    "preparing": ("PrepareReport", "ensure_prepared", "prepare"),
}


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
