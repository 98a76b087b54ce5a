"""`check_manifest`: everything that is wrong with a manifest, and what may be missing in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pydantic

from mcbench.data.layouts.specs import FolderLayout, facts_of
from mcbench.data.manifest.reading import complaints, read_content
from mcbench.data.manifest.schema import DEFAULT_SUBSET, FilesSource, Manifest, Source
from mcbench.downloads.records import RemoteFile
from mcbench.errors import FileFormatError
from mcbench.records import Part

_PLAIN_WEB = re.compile(r"http://")


class Finding(Part):
    """Something about one field."""

    field: str
    """Where, such as `sources.release.files.0.sha256`; `the file` where it is all of it."""
    text: str


class ManifestCheck(Part):
    """What came of checking a manifest."""

    path: str
    id: str = ""
    """Of the benchmark, where the manifest could be read."""
    problems: tuple[Finding, ...] = ()
    """What keeps it from being used."""
    warnings: tuple[Finding, ...] = ()
    """What works and should be looked at: files nobody can verify, facts that are missing."""

    @property
    def valid(self) -> bool:
        """Whether the manifest can be used."""
        return not self.problems


def check_manifest(path: Path) -> ManifestCheck:
    """Return all that is wrong with the manifest of a file, and what may be missing in it.

    Args:
        path: a TOML or JSON file.
    """
    try:
        content = read_content(path)
        manifest = Manifest.model_validate(content)
    except FileFormatError as error:
        return ManifestCheck(path=str(path), problems=(Finding(field="the file", text=error.message),))
    except pydantic.ValidationError as error:
        problems = tuple(Finding(field=field, text=text) for field, text in complaints(error, content))
        return ManifestCheck(path=str(path), id=_id_of(content), problems=problems)
    return ManifestCheck(path=str(path), id=manifest.id, warnings=tuple(_warnings(manifest)))


def _id_of(content: Any) -> str:
    found = content.get("id") if isinstance(content, dict) else None
    return found if isinstance(found, str) else ""


def _warnings(manifest: Manifest) -> list[Finding]:
    found = [
        Finding(field=field, text="is empty")
        for field in ("licence", "citation", "homepage")
        if not getattr(manifest, field)
    ]
    for name, source in manifest.sources.items():
        found += _of_source(f"sources.{name}", source)
        if isinstance(source, FilesSource) and not source.needs_folder and manifest.terms_of(name) is None:
            found.append(
                Finding(field=f"sources.{name}.terms", text="nothing says under which terms it is used")
            )
    return found


def _of_source(field: str, source: Source) -> list[Finding]:
    found: list[Finding] = []
    if DEFAULT_SUBSET not in source.subsets:
        found.append(
            Finding(field=f"{field}.subsets", text="none is called 'default', so users must always name one")
        )
    for name, subset in source.subsets.items():
        if subset.videos is None and subset.clips is None:
            found.append(
                Finding(
                    field=f"{field}.subsets.{name}",
                    text="neither clips nor videos are given, so nobody can tell whether it is complete",
                )
            )
        if isinstance(source, FilesSource) and (told := facts_of(source.layout)) is not None:
            found += [
                Finding(
                    field=f"{field}.subsets.{name}.where.{fact}",
                    text=f"the layout {source.layout.kind!r} tells {_list(told)}: no clip will belong to it",
                )
                for fact in sorted(set(subset.where) - told)
            ]
    if isinstance(source, FilesSource):
        if isinstance(source.layout, FolderLayout) and _lie_in_folders(source):
            found.append(
                Finding(
                    field=f"{field}.layout",
                    text="'folder' finds videos and frame folders directly in the downloads, and not what "
                    "archives and lists put into folders: 'videos' or 'frames' may be meant",
                )
            )
        for index, file in enumerate(source.files):
            found += _of_file(f"{field}.files.{index}", file)
        for index, listed in enumerate(source.lists):
            found += _of_file(f"{field}.lists.{index}.file", listed.file)
            found.append(
                Finding(field=f"{field}.lists.{index}", text="unverified files: the list has no hashes")
            )
    return found


def _lie_in_folders(source: FilesSource) -> bool:
    return any(file.unpack or "/" in file.name for file in source.files) or any(
        each.into for each in source.lists
    )


def _list(facts: frozenset[str]) -> str:
    return f"only {', '.join(sorted(facts))}" if facts else "no facts"


def _of_file(field: str, file: RemoteFile) -> list[Finding]:
    found: list[Finding] = []
    if file.sha256 is None:
        text = f"unverified file: nothing tells whether {file.name} is the one meant"
        found.append(Finding(field=f"{field}.sha256", text=text))
    if not file.urls and not file.manual:
        text = f"neither urls nor manual say how {file.name} is got"
        found.append(Finding(field=f"{field}.urls", text=text))
    for url in file.urls:
        if _PLAIN_WEB.match(url) and file.sha256 is None:
            text = f"{url} can be changed on its way: use https, or give sha256"
            found.append(Finding(field=f"{field}.urls", text=text))
    return found
