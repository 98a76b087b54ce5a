"""What must be read with a table: footnotes of its cells and remarks under it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcbench.leaderboard.style import column_order, is_of_the_data, shown, style_of

if TYPE_CHECKING:
    from mcbench.leaderboard.tables import Row

Item = Mapping[str, Any]
"""A row of the frame."""
MOST_TESTED = 20
"""Methods of a table that are put to paired tests, best first: 190 pairs under each metric."""
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


def table_notes(items: Sequence[Item], counted: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Yield the remarks that a table needs, in order.

    Args:
        items: the rows of the frame that the table is made of.
        counted: labels of the metrics that the ranking counts.
        rows: the table's rows.
    """
    if counted:
        yield f"Rank: mean place over {', '.join(counted)}, on the displayed values; ties share a rank."
    yield from _groups_note(rows)
    if any(item["metric"].endswith("@embedded") for item in items):
        yield (
            "Distances marked “…@embedded” come from small networks trained on generated data. They order "
            "models within this table; they are not comparable with published FID, FID-VID or FVD."
        )
    yield from _counts_note(items)
    yield from _bias_note(items)
    yield from _data_note(items)
    firsts = {item["record_path"]: item for item in reversed(items)}
    for row in rows:
        yield from _coverage_note(firsts[str(row.record)], row)
    if any(row.dirty for row in rows):
        yield "Commits with * had uncommitted changes: the commit alone does not repeat the number."
    if any(row.dirty is None for row in rows):
        yield "Those with ? were made outside a git checkout: only the version tells which code it was."


def _groups_note(rows: Sequence[Row]) -> Iterator[str]:
    ranked = [row for row in rows if row.rank is not None]
    tested = [row for row in ranked if row.group]
    if not tested:
        return
    yield (
        "Group: methods that share a letter are told apart by no paired test over videos (5 %, Holm's "
        "correction over all pairs and counted metrics), whatever their ranks."
    )
    if len(tested) < len(ranked):
        yield (
            f"{len(tested)} of {len(ranked)} ranked methods were tested: at most the best {MOST_TESTED}, and "
            "only records that hold values by video, with one seed, of the same videos."
        )


def _counts_note(items: Sequence[Item]) -> Iterator[str]:
    """Yield how many frames or clips the values are made of, where complete records agree on it."""
    counts: dict[str, set[int]] = {}
    for item in items:
        if item["value"] is not None and item["complete"] and not is_of_the_data(item["metric"]):
            counts.setdefault(item["metric"], set()).add(item["n_items"])
    by_count: dict[int, list[str]] = {}
    for metric in sorted(counts, key=column_order):
        if len(counts[metric]) == 1:
            label = style_of(items[0]["protocol"], metric).label
            by_count.setdefault(min(counts[metric]), []).append(label)
    if by_count:
        parts = [f"{count} ({', '.join(labels)})" for count, labels in sorted(by_count.items(), reverse=True)]
        yield f"N, the frames or clips that a value is made of: {'; '.join(parts)}."


def _bias_note(items: Sequence[Item]) -> Iterator[str]:
    few: dict[str, tuple[int, int | None]] = {}
    for item in items:
        style = style_of(item["protocol"], item["metric"])
        if item["value"] is not None and style.biased and item["n_videos"] < FEW_VIDEOS:
            few[style.label] = (item["n_videos"], item["dimensions"])
    if few:
        counts = sorted({videos for videos, _ in few.values()})
        made_of = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        dimensions = sorted({size for _, size in few.values() if size is not None})
        features = f" in {' or '.join(str(size) for size in dimensions)} dimensions" if dimensions else ""
        yield (
            f"With {made_of} videos{features} these distances are mostly bias: {', '.join(few)}. They read "
            "far above 0 even for two samples of one distribution, so compare them within this table only."
        )


def _data_note(items: Sequence[Item]) -> Iterator[str]:
    """Yield what the record tells of the data alone and no column shows."""
    metric = "signature_distance"
    found = {
        shown(item["value"], style_of(item["protocol"], metric))
        for item in items
        if item["metric"].partition("@")[0] == metric and item["value"] is not None
    }
    if len(found) == 1:
        yield (
            f"Signature distance of the data: {found.pop()}, between the two reference people who look most "
            "alike. Near 0, IAA means nothing."
        )


def _coverage_note(first: Item, row: Row) -> Iterator[str]:
    missing, excluded = json.loads(first["missing_videos"]), json.loads(first["excluded"])
    parts = [] if row.complete else [f"incomplete ({row.coverage}) and not ranked"]
    if row.sees_truth:
        parts.append("was shown the frames that it is judged by: a yardstick, no method, and not ranked")
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
