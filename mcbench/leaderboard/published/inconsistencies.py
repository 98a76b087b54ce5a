"""What printed numbers say against each other: computed from the numbers alone, so that none is hidden."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence

from mcbench.leaderboard.published.families import Families
from mcbench.leaderboard.published.metrics import PRINTED_METRICS
from mcbench.leaderboard.published.rows import PublishedRow

_PSNRS = ("psnr", "psnr_unstated", "psnr_uint8")
_SIZE = re.compile(r"^(?:L1 )?at (\d+)x(\d+)\b")
_OVERFLOW = (27.0, 32.0)
"""Where 8-bit arithmetic that wraps puts the PSNR of nearly any frame with visible errors, in dB: 28.1 to
31.2 for Gaussian errors of 8 to 64 grey levels, 27.9 for uniform ones; a mean over frames a little lower."""
_ALIKE = 0.85
"""SSIM from which a frame may well have a true PSNR in that range."""
_EXACT = 4
"""Digits that hardly agree by chance."""


def find_inconsistencies(rows: Sequence[PublishedRow], families: Families) -> dict[int, list[str]]:
    """Return place in `rows` -> what speaks against the number.

    Checked are: L1 against PSNR of the same row (H*W*L1 <= 255*10^(-PSNR/20) for each frame, so nearly
    always for means); a PSNR in the range of the 8-bit overflow beside a low SSIM; a number that is another
    method's, or the same method's under another metric; papers that print different numbers of one method;
    an FVD of a family that computes no Frechet distance.

    Args:
        rows: of `read_published`.
        families: of `read_families`; it knows every family of the rows.
    """
    found: dict[int, list[str]] = defaultdict(list)
    checks = (
        _l1_against_psnr(rows, families),
        _in_the_range_of_overflow(rows),
        _of_another_method(rows),
        _of_another_metric(rows),
        _printed_differently(rows),
        _no_frechet_distance(rows, families),
    )
    for place, remark in itertools.chain.from_iterable(checks):
        if remark not in found[place]:
            found[place].append(remark)
    return dict(sorted(found.items()))


def _l1_against_psnr(rows: Sequence[PublishedRow], families: Families) -> Iterator[tuple[int, str]]:
    for places in _grouped(rows, lambda row: row.place):
        for l1, psnr in itertools.product(places, places):
            size = families.families[rows[l1].protocol].l1_size
            if rows[l1].metric != "l1" or rows[psnr].metric not in _PSNRS or size is None:
                continue
            printed = next((match for note in rows[l1].notes if (match := _SIZE.match(note))), None)
            height, width = (int(printed[1]), int(printed[2])) if printed else size
            levels = height * width * rows[l1].number
            bound = 255.0 * 10.0 ** (-rows[psnr].number / 20.0)
            if levels > bound * (1.0 + 1e-9):
                yield (
                    psnr,
                    f"contradicts the L1 of its row: a mean error of {levels:.1f} grey levels "
                    f"({rows[l1].value} at {height}x{width}) is above {bound:.1f}, the root mean square "
                    "error that this PSNR says",
                )


def _in_the_range_of_overflow(rows: Sequence[PublishedRow]) -> Iterator[tuple[int, str]]:
    for places in _grouped(rows, lambda row: row.place):
        ssim = next((rows[place].number for place in places if rows[place].metric == "ssim"), None)
        for place in places:
            row = rows[place]
            if row.metric not in ("psnr", "psnr_unstated") or (ssim is not None and ssim >= _ALIKE):
                continue
            if _OVERFLOW[0] <= row.number <= _OVERFLOW[1]:
                beside = "" if ssim is None else f", beside an SSIM of {ssim:g}"
                yield (
                    place,
                    f"within {_OVERFLOW[0]:g} to {_OVERFLOW[1]:g} dB, where 8-bit arithmetic that wraps puts "
                    f"nearly any frame{beside}: perhaps no true PSNR",
                )


def _of_another_method(rows: Sequence[PublishedRow]) -> Iterator[tuple[int, str]]:
    same_table: dict[frozenset[str], set[str]] = defaultdict(set)
    equal: list[tuple[int, int]] = []
    for places in _grouped(rows, lambda row: (row.benchmark, row.protocol, row.metric, row.value)):
        for one, other in itertools.combinations(places, 2):
            if rows[one].method != rows[other].method:
                same_table[_pair(rows, one, other)].add(rows[one].metric)
                equal.append((one, other))
    for one, other in equal:
        # A row of other papers under a shorter name: the same method, by most of its numbers.
        if len(same_table[_pair(rows, one, other)]) >= 3 or not _telling(rows[one], rows[other]):
            continue
        for place, twin in ((one, other), (other, one)):
            yield place, f"equals the value of {rows[twin].method} in {_source(rows[twin])}"


def _pair(rows: Sequence[PublishedRow], one: int, other: int) -> frozenset[str]:
    where = f"{rows[one].benchmark} {rows[one].protocol}"
    return frozenset({f"{where} {rows[one].method}", f"{where} {rows[other].method}"})


def _telling(one: PublishedRow, other: PublishedRow) -> bool:
    """Return whether two equal numbers of a metric are hardly equal by chance."""
    if PRINTED_METRICS[one.metric].distance:
        return _digits(one) >= _EXACT
    return one.place[3:] == other.place[3:] and _digits(one) > _EXACT


def _of_another_metric(rows: Sequence[PublishedRow]) -> Iterator[tuple[int, str]]:
    for places in _grouped(rows, lambda row: (row.benchmark, row.protocol, row.method, row.value)):
        for one, other in itertools.combinations(places, 2):
            metrics = {rows[one].metric, rows[other].metric}
            if len(metrics) == 1 or metrics <= set(_PSNRS) or _digits(rows[one]) < 3:
                continue
            if not any(PRINTED_METRICS[m].distance for m in metrics) and rows[one].place != rows[other].place:
                continue
            for place, twin in ((one, other), (other, one)):
                label = PRINTED_METRICS[rows[twin].metric].label
                yield place, f"equals the {label} of {rows[twin].method} in {_source(rows[twin])}"


def _printed_differently(rows: Sequence[PublishedRow]) -> Iterator[tuple[int, str]]:
    for places in _grouped(rows, lambda row: (row.benchmark, row.protocol, row.method, row.metric)):
        # The first is the paper that the others have it from, where the rows are in order of time.
        first = rows[places[0]]
        for place in places[1:]:
            if rows[place].paper != first.paper and rows[place].number != first.number:
                yield place, f"{_source(first)} has {first.value}"


def _no_frechet_distance(rows: Sequence[PublishedRow], families: Families) -> Iterator[tuple[int, str]]:
    for place, row in enumerate(rows):
        family = families.families[row.protocol]
        meant = not family.not_frechet_on or row.benchmark in family.not_frechet_on
        if row.metric == "fvd" and family.not_frechet and meant:
            yield place, f"no Frechet distance: {family.not_frechet}"


def _grouped(rows: Sequence[PublishedRow], key: Callable[[PublishedRow], Hashable]) -> Iterator[list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        groups[key(row)].append(place)
    yield from groups.values()


def _digits(row: PublishedRow) -> int:
    return len(row.value.replace(".", "").lstrip("-0"))


def _source(row: PublishedRow) -> str:
    return f"{row.paper}, {row.table}" if row.table != "not given" else row.paper
