"""`people/1`: how well each of several people is kept, apart from the others and from the background."""

from __future__ import annotations

from typing import Literal

from mcbench.scoring.protocols.model import FrameSetting, PeopleMetric, Protocol


def _people(
    key: str,
    *,
    better: Literal["higher", "lower"],
    note: str,
    unit: str = "",
    trunk: Literal["", "alex"] = "",
) -> PeopleMetric:
    return PeopleMetric(
        key=key, function=key, higher_is_better=better == "higher", unit=unit, trunk=trunk, note=note
    )


_OF_THE_TRUTH = "the same detector on the true frames: no property of the method"

PEOPLE_1 = Protocol(
    name="people/1",
    title="each person by the true masks and key points: likeness, identity, presence, order, pose",
    frames=FrameSetting(
        crop="none", size=None, short_side=256, resize="bilinear-antialias", aspect_tolerance=0.02
    ),
    reference_frame="excluded",
    average="videos",
    frame_metrics=(),
    distribution_metrics=(),
    features=(),
    people_metrics=(
        _people(
            "person_psnr",
            better="higher",
            unit="dB",
            note="each visible person's true mask; mean over the people of a frame",
        ),
        _people("person_ssim", better="higher", note="windows centred in each person's true mask"),
        _people(
            "person_lpips",
            better="lower",
            trunk="alex",
            note="spatial LPIPS averaged over each person's true mask",
        ),
        _people(
            "iaa",
            better="higher",
            note="everybody matched to himself by 27 colour numbers of the reference image; read it beside "
            "iaa_truth and signature_distance",
        ),
        _people(
            "iaa_cross",
            better="higher",
            note="IAA over frames where two people's boxes overlap (IoU above 0.1)",
        ),
        _people(
            "iaa_truth",
            better="higher",
            note="what the true frames themselves read under iaa: the most it can tell; no property of the "
            "method",
        ),
        _people(
            "signature_distance",
            better="higher",
            note="between the two reference people who look most alike: near 0, IAA means nothing; no "
            "property of the method",
        ),
        _people(
            "identity_accuracy",
            better="higher",
            note="share of the people who look like themselves in the true frame rather than like another",
        ),
        _people(
            "identity_swap_rate",
            better="lower",
            note="share of frames in which somebody turns into somebody else",
        ),
        _people(
            "missing_people", better="lower", note="approximate, by colours: share of the visible people"
        ),
        _people(
            "extra_people",
            better="lower",
            note="approximate, by colours: regions like a person, per visible person",
        ),
        _people(
            "occlusion_order",
            better="higher",
            note="overlapping pairs whose nearer person is in front, told by colours",
        ),
        _people(
            "oks",
            better="higher",
            note="object keypoint similarity of detected with exact key points (COCO; neck's sigma 0.079); "
            "read it beside oks_truth",
        ),
        _people("oks_truth", better="higher", note=_OF_THE_TRUTH),
        _people(
            "pck",
            better="higher",
            note="share of key points within 0.1 of the larger side of the person's key-point box (PCK@0.1)",
        ),
        _people("pck_truth", better="higher", note=_OF_THE_TRUTH),
        _people(
            "pck_head",
            better="higher",
            note="share of key points within half the distance from neck to nose; like PCKh, not it",
        ),
        _people("pck_head_truth", better="higher", note=_OF_THE_TRUTH),
        _people(
            "mpjpe",
            better="lower",
            unit="px",
            note="mean distance of key points (MPJPE-2D), pixels of the protocol's frame",
        ),
        _people("mpjpe_truth", better="lower", unit="px", note=_OF_THE_TRUTH),
        _people(
            "mpjpe_height",
            better="lower",
            note="the same as a share of the height of the person's key-point box",
        ),
        _people("mpjpe_height_truth", better="lower", note=_OF_THE_TRUTH),
        _people(
            "akd",
            better="lower",
            unit="px",
            note="distance between key points found in prediction and in the true frame: the detector's bias "
            "cancels",
        ),
        _people(
            "mkr",
            better="lower",
            note="share of the key points found in the true frame that are not found in the prediction",
        ),
        _people(
            "pose_found",
            better="higher",
            note="share of people found by their pose: OKS above 0.5, one to one",
        ),
        _people("pose_found_truth", better="higher", note=_OF_THE_TRUTH),
    ),
    notes=(
        "Needs true masks of every person; the metrics of pose need true key points as well, that of "
        "occlusion true depth.",
        "A metric that is not defined in a frame (nobody overlaps, nobody is visible) leaves the frame out.",
    ),
)
