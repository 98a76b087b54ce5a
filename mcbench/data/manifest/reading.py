"""Finding and reading manifests: the built-in ones, a user's own, or any file."""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pydantic

from mcbench import files
from mcbench.data.manifest.fields import fields_beside
from mcbench.data.manifest.schema import Manifest
from mcbench.errors import FileFormatError, InputError, McbenchError

SUFFIXES = (".toml", ".json")
"""Endings by which the path of a manifest is told from the id of one."""


def list_manifests(home: Path | None = None) -> tuple[Manifest, ...]:
    """Return all manifests that can be named by id: the built-in ones, then the user's own.

    Those of the user's that cannot be used are left out: `broken_manifests` tells them.

    Raises:
        FileFormatError: a built-in one is not valid.
    """
    return tuple(_find(home)[0].values())


def broken_manifests(home: Path | None = None) -> dict[Path, McbenchError]:
    """Return the user's own manifests that cannot be used, each with what is wrong."""
    return {each.path: each.error for each in _find(home)[1]}


def load_manifest(name: str, home: Path | None = None) -> Manifest:
    """Return a manifest by its id, or by the path of its file if `name` ends in `.toml` or `.json`.

    Raises:
        InputError: there is none of that id, or two; the hint lists near matches.
        FileFormatError: the file is missing or not valid; the message names the field.
    """
    if is_path(name):
        return _read(Path(name).expanduser())
    known, broken = _find(home)
    for each in broken:
        if each.id == name:
            raise each.error
    if name not in known:
        near = difflib.get_close_matches(name, known, cutoff=0.5)
        raise InputError(
            f"there is no benchmark {name!r}",
            f"known: {', '.join(near or sorted(known))} (mcbench data list)",
        )
    return known[name]


class _Broken(NamedTuple):
    """A manifest that cannot be used; `id` is what it says, or its file's name where it says none."""

    path: Path
    id: str
    error: McbenchError


def _find(home: Path | None) -> tuple[dict[str, Manifest], tuple[_Broken, ...]]:
    """Return id -> manifest of all that can be used, the built-in ones first, and the user's others."""
    paths: dict[str, Path] = {}
    found: dict[str, Manifest] = {}
    broken: list[_Broken] = []
    for path in _in_folder(built_in_folder()):
        manifest = _read(path)
        paths[manifest.id], found[manifest.id] = path, manifest
    for path in _in_folder(files.home(home) / "manifests"):
        try:
            manifest = _read(path)
            if manifest.id in found:
                raise InputError(
                    f"two manifests have the id {manifest.id!r}: {paths[manifest.id]} and {path}",
                    "give yours another id",
                )
        except McbenchError as error:
            broken.append(_Broken(path, _id_of(path), error))
        else:
            paths[manifest.id], found[manifest.id] = path, manifest
    return found, tuple(broken)


def _id_of(path: Path) -> str:
    try:
        content = read_content(path)
    except FileFormatError:
        return path.stem
    found = content.get("id") if isinstance(content, dict) else None
    return found if isinstance(found, str) else path.stem


def is_path(name: str) -> bool:
    """Return whether a name is the path of a manifest rather than its id."""
    return name.endswith(SUFFIXES)


def split_path(name: str) -> tuple[str, str | None] | None:
    """Return the path and the subset of `PATH.toml` or `PATH.toml/SUBSET`; None where it is no path."""
    path, slash, subset = name.rpartition("/")
    if slash and is_path(path) and not is_path(subset):
        return path, subset
    return (name, None) if is_path(name) else None


def built_in_folder() -> Path:
    """Return the folder of the manifests that come with mcbench, in a checkout or installed."""
    room = Path(__file__).resolve().parents[1]
    in_wheel = room / "manifests"
    return in_wheel if in_wheel.is_dir() else room.parents[1] / "data" / "manifests"


def read_content(path: Path) -> Any:
    """Return what a TOML or JSON file says, as plain values.

    Raises:
        FileFormatError: it is missing, unreadable or not valid TOML or JSON.
    """
    text = files.read_text(path)
    try:
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, RecursionError) as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise FileFormatError(f"{path} is not valid {kind}: {error}") from error


def complaints(error: pydantic.ValidationError, content: Any) -> list[tuple[str, str]]:
    """Return the field and the complaint of everything in a manifest's content that does not fit."""
    found = {
        each["loc"]: _unknown(each["loc"])
        if each["type"] == "extra_forbidden"
        else each["msg"].removeprefix("Value error, ")
        for each in error.errors()
    }
    # A list whose every entry is wrong is also said to be empty: that would only confuse.
    inner = [loc for loc in found if not any(other[: len(loc)] == loc for other in found if other != loc)]
    return [(_field(loc, content), found[loc]) for loc in inner]


def _unknown(loc: tuple[int | str, ...]) -> str:
    fields = fields_beside(loc)
    near = difflib.get_close_matches(str(loc[-1]), fields, n=1)
    if near:
        return f"there is no such field: did you mean {near[0]!r}?"
    return f"there is no such field; there are {', '.join(fields)}"


def _field(loc: tuple[int | str, ...], content: Any) -> str:
    """Return where something is, as the file has it: pydantic puts the `kind` of a table between."""
    parts: list[str] = []
    named = False
    for part in loc:
        if not named and isinstance(content, dict) and part == content.get("kind"):
            named = True
            continue
        parts.append(str(part))
        named = False
        inside = isinstance(content, dict) and part in content
        inside = inside or (isinstance(content, list) and isinstance(part, int) and part < len(content))
        content = content[part] if inside else None
    return ".".join(parts) or "the file"


def _in_folder(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES and path.name[0] != ".")


def _read(path: Path) -> Manifest:
    content = read_content(path)
    try:
        return Manifest.model_validate(content)
    except pydantic.ValidationError as error:
        field, complaint = complaints(error, content)[0]
        raise FileFormatError(
            f"{path} is not a valid manifest: {field}: {complaint}", f"mcbench data check-manifest {path}"
        ) from error
