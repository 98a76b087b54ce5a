"""What a clip is made from: hashes that tell whether its files, and what is taken of them, are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from mcbench import files
from mcbench.data.decode import FilesWork
from mcbench.data.layouts import ClipMaterial
from mcbench.data.layouts.patterns import matches
from mcbench.data.layouts.tsv_file import member_pictures
from mcbench.downloads import FileRecord, record_beside
from mcbench.errors import FileFormatError
from mcbench.video.folders import natural_key

Origin = dict[str, str | int | float | bool]

_NOT_IDENTITY = ("path", "decoder", "state")
"""Where the files lay, what decoded them and when they were touched does not change what they are."""


def same_origin(one: Origin, other: Origin) -> bool:
    """Return whether two clips are made from the same."""
    first, second = (
        {key: value for key, value in origin.items() if key not in _NOT_IDENTITY} for origin in (one, other)
    )
    return first == second


def origin_of_files(work: FilesWork) -> Origin:
    """Return what a clip of files is made from; hashes the files.

    Raises:
        FileFormatError: a file cannot be read.
    """
    material = work.material
    path = Path(material.path)
    origin: Origin = {"path": str(path), "sha256": _sha256_of(path, material)}
    if path.is_dir() or material.member:
        origin["assumed_fps"] = material.fps or work.settings.assumed_fps
    origin |= _what_is_taken(work)
    for kind, place in sorted(material.beside.items()):
        origin[f"{kind}_sha256"] = _sha256_of_beside(Path(place), material)
    return origin


def state_of_files(work: FilesWork) -> str:
    """Return a hash of the names, sizes and times of all files of a clip, and of what is taken of them.

    Raises:
        FileFormatError: a file cannot be looked at.
    """
    material = work.material
    path = Path(material.path)
    everything = [_files_of(path, material.frames)]
    everything += [files_at(Path(place)) for _, place in sorted(material.beside.items())]
    origin = _what_is_taken(work) | {"assumed_fps": material.fps or work.settings.assumed_fps}
    lines = [f"{name}={value}\n" for name, value in sorted(origin.items())]
    for paths in everything:
        for each in paths:
            state = _readable(each).stat()
            lines.append(f"{each.name} {state.st_size} {state.st_mtime_ns}\n")
        lines.append("\n")
    return files.sha256_text("".join(lines))


def files_at(place: Path) -> list[Path]:
    """Return the files that a path with a glob as its last part names, in natural order; or the one file."""
    if place.exists():
        return [place]
    found = [match.path for match in matches(place.parent, place.name)] if place.parent.is_dir() else []
    return sorted(found, key=lambda path: natural_key(path.name))


def _what_is_taken(work: FilesWork) -> Origin:
    material = work.material
    taken: Origin = {}
    if settings := work.settings.key():
        taken["settings"] = settings
    if material.member:
        taken["member"] = material.member
    if material.trim is not None:
        taken["trim"] = material.trim.model_dump_json()
    if material.crop is not None:
        taken["crop"] = material.crop.model_dump_json()
    return taken


def _files_of(path: Path, glob: str) -> list[Path]:
    if not path.is_dir():
        return [path]
    if glob:
        return files_at(path / glob)
    return sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))


def _sha256_of(path: Path, material: ClipMaterial) -> str:
    if material.member:
        return _sha256_of_rows(path, material.member)
    if path.is_dir():
        return _sha256_of_all(_files_of(path, material.frames))
    return _known_sha256(path) or _hash(path)


def _sha256_of_beside(place: Path, material: ClipMaterial) -> str:
    if material.member and place.is_file():
        return _sha256_of_rows(place, material.member)
    return _sha256_of_all(files_at(place))


def _sha256_of_rows(path: Path, member: str) -> str:
    """Return the hash of the pictures of a clip that lies in a file with others."""
    digest = hashlib.sha256()
    for picture in member_pictures(_readable(path), member):
        digest.update(hashlib.sha256(picture).digest())
    return digest.hexdigest()


def _sha256_of_all(paths: Iterable[Path]) -> str:
    """Return the hash of the names and bytes of files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name} {_hash(path)}\n".encode())
    return digest.hexdigest()


def _known_sha256(path: Path) -> str | None:
    """Return the hash that was recorded when the file was downloaded, if it was not touched since."""
    record_path = record_beside(path)
    try:
        record = FileRecord.read(record_path)
        untouched = path.stat().st_mtime_ns <= record_path.stat().st_mtime_ns
        return record.sha256 if untouched and path.stat().st_size == record.n_bytes else None
    except (FileFormatError, OSError):
        return None


def _hash(path: Path) -> str:
    try:
        return files.sha256_file(_readable(path))
    except OSError as error:
        raise FileFormatError(f"cannot read {error.filename or path}: {error.strerror}") from error


def _readable(path: Path) -> Path:
    try:
        path.stat()
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from error
    return path
