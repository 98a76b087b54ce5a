"""Who is missing, and who is there too many: rates from matched boxes, and an approximation without boxes.

`match_boxes` and `presence_rates` serve any detector. `missing_people` and `extra_people` need none: they
compare colours inside and around the true masks, and are approximate.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mcbench.errors import InputError
from mcbench.estimators.boxes import box_iou
from mcbench.metrics.frame.pair import Frames, check_pair
from mcbench.metrics.people.palette import (
    dilated,
    eroded,
    mean_distance,
    palette,
    person_palettes,
    typical_size,
    window_of,
)
from mcbench.metrics.people.regions import MIN_PIXELS, Labels, check_labels, person_areas
from mcbench.metrics.people.signature import signatures

MATCHING_IOU = 0.5
_BANDS = 4
_RING, _GAP = 0.25, 0.04
_DIFFERENT = 32.0
_LEAST_AREA, _MOST_AREA = 0.25, 3.0


def match_boxes(
    truth: NDArray[Any], found: NDArray[Any], *, threshold: float = MATCHING_IOU
) -> list[tuple[int, int]]:
    """Return which found box is which true person: pairs (index in truth, index in found), by truth.

    One to one, as many pairs as have an IoU of at least the threshold can form, among those with the
    largest total IoU.

    Args:
        truth: [N, 4], left, top, right, bottom.
        found: [M, 4], the same.
        threshold: least IoU of a pair, above 0.

    Raises:
        InputError: see `box_iou`; or the threshold is not in (0, 1].

    Source: as in multi-object tracking (MOTA), which matches at an IoU of 0.5.
    """
    if not 0.0 < threshold <= 1.0:
        raise InputError(f"boxes cannot be matched at an IoU of {threshold}", "give a number in (0, 1]")
    iou = box_iou(truth, found)
    possible = iou >= threshold
    # A pair counts more than all the IoU there could be, so the number of pairs comes first.
    gain = np.where(possible, iou + min(iou.shape) + 1.0, 0.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if possible[r, c]]


def presence_rates(n_true: int, n_found: int, n_matched: int) -> tuple[float, float]:
    """Return the rates of missing and of extra people of a frame, each a share of the true number.

        missing = (n_true - n_matched) / n_true        0..1
        extra = (n_found - n_matched) / n_true         0 and up

    Args:
        n_true: people who should be there.
        n_found: people who were found.
        n_matched: how many of them are one of the true people.

    Returns:
        (missing, extra), lower is better; both NaN where nobody should be there.

    Raises:
        InputError: a number is negative, or more are matched than there are.

    Source: misses and false positives of multi-object tracking (MOTA), by frame.
    """
    if not 0 <= n_matched <= min(n_true, n_found):
        raise InputError(f"{n_matched} matches cannot be among {n_true} true and {n_found} found people")
    if n_true == 0:
        return float("nan"), float("nan")
    return (n_true - n_matched) / n_true, (n_found - n_matched) / n_true


def missing_people(
    prediction: Frames, truth: Frames, labels: Labels, n_people: int, *, minimum: int = MIN_PIXELS
) -> NDArray[np.float64]:
    """Return 1 for each visible person who seems not to be in the prediction and 0 for others. Approximate.

    A person is missing where the prediction inside his true mask looks more like what it shows around him
    than like the person of the true frame that he is matched to. To look like is a small distance of
    signatures, taken in four bands of equal height (from the top of a mask to its bottom) and averaged by
    the band's share of the mask: a background changes from floor to ceiling, and a person from shoes to
    hair. People are matched one to one with the least total of these distances, so that two who exchange
    looks are not missing, and one of two who stand where one should is. What is around him is the
    prediction within a quarter of his size (square root of his area) of his mask, and 4 % of a mean
    person's size away from all true masks.

    Limits: somebody in the colours of the background is missing as soon as he is drawn a little
    differently; a person in front of whom another one was painted may not be; the background right
    behind him may differ from that beside him. With a detector, `match_boxes` and `presence_rates` are
    better.

    Args:
        prediction: uint8 or floating [H, W, 3] on 0..255.
        truth: the same shape.
        labels: integer [H, W], the true instance mask.
        n_people: number of people.
        minimum: people of fewer pixels are NaN, and so is who has fewer background pixels around him.

    Returns:
        float64 [n_people]; lower is better.

    Raises:
        MismatchError, InputError: see `check_pair` and `check_labels`.

    Source: ours.
    """
    _check(prediction, truth, labels, n_people)
    areas = person_areas(labels, n_people)
    bands, shares = _bands(labels, n_people)
    true_looks = _by_band(truth, bands, n_people)
    found_looks = _by_band(prediction, bands, n_people)
    empty = ~dilated(labels > 0, _GAP * typical_size(labels, n_people, minimum=minimum))
    visible = np.flatnonzero(areas >= minimum)
    distances = _band_distances(found_looks[visible, None], true_looks[None, visible], shares[visible, None])
    matched = distances[linear_sum_assignment(distances)]
    missing = np.full(n_people, np.nan)
    for person, to_person in zip(visible, matched, strict=True):
        ring = _RING * float(np.sqrt(areas[person]))
        window = window_of(labels == person + 1, ring)
        around = dilated(labels[window] == person + 1, ring) & empty[window]
        if np.count_nonzero(around) < minimum:
            continue
        background = _look_around(prediction[window], bands[window], int(person), around)
        missing[person] = float(_band_distances(found_looks[person], background, shares[person]) < to_person)
    return missing


def extra_people(
    prediction: Frames, truth: Frames, labels: Labels, n_people: int, *, minimum: int = MIN_PIXELS
) -> int:
    """Return how many regions look like a person where nobody should be. Approximate.

    A region is made of pixels that differ from the true frame by at least 32 of 255 in a channel and lie
    outside all true masks, each dilated by 4 % of a mean person's size (square root of area); single
    pixels are dropped (opening by a 3x3 cross) and gaps of that 4 % closed. It counts as a person if it
    has from a quarter of a mean visible person's area to three times of it, and its smoothed colours are
    nearer (mean distance to the nearest colour of a `palette`) to those of one person of the true frame
    than to those of the true background in it and up to a quarter of a person's size around it.

    Limits: two extra people who touch are one; one who overlaps a true person counts by what is seen
    beside him; somebody of quite other colours than all true people may be missed; a person who is
    drawn away from his place is missing in one place and extra in another; a background that is drawn
    in other colours altogether is too large for a person, but its pieces may not be.

    Args:
        prediction: uint8 or floating [H, W, 3] on 0..255.
        truth: the same shape.
        labels: integer [H, W], the true instance mask.
        n_people: number of people.
        minimum: people of fewer pixels are not visible; smaller regions never count.

    Returns:
        A number of regions; 0 where nobody is visible, since there is nobody to compare with.

    Raises:
        MismatchError, InputError: see `check_pair` and `check_labels`.

    Source: ours.
    """
    _check(prediction, truth, labels, n_people)
    size = typical_size(labels, n_people, minimum=minimum)
    regions = _changed_regions(prediction, truth, labels, size, minimum)
    if not regions:
        return 0
    people = person_palettes(truth, labels, n_people, minimum=minimum)
    count = 0
    for region in regions:
        shown = palette(prediction, region, size)
        nearby = dilated(region, _RING * size) & (labels == 0)
        to_person = min(mean_distance(shown, one) for one in people)
        count += to_person < mean_distance(shown, palette(truth, nearby, size))
    return count


def _changed_regions(
    prediction: Frames, truth: Frames, labels: Labels, size: float, minimum: int
) -> list[NDArray[np.bool_]]:
    """Return the regions outside the people that are large enough and differ from the true frame."""
    if size == 0.0:
        return []
    difference = np.abs(prediction.astype(np.float64) - truth.astype(np.float64)).max(axis=-1)
    empty = ~dilated(labels > 0, _GAP * size)
    changed = dilated(eroded((difference >= _DIFFERENT) & empty, 1.0), 1.0)
    changed = eroded(dilated(changed, _GAP * size), _GAP * size) & empty
    count, regions, stats, _ = cv2.connectedComponentsWithStats(changed.astype(np.uint8), connectivity=8)
    least, most = max(float(minimum), _LEAST_AREA * size**2), _MOST_AREA * size**2
    areas = stats[:, cv2.CC_STAT_AREA]
    return [regions == one for one in range(1, count) if least <= areas[one] <= most]


def _check(prediction: Frames, truth: Frames, labels: Labels, n_people: int) -> None:
    check_pair(prediction, truth)
    if truth.ndim != 3:
        raise InputError(f"people are counted one frame [height, width, 3] at a time, not {truth.shape}")
    check_labels(labels, n_people, truth)


def _bands(labels: Labels, n_people: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return label k * bands + band + 1 of each person's pixel, and the bands' shares of each person."""
    rows, columns = np.nonzero(labels)
    owner = labels[rows, columns].astype(np.int64) - 1
    top = np.full(n_people, labels.shape[0])
    bottom = np.zeros(n_people, dtype=np.int64)
    np.minimum.at(top, owner, rows)
    np.maximum.at(bottom, owner, rows)
    height = np.maximum(bottom - top + 1, 1)
    bands = np.zeros(labels.shape, dtype=np.int64)
    bands[rows, columns] = owner * _BANDS + (rows - top[owner]) * _BANDS // height[owner] + 1
    counts = np.bincount(bands.ravel(), minlength=n_people * _BANDS + 1)[1:].reshape(n_people, _BANDS)
    return bands, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _by_band(frame: Frames, bands: NDArray[np.int64], n_people: int) -> NDArray[np.float64]:
    found = signatures(frame, bands, n_people * _BANDS, minimum=1)
    return found.reshape(n_people, _BANDS, -1)


def _band_distances(
    first: NDArray[np.float64], second: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean distance of looks [..., bands, 27], weighed by shares [..., bands].

    Bands that one side does not have are left out; 3, more than any distance, where no band is left.
    """
    distances = np.linalg.norm(first - second, axis=-1)
    weights = np.where(np.isnan(distances), 0.0, shares)
    total = weights.sum(axis=-1)
    mean = (weights * np.nan_to_num(distances)).sum(axis=-1) / np.where(total > 0.0, total, 1.0)
    return np.asarray(np.where(total > 0.0, mean, 3.0), dtype=np.float64)


def _look_around(
    frame: Frames, bands: NDArray[np.int64], person: int, around: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the signature of the background beside each band; of all of it where a band has none."""
    first = person * _BANDS + 1
    rows = [np.flatnonzero((bands == first + band).any(axis=1)) for band in range(_BANDS)]
    regions = np.zeros(bands.shape, dtype=np.int64)
    for band, inside in enumerate(rows):
        if len(inside):
            regions[inside[0] : inside[-1] + 1] = band + 1
    regions[~around] = 0
    looks = signatures(frame, regions, _BANDS, minimum=_BANDS)
    if not np.isnan(looks).any():
        return looks
    overall = signatures(frame, around.astype(np.int64), 1, minimum=1)
    return np.where(np.isnan(looks), overall, looks)
