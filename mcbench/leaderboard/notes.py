"""What must be read with a table: footnotes of its cells and remarks under it."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from mcbench.leaderboard.style import style_of

if TYPE_CHECKING:
    from mcbench.leaderboard.tables import Row

FEW_VIDEOS = 200
"""Below this many videos a Frechet distance is mostly bias: between two halves of one distribution of 400
dimensions it reads 7 at 200 samples and 43 at 10, where the truth is 0. The number of videos counts, not of
the clips cut from them."""


@dataclass(frozen=True)
class Footnote:
    """A numbered remark on cells, and the command that mends what it is about, if any."""

    number: int
    text: str
    command: str = ""


class Footnotes:
    """The footnotes of a table; equal ones share a number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def add(self, text: str, command: str = "") -> int:
        """Return the number of a footnote, which is new if there was none like it."""
        return self._numbers.setdefault((text, command), len(self._numbers) + 1)

    def __iter__(self) -> Iterator[Footnote]:
        return iter([Footnote(number, *key) for key, number in self._numbers.items()])


def table_notes(group: pd.DataFrame, counted: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Yield the remarks that a table needs, in order.

    Args:
        group: the rows of the frame that the table is made of.
        counted: labels of the metrics that the ranking counts.
        rows: the table's rows.
    """
    if counted:
        yield f"Rank: mean place over {', '.join(counted)}, on the displayed values; ties share a rank."
    if any(metric.endswith("@embedded") for metric in group["metric"]):
        yield (
            "Distances marked “…@embedded” come from small networks trained on generated data. They order "
            "models within this table; they are not comparable with published FID, FID-VID or FVD."
        )
    yield from _bias_note(group)
    firsts = {
        first["record_path"]: first for first in group.drop_duplicates("record_path").to_dict("records")
    }
    for row in rows:
        yield from _coverage_note(firsts[str(row.record)], row)
    if any(row.dirty for row in rows):
        yield "Commits with * had uncommitted changes: the commit alone does not repeat the number."
    if any(row.dirty is None for row in rows):
        yield "Those with ? were made outside a git checkout: only the version tells which code it was."


def _bias_note(group: pd.DataFrame) -> Iterator[str]:
    protocol = str(group["protocol"].iloc[0])
    few: dict[str, tuple[int, int | None]] = {}
    for row in group[group["value"].notna()].to_dict("records"):
        style = style_of(protocol, row["metric"])
        if style.biased and row["n_videos"] < FEW_VIDEOS:
            few[style.label] = (row["n_videos"], row["dimensions"])
    if few:
        counts = sorted({videos for videos, _ in few.values()})
        made_of = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        dimensions = sorted({size for _, size in few.values() if size is not None})
        features = f" in {' or '.join(str(size) for size in dimensions)} dimensions" if dimensions else ""
        yield (
            f"With {made_of} videos{features} these distances are mostly bias: {', '.join(few)}. They read "
            "far above 0 even for two samples of one distribution, so compare them within this table only."
        )


def _coverage_note(first: dict[Hashable, Any], row: Row) -> Iterator[str]:
    missing, excluded = json.loads(first["missing_videos"]), json.loads(first["excluded"])
    parts = [] if row.complete else [f"incomplete ({row.coverage}) and not ranked"]
    without_reason = [video for video in missing if video not in excluded]
    if without_reason:
        parts.append(f"missing {_listed(without_reason)}")
    if excluded:
        parts.append(f"left out {_listed([f'{name} ({why})' for name, why in sorted(excluded.items())])}")
    if parts:
        yield f"{row.name}: {'; '.join(parts)}."


def _listed(names: Sequence[str], at_most: int = 8) -> str:
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more
