"""`published/families.toml`: what is known of each evaluator whose numbers are printed."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pydantic
from pydantic import Field

from mcbench import files
from mcbench.errors import FileFormatError
from mcbench.leaderboard.published.rows import PublishedRow
from mcbench.records import Part, Size

FILE_NAME = "families.toml"
_HINT = "leaderboard/published/README.md says what it holds"


class Family(Part):
    """An evaluator: numbers of one family, on one benchmark, may stand in one table."""

    about: str = Field(min_length=1, max_length=600)
    l1_size: Size | None = None
    """The frame size that L1 was divided by (height, width); None where unknown or not divided."""
    not_frechet: str = Field(default="", max_length=600)
    """Why what it prints as FVD is no Frechet distance of sets of videos; empty where nothing says so."""
    not_frechet_on: tuple[str, ...] = ()
    """The benchmarks that it is said of; empty for all."""
    test_sets: dict[str, str] = Field(default_factory=dict)
    """Benchmark -> which videos the numbers are about, where papers mean different ones by one name."""


class Families(Part):
    """The file: evaluators by name, and what to say of benchmarks without any printed number."""

    families: dict[str, Family] = Field(default_factory=dict)
    unpublished: dict[str, str] = Field(default_factory=dict)
    """Benchmark -> why there is no printed number of it."""


def read_families(folder: Path, rows: Sequence[PublishedRow]) -> Families:
    """Read `families.toml` of a folder and check that it knows the evaluator of every row.

    Raises:
        FileFormatError: the file is not such a file, or a row's evaluator is not in it.
    """
    path = folder / FILE_NAME
    if not path.exists() and not rows:
        return Families()
    try:
        found = Families.model_validate(tomllib.loads(files.read_text(path)))
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(f"{path} is no TOML: {error}", _HINT) from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise FileFormatError(f"{path}: {field}: {first['msg']}", _HINT) from error
    if unknown := sorted({row.protocol for row in rows} - set(found.families)):
        raise FileFormatError(f"{path} does not know the evaluator {unknown[0]}", _HINT)
    if contradicting := sorted({row.benchmark for row in rows} & set(found.unpublished)):
        raise FileFormatError(f"{path}: {contradicting[0]} is called unpublished, but has numbers", _HINT)
    return found
