"""Metrics of several people: pure functions of frames, true instance masks and key points.

Frames are RGB [height, width, 3] on 0..255, one at a time; instance masks are integers [height, width],
0 for background and k for the k-th person. What each means is told in `docs/people.md`.
"""

from __future__ import annotations

from mcbench.estimators.boxes import box_iou
from mcbench.metrics.people.identity import (
    assign,
    identity_assignment_accuracy,
    identity_matches,
    identity_swaps,
    known_assignment,
)
from mcbench.metrics.people.masked import person_mean, person_psnr, person_ssim
from mcbench.metrics.people.occlusion import ContestedRegion, contested_regions, occlusion_order_accuracy
from mcbench.metrics.people.palette import Palette, person_palettes
from mcbench.metrics.people.presence import extra_people, match_boxes, missing_people, presence_rates
from mcbench.metrics.people.regions import (
    MIN_PIXELS,
    boxes_overlap,
    person_areas,
    person_boxes,
    visible_people,
)
from mcbench.metrics.people.signature import cielab, least_distance, signature_distances, signatures

__all__ = [
    "MIN_PIXELS",
    "ContestedRegion",
    "Palette",
    "assign",
    "box_iou",
    "boxes_overlap",
    "cielab",
    "contested_regions",
    "extra_people",
    "identity_assignment_accuracy",
    "identity_matches",
    "identity_swaps",
    "known_assignment",
    "least_distance",
    "match_boxes",
    "missing_people",
    "occlusion_order_accuracy",
    "person_areas",
    "person_boxes",
    "person_mean",
    "person_palettes",
    "person_psnr",
    "person_ssim",
    "presence_rates",
    "signature_distances",
    "signatures",
    "visible_people",
]
