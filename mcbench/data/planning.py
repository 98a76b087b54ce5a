"""Which clips are to be made, of what, and what can be said of each before anything is made."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from mcbench.data.decode import FilesWork
from mcbench.data.fetching import is_here
from mcbench.data.jobs import ClipJob, GeneratedWork
from mcbench.data.layouts import ClipMaterial
from mcbench.data.manifest import GeneratedSource
from mcbench.data.places import SourceListing, Target
from mcbench.errors import FileFormatError, InputError
from mcbench.records import ClipRecord, Part

_CLIPS_SHOWN = 8

Outcome = Literal["done", "skipped", "failed", "missing"]


class ClipOutcome(Part):
    """What came of preparing one clip."""

    clip: str
    status: Outcome
    """`skipped`: it was there already; `missing`: what it is made of is not here."""
    reason: str = ""
    """Why it failed or is missing."""
    n_frames: int = 0
    frames_sha256: str = ""
    notes: tuple[str, ...] = ()
    """What came with its frames and was left out."""


def chosen(target: Target, clips: Sequence[str] | None, limit: int | None) -> tuple[str, ...]:
    """Return the ids of the clips that are asked for, sorted.

    Raises:
        InputError: the subset has no such clip.
    """
    expected = target.expected()
    unknown = sorted(set(clips or ()) - set(expected))
    if unknown:
        near = difflib.get_close_matches(unknown[0], expected, cutoff=0.5) or expected[:_CLIPS_SHOWN]
        raise InputError(
            f"{target.name} has no clip {unknown[0]!r}", f"among its {len(expected)} clips: {', '.join(near)}"
        )
    wanted = expected if clips is None else tuple(clip for clip in expected if clip in set(clips))
    return wanted[:limit]


def plan(
    target: Target, listing: SourceListing | None, clips: Sequence[str], force: bool
) -> tuple[list[ClipJob], list[ClipOutcome]]:
    """Return the jobs of the clips that can be made, and the outcomes of those that cannot."""
    jobs: list[ClipJob] = []
    missing: list[ClipOutcome] = []
    material = listing.material() if listing is not None else {}
    for clip in clips:
        work: GeneratedWork | FilesWork
        if isinstance(target.source, GeneratedSource):
            source = target.source
            work = GeneratedWork(
                size=source.size, generator_version=source.generator_version, max_frames=source.max_frames
            )
        elif clip not in material or _is_gone(material[clip], listing):
            missing.append(_without_material(target, listing, clip))
            continue
        else:
            assert listing is not None
            settings = target.source.clips.model_copy(update={"assumed_fps": listing.assumed_fps})
            work = FilesWork(material=material[clip], settings=settings)
        jobs.append(
            ClipJob(
                clip=clip,
                benchmark=target.benchmark,
                source=target.source_name,
                folder=str(target.clip_folder(clip)),
                force=force,
                work=work,
            )
        )
    return jobs, missing


def outlived(target: Target, clips: Sequence[str] | None, limit: int | None) -> SourceListing | None:
    """Return the listing of a source whose downloads are gone while all clips asked for are prepared.

    Then nothing need be fetched. None in any other case.
    """
    listing = target.listing()
    if listing is None or listing.brought or is_here(target):
        return None
    wanted = chosen(target, clips, limit)
    return listing if wanted and all(readable(target, clip) for clip in wanted) else None


def _is_gone(material: ClipMaterial, listing: SourceListing | None) -> bool:
    """Return whether a clip's files are known to be missing, or were downloaded and are gone.

    What a user brings and cannot be read is for the job to tell.
    """
    downloaded = listing is not None and not listing.brought
    return bool(material.missing) or (downloaded and not Path(material.path).exists())


def _without_material(target: Target, listing: SourceListing | None, clip: str) -> ClipOutcome:
    """Return the outcome of a clip whose files are not here: it stays if it was prepared before."""
    if (record := readable(target, clip)) is not None:
        return outcome_of(record, "skipped")
    known = listing.material().get(clip) if listing is not None else None
    origin = listing.origin if listing is not None else ""
    reason = f"{origin} does not hold it"
    if known is not None:
        reason = known.missing or f"{known.path} is gone"
    return ClipOutcome(clip=clip, status="missing", reason=reason)


def readable(target: Target, clip: str) -> ClipRecord | None:
    """Return the record of a prepared clip; a damaged one counts as none."""
    try:
        return target.prepared(clip)
    except FileFormatError:
        return None


def outcome_of(record: ClipRecord, status: Outcome) -> ClipOutcome:
    """Return the outcome of a clip that is there."""
    return ClipOutcome(
        clip=record.id,
        status=status,
        n_frames=record.n_frames,
        frames_sha256=record.frames_sha256,
        notes=record.notes,
    )
