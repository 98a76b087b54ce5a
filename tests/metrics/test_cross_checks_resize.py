"""Our resizing beside that of the packages; the table is in docs/cross-checks.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from mcbench.metrics.resize import resize_float
from tests.metrics.agreement import agree

# --- resizing ---------------------------------------------------------------------------------------


def _picture(height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(7)
    picture = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
    picture[: height // 2, : width // 2] = 255
    return picture


def test_bilinear_is_pytorch_fids() -> None:
    picture = torch.from_numpy(_picture(120, 90)).float()
    theirs = nn.functional.interpolate(
        picture.permute(2, 0, 1)[None] / 255, size=(299, 299), mode="bilinear", align_corners=False
    )
    ours = resize_float(picture.double(), "bilinear", (299, 299)) / 255
    agree(ours, theirs[0].permute(1, 2, 0), 2e-5)  # the package works in single precision


@pytest.mark.parametrize("size", [(400, 320), (120, 90)])
def test_bicubic_is_clean_fids_but_for_the_clipping(size: tuple[int, int]) -> None:
    from cleanfid.resize import build_resizer

    picture = _picture(*size)
    ours = resize_float(torch.from_numpy(picture).double(), "bicubic-antialias", (299, 299)).numpy()
    theirs = build_resizer("clean")(picture)
    assert theirs.min() == 0.0
    assert ours.min() < -5.0, "not clipped"
    # Grey levels of 255; Pillow's mode F is single precision.
    agree(np.clip(ours, 0, 255), theirs, 1e-3)


@pytest.mark.parametrize(
    ("operator", "filter_"),
    [("bicubic-antialias", Image.Resampling.BICUBIC), ("bilinear-antialias", Image.Resampling.BILINEAR)],
)
def test_antialiased_operators_are_pillows(operator: str, filter_: int) -> None:
    picture = _picture(256, 256)
    ours = resize_float(torch.from_numpy(picture).double(), operator, (112, 100))
    planes = [
        np.asarray(Image.fromarray(picture[..., k].astype(np.float32)).resize((100, 112), filter_))
        for k in range(3)
    ]
    agree(ours, np.stack(planes, axis=-1), 1e-3)


def test_torch_fidelity_resizes_like_tensorflow_1_which_is_another_image() -> None:
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    picture = torch.from_numpy(_picture(256, 256)).float()
    theirs = interpolate_bilinear_2d_like_tensorflow1x(
        picture.permute(2, 0, 1)[None], size=(299, 299), align_corners=False
    )
    ours = resize_float(picture, "bilinear", (299, 299))
    assert float((theirs[0].permute(1, 2, 0) - ours).abs().mean()) > 1.0
    same = interpolate_bilinear_2d_like_tensorflow1x(
        picture.permute(2, 0, 1)[None], size=(256, 256), align_corners=False
    )
    torch.testing.assert_close(same[0].permute(1, 2, 0), picture)
