"""A user's own picture, animated along the poses of a video: everybody found, matched and re-targeted."""

from mcbench.animate.making import AnimateRecord, AnimateRequest, animate_picture
from mcbench.animate.matching import Match, match_people, parse_matches
from mcbench.animate.reading import (
    DrivingPeople,
    DrivingPixels,
    open_driving,
    read_driving,
    read_reference_people,
)
from mcbench.animate.retarget import fit_poses, retarget_poses

__all__ = [
    "AnimateRecord",
    "AnimateRequest",
    "DrivingPeople",
    "DrivingPixels",
    "Match",
    "animate_picture",
    "fit_poses",
    "match_people",
    "open_driving",
    "parse_matches",
    "read_driving",
    "read_reference_people",
    "retarget_poses",
]
