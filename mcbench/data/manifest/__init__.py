"""Manifests: one TOML or JSON file a benchmark, which says where its clips come from and how many there are.

Built-in manifests lie in `data/manifests/` of a checkout and inside an installed package. A user's own lie
in `manifests/` of mcbench's home folder, or are named by their path. A benchmark whose files lie in one of
the layouts of `mcbench.data.layouts` needs a manifest and no code; docs/manifests.md tells its fields.
"""

from __future__ import annotations

from mcbench.data.layouts.specs import Layout
from mcbench.data.manifest.checking import Finding, ManifestCheck, check_manifest
from mcbench.data.manifest.reading import (
    broken_manifests,
    built_in_folder,
    is_path,
    list_manifests,
    load_manifest,
    split_path,
)
from mcbench.data.manifest.schema import (
    DEFAULT_SUBSET,
    LOCAL,
    ClipSettings,
    FileList,
    FilesSource,
    GeneratedSource,
    Manifest,
    PaperFacts,
    Source,
    Subset,
    Terms,
)

__all__ = [
    "DEFAULT_SUBSET",
    "LOCAL",
    "ClipSettings",
    "FileList",
    "FilesSource",
    "Finding",
    "GeneratedSource",
    "Layout",
    "Manifest",
    "ManifestCheck",
    "PaperFacts",
    "Source",
    "Subset",
    "Terms",
    "broken_manifests",
    "built_in_folder",
    "check_manifest",
    "is_path",
    "list_manifests",
    "load_manifest",
    "split_path",
]
