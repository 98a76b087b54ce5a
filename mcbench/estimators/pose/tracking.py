"""Who is who: people found frame by frame become people who keep their places in a clip.

Each frame's people are assigned to the tracks so far by the Hungarian method, on how well they fit in place
(OKS and IoU with where a track moves to) and in looks (colours of parts of the body). A track that finds
nobody waits: somebody who was covered is himself again when he comes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mcbench.estimators.boxes import box_iou
from mcbench.estimators.pose.lasting import people_among
from mcbench.estimators.pose.looks import Looks, alikeness, people_looks
from mcbench.estimators.pose.people import BODY, People, similarity, together
from mcbench.estimators.pose.stitching import Fragment, join
from mcbench.estimators.pose.tracks import Tracks, assemble

TRACKING_VERSION = 2
"""Part of every identity of estimated poses: raised when the same people are followed to other poses."""


@dataclass(frozen=True)
class TrackingSettings:
    """How people are followed.

    Attributes:
        threshold: confidence from which a key point counts.
        new_score: score from which a person whom no track fits starts one.
        least_fit: worst fit, 0..1, at which somebody is still taken for a track's person.
        most_missed: frames after which a track that finds nobody is closed.
        least_frames: tracks seen in fewer frames are dropped (in clips as long as that).
        least_density: tracks found in a smaller share of the frames that they span are dropped, if they
            never have `least_frames` in a row: most of such a person would be guessed.
        bridged: gaps of up to this many frames are filled in a straight line, as covered points.
    """

    threshold: float = 0.3
    new_score: float = 0.4
    least_fit: float = 0.3
    most_missed: int = 60
    least_frames: int = 8
    least_density: float = 0.4
    bridged: int = 5


@dataclass
class Track:
    """One person so far.

    Attributes:
        seen: what was found of him, by frame.
        last: the last of that.
        last_frame: when it was.
        velocity: of the middle of his box, in pixels a frame.
        looks: [1, parts, 3].
    """

    seen: dict[int, People]
    last: People
    last_frame: int
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    looks: Looks | None = None

    def expected(self, frame: int) -> People:
        """Return the person where he should be in a frame: moved on for a few frames, then waiting."""
        ahead = self.velocity * (1 - _SLOWS ** (frame - self.last_frame)) / (1 - _SLOWS)
        shift = ahead.astype(np.float32)
        return replace(
            self.last, keypoints=self.last.keypoints + shift, boxes=self.last.boxes + np.tile(shift, 2)
        )


_SLOWS = 0.7
_VELOCITY_KEPT = 0.5
_LOOKS_KEPT = 0.9
_APART = 0.2
"""People whose boxes overlap by more (IoU) do not teach a track how its person looks."""
_REACH, _REACH_A_FRAME = 0.25, 0.05
"""How far, in heights of the person, somebody may be from where he should be: at once, and a frame waited."""
_HINTED = 10
"""Frames for which a track's box is looked at though nobody was found there."""


class Tracker:
    """Follows people through the frames of a clip, in order."""

    def __init__(self, settings: TrackingSettings | None = None) -> None:
        self.settings = settings or TrackingSettings()
        self._tracks: list[Track] = []
        self._frame = 0
        self._points = 0

    def likely(self) -> People | None:
        """Return who is likely in the next frame and about where; None for nobody."""
        expected = [
            track.expected(self._frame)
            for track in self._tracks
            if self._frame - track.last_frame <= _HINTED and len(track.seen) > 1
        ]
        return together(expected) if expected else None

    def add(self, people: People, frame: NDArray[np.uint8] | None = None) -> None:
        """Take in the next frame's people.

        Args:
            people: as an estimator found them.
            frame: uint8 [height, width, 3]; without it people are told apart by place alone.
        """
        self._points = people.keypoints.shape[1]
        looks = None if frame is None else people_looks(frame, people, self.settings.threshold)
        open_tracks = [
            track for track in self._tracks if self._frame - track.last_frame <= self.settings.most_missed
        ]
        fit = self._fit(open_tracks, people, looks)
        rows, columns = linear_sum_assignment(fit, maximize=True)
        taken = set()
        alone = self._alone(people)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if fit[row, column] >= self.settings.least_fit:
                taken.add(column)
                self._go_on(open_tracks[row], people.only([column]), looks, column, bool(alone[column]))
        for column in range(len(people)):
            if column not in taken and people.scores[column] >= self.settings.new_score:
                own = None if looks is None else looks[column : column + 1]
                person = people.only([column])
                self._tracks.append(Track({self._frame: person}, person, self._frame, looks=own))
        self._frame += 1

    def tracks(self) -> Tracks:
        """Return everybody who was followed, those of the first frame first, from left to right.

        Left out are tracks that are nobody's: see `TrackingSettings` and `lasting.people_among`.
        """
        least = min(self.settings.least_frames, self._frame)
        whole = join([Fragment(track.seen, track.looks) for track in self._tracks])
        people = people_among(
            [seen for seen in whole if len(seen) >= least],
            self._frame,
            threshold=self.settings.threshold,
            least_density=self.settings.least_density,
            least_run=self.settings.least_frames,
        )
        return assemble(people, self._frame, self._points)

    def _fit(self, tracks: list[Track], people: People, looks: Looks | None) -> NDArray[np.float64]:
        """Return how well each person fits each track, float64 [T, P] in 0..1; 0 where he cannot be."""
        fit = np.zeros((len(tracks), len(people)))
        for row, track in enumerate(tracks):
            waited = self._frame - track.last_frame - 1
            expected = track.expected(self._frame)
            alike = similarity(expected, people, self.settings.threshold)[0]
            overlap = box_iou(expected.boxes, people.boxes)[0]
            moved = shifts(expected, people, self.settings.threshold)[0]
            height = np.maximum(_heights(people), _heights(expected))
            apart = np.hypot(moved[:, 0], moved[:, 1]) / np.maximum(height, 1.0)
            near = np.exp(-((apart / (_REACH + _REACH_A_FRAME * waited)) ** 2))
            # A pose changes while nobody sees it: the longer ago, the less the exact place says.
            place = np.maximum((alike + overlap) / 2, 0.6 * near)
            own = None if looks is None or track.looks is None else alikeness(track.looks, looks)[0]
            fit[row] = place if own is None else (place + own) / 2
            fit[row][(near < 0.02) & (overlap < 0.1)] = 0.0
        return fit

    def _alone(self, people: People) -> NDArray[np.bool_]:
        """Return who stands clear of everybody else."""
        overlap = box_iou(people.boxes, people.boxes) * (1 - np.eye(len(people)))
        return np.asarray(overlap.max(axis=1, initial=0.0) < _APART)

    def _go_on(self, track: Track, person: People, looks: Looks | None, column: int, alone: bool) -> None:
        moved = shifts(track.last, person, self.settings.threshold)[0, 0] / (self._frame - track.last_frame)
        track.velocity = _VELOCITY_KEPT * track.velocity + (1 - _VELOCITY_KEPT) * moved
        track.seen[self._frame] = person
        track.last, track.last_frame = person, self._frame
        if looks is None:
            return
        now = looks[column : column + 1]
        if track.looks is None:
            track.looks = now
        elif alone:
            mixed = _LOOKS_KEPT * track.looks + (1 - _LOOKS_KEPT) * now
            track.looks = np.where(np.isnan(mixed), np.where(np.isnan(track.looks), now, track.looks), mixed)


def track(frames: Iterable[People], settings: TrackingSettings | None = None) -> Tracks:
    """Follow people through a clip by their places alone.

    Args:
        frames: the people of each frame, in order.
        settings: how people are followed.
    """
    tracker = Tracker(settings)
    for people in frames:
        tracker.add(people)
    return tracker.tracks()


def shifts(first: People, second: People, threshold: float) -> NDArray[np.float64]:
    """Return how far each of the first is from each of the second, float64 [N, M, 2], in pixels.

    The median over body points that are found on both sides: boxes of people who are half covered jump.
    Where fewer than three points are, the middles of the boxes.
    """
    sure = (first.confidence[:, :BODY] >= threshold, second.confidence[:, :BODY] >= threshold)
    both = sure[0][:, None] & sure[1][None]
    moved = np.asarray(second.keypoints[None, :, :BODY] - first.keypoints[:, None, :BODY], np.float64)
    by_box = (_middles(second)[None] - _middles(first)[:, None]).reshape(*both.shape[:2], 2)
    enough = both.sum(axis=-1) >= 3
    known = np.where((both & enough[..., None])[..., None], moved, np.nan)
    known[~enough] = by_box[~enough][:, None]
    return np.asarray(np.nanmedian(known, axis=2).reshape(by_box.shape), np.float64)


def _middles(people: People) -> NDArray[np.float64]:
    return np.asarray((people.boxes[:, :2] + people.boxes[:, 2:]) / 2, np.float64)


def _heights(people: People) -> NDArray[np.float64]:
    return np.asarray(people.boxes[:, 3] - people.boxes[:, 1], np.float64)
