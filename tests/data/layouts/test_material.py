from __future__ import annotations

import pytest
from pydantic import ValidationError

from mcbench.data.layouts import ClipMaterial, Crop, LayoutContent, Trim


@pytest.mark.parametrize(
    ("start", "end", "fps"),
    [(0, 0, None), (5, 5, 10.0), (6, 5, None), (-1, 5, None), (0, 5, 0.0), (0, float("inf"), None)],
)
def test_trims_that_select_nothing(start: float, end: float, fps: float | None) -> None:
    with pytest.raises(ValidationError):
        Trim(start=start, end=end, reference_fps=fps)


@pytest.mark.parametrize(
    "box", [(-1, 0, 5, 5), (0, 0, 0, 5), (5, 0, 4, 5), (0, 5, 5, 5), (0, 0, 11, 5), (0, 0, 5, 9)]
)
def test_boxes_outside_of_their_frame(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValidationError):
        Crop(left=box[0], top=box[1], right=box[2], bottom=box[3], of_width=10, of_height=8)


def test_a_box_may_be_the_whole_frame() -> None:
    assert Crop(left=0, top=0, right=10, bottom=8, of_width=10, of_height=8).right == 10


@pytest.mark.parametrize(("path", "missing"), [("", ""), ("a.mp4", "gone")])
def test_a_clip_is_there_or_has_a_reason(path: str, missing: str) -> None:
    with pytest.raises(ValidationError, match="either a path or a reason"):
        ClipMaterial(id="a", path=path, missing=missing)


def test_material_survives_being_written_as_json() -> None:
    clip = ClipMaterial(
        id="a",
        path="/data/a.mp4",
        trim=Trim(start=1, end=2.5, reference_fps=29.97),
        crop=Crop(left=0, top=0, right=1, bottom=1, of_width=2, of_height=2),
        beside={"masks": "/data/masks/*.png"},
        expected_frames=3,
        facts={"people": 2, "fps": 29.97, "split": "test", "actions": ("a", "b"), "none": ()},
    )
    content = LayoutContent(clips=(clip,), problems=("p",))
    assert LayoutContent.model_validate_json(content.model_dump_json()) == content
