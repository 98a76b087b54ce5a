"""The metrics that papers print: their names in a table's head, direction and range."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class PrintedMetric:
    """A metric of a printed table.

    Attributes:
        label: its name in a table's head.
        higher_is_better: the direction.
        lowest, highest: what it can be at all.
        distance: whether it is a distance between distributions, whose digits hardly ever repeat by chance.
    """

    label: str
    higher_is_better: bool
    lowest: float = 0.0
    highest: float = math.inf
    distance: bool = False


def _percent(label: str) -> PrintedMetric:
    return PrintedMetric(label, True, 0.0, 100.0)


def _distance(label: str) -> PrintedMetric:
    return PrintedMetric(label, False, distance=True)


PRINTED_METRICS: dict[str, PrintedMetric] = {
    "l1": PrintedMetric("L1", False, 0.0, 255.0),
    "psnr": PrintedMetric("PSNR", True, 0.0, 100.0),
    "psnr_uint8": PrintedMetric("psnr_uint8", True, 24.06, 100.0),
    "psnr_unstated": PrintedMetric("PSNR (kind not stated)", True, 0.0, 100.0),
    "ssim": PrintedMetric("SSIM", True, -1.0, 1.0),
    "lpips": PrintedMetric("LPIPS", False, 0.0, 2.0),
    "fid": _distance("FID"),
    "fid_vid": _distance("FID-VID"),
    "fvd": _distance("FVD"),
    "cd_fvd": _distance("CD-FVD"),
    "dtfvd": _distance("DTFVD"),
    "c_fid": _distance("C-FID"),
    "masked_fid": _distance("masked FID"),
    "masked_fvd": _distance("masked FVD"),
    "masked_psnr": PrintedMetric("masked PSNR", True, 0.0, 100.0),
    "masked_ssim": PrintedMetric("masked SSIM", True, -1.0, 1.0),
    "masked_lpips": PrintedMetric("masked LPIPS", False, 0.0, 2.0),
    "l1_foreground": PrintedMetric("L1, person", False, 0.0, 255.0),
    "akd": PrintedMetric("AKD", False),
    "mkr": PrintedMetric("MKR", False, 0.0, 1.0),
    "aed": PrintedMetric("AED", False),
    "oks": PrintedMetric("OKS", True, 0.0, 1.0),
    "pose_ssim": PrintedMetric("PoseSSIM", True, -1.0, 1.0),
    "mpjpe_2d": PrintedMetric("MPJPE-2D", False),
    "hota": _percent("HOTA"),
    "idf1": _percent("IDF1"),
    "iaa": PrintedMetric("IAA", True, 0.0, 1.0),
    "iaa_cross": PrintedMetric("IAA_cross", True, 0.0, 1.0),
    "csim": PrintedMetric("CSIM", True, -1.0, 1.0),
    "face_cos": PrintedMetric("Face-Cos", True, -1.0, 1.0),
    "clip": PrintedMetric("CLIP", True, -1.0, 1.0),
    "vbench_aesthetic_quality": _percent("VBench aesthetic quality"),
    "vbench_background_consistency": _percent("VBench background consistency"),
    "vbench_dynamic_degree": _percent("VBench dynamic degree"),
    "vbench_i2v_background": _percent("VBench I2V background"),
    "vbench_i2v_subject": _percent("VBench I2V subject"),
    "vbench_imaging_quality": _percent("VBench imaging quality"),
    "vbench_motion_smoothness": _percent("VBench motion smoothness"),
    "vbench_subject_consistency": _percent("VBench subject consistency"),
    "vbench_temporal_flickering": _percent("VBench temporal flickering"),
    "vote_identity_similarity": _percent("votes: identity"),
    "vote_kinematic_consistency": _percent("votes: kinematics"),
    "vote_motion_accuracy": _percent("votes: motion"),
    "vote_physical_consistency": _percent("votes: physics"),
}
"""Metric id -> what is known of it, in the order of columns. The ids are those of mcbench's own metrics where
the same thing is meant; `psnr_uint8` is the wrapped one and never stands in the column of PSNR."""

COLUMN_PLACES = {name: place for place, name in enumerate(PRINTED_METRICS)}
