"""What came beside frames: kept as it came, or left out with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mcbench.data.beside import keep_beside
from mcbench.data.decode import FilesWork
from mcbench.data.layouts import ClipMaterial, Trim
from mcbench.data.manifest import ClipSettings
from mcbench.video import encode_png, read_image, write_png
from tests.data.layouts.making import write_tsv

SIZE = (12, 10)


def work(folder: Path, kind: str, glob: str, **changes: object) -> FilesWork:
    material = ClipMaterial(id="c", path=str(folder), beside={kind: str(folder / glob)}, **changes)  # type: ignore[arg-type, dict-item]
    return FilesWork(material=material)


def labels(people: int) -> np.ndarray:  # type: ignore[type-arg]
    mask = np.zeros(SIZE, np.uint8)
    mask[2:6] = people
    return mask


def test_masks_of_several_people_keep_their_numbers(tmp_path: Path) -> None:
    for index in (2, 10, 1):  # natural order: 1, 2, 10
        write_png(tmp_path / f"{index}.png", labels(index))
    kept = keep_beside(work(tmp_path, "masks", "*.png"), tmp_path / "clip", 3, SIZE)
    assert (kept.kinds, kept.notes) == (("masks",), ())
    found = [read_image(tmp_path / f"clip/beside/masks/00000{index}.png")[3, 0, 0] for index in range(3)]
    assert found == [1, 2, 10]


@pytest.mark.parametrize("white", [255, 200, 128])
def test_a_mask_in_white_is_one_person(tmp_path: Path, white: int) -> None:
    mask = labels(white)
    mask[1] = 90  # a soft edge
    write_png(tmp_path / "1.png", np.repeat(mask[..., None], 3, axis=2))
    keep_beside(work(tmp_path, "masks", "*.png"), tmp_path / "clip", 1, SIZE)
    found = read_image(tmp_path / "clip/beside/masks/000000.png")[..., 0]
    assert np.array_equal(found, labels(1))


def test_only_the_frames_that_are_kept(tmp_path: Path) -> None:
    for index in range(5):
        write_png(tmp_path / f"{index}.png", labels(index + 1))
    keep_beside(work(tmp_path, "masks", "*.png"), tmp_path / "clip", 3, SIZE)
    assert len(list((tmp_path / "clip/beside/masks").iterdir())) == 3


def test_openpose_files_stay_as_they_came(tmp_path: Path) -> None:
    content = json.dumps({"people": [{"pose_keypoints_2d": [1, 2, 0.5]}]})
    (tmp_path / "0001.png.json").write_text(content)
    kept = keep_beside(work(tmp_path, "openpose", "*.json"), tmp_path / "clip", 1, SIZE)
    assert kept.kinds == ("openpose",)
    assert (tmp_path / "clip/beside/openpose/000000.json").read_text() == content


def test_rows_of_a_tsv_file(tmp_path: Path) -> None:
    write_tsv(tmp_path / "masks.tsv", [(f"c_{index}", encode_png(labels(index + 1))) for index in range(4)])
    (tmp_path / "images.tsv").touch()
    kept = keep_beside(work(tmp_path, "masks", "masks.tsv", member="1-2"), tmp_path / "clip", 2, SIZE)
    assert kept.kinds == ("masks",)
    assert [read_image(path)[3, 0, 0] for path in sorted((tmp_path / "clip/beside/masks").iterdir())] == [
        2,
        3,
    ]


@pytest.mark.parametrize(
    ("content", "kind", "complaint"),
    [
        (b"", "masks", "is no picture"),
        (b"GIF89a", "densepose", "is no picture"),
        (encode_png(np.zeros((12, 11), np.uint8)), "masks", "not of the frames' size"),
        (b"{", "openpose", "is no JSON"),
        (b"\xff\xfe", "openpose", "is no JSON"),
        (b"[" * 100_000, "openpose", "is no JSON"),
    ],
    # Not the bytes: a PNG file's differ between processes, and all workers must know the same tests.
    ids=["empty", "half a GIF", "other size", "half a JSON", "no text", "too deep"],
)
def test_damage_is_told_and_nothing_is_kept(
    tmp_path: Path, content: bytes, kind: str, complaint: str
) -> None:
    (tmp_path / "0001.file").write_bytes(content)
    kept = keep_beside(work(tmp_path, kind, "*.file"), tmp_path / "clip", 1, SIZE)
    assert kept.kinds == ()
    (note,) = kept.notes
    assert complaint in note
    assert not (tmp_path / "clip/beside" / kind).exists()


def test_too_few_files(tmp_path: Path) -> None:
    write_png(tmp_path / "1.png", labels(1))
    kept = keep_beside(work(tmp_path, "masks", "*.png"), tmp_path / "clip", 2, SIZE)
    assert kept.notes == ("its masks are left out: 1 files for 2 frames",)


def test_frames_that_are_not_taken_as_they_came(tmp_path: Path) -> None:
    write_png(tmp_path / "1.png", labels(1))
    plain = work(tmp_path, "masks", "*.png")
    trimmed = plain.material.model_copy(update={"trim": Trim(start=0, end=1)})
    for changed in (
        plain.model_copy(update={"settings": ClipSettings(size=SIZE)}),
        plain.model_copy(update={"settings": ClipSettings(fps=10)}),
        plain.model_copy(update={"material": trimmed}),
    ):
        kept = keep_beside(changed, tmp_path / "clip", 1, SIZE)
        assert (kept.kinds, len(kept.notes)) == ((), 1)
