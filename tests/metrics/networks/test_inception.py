"""FID's Inception beside pytorch-fid's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pytorch_fid import inception as pytorch_fid
from torch.nn import functional

from mcbench.errors import MismatchError
from mcbench.metrics.networks.inception import build_inception, load_inception
from mcbench.weights.loading import read_state


@pytest.fixture(scope="module")
def theirs(inception_file: Path) -> torch.nn.Module:
    state = torch.load(inception_file, weights_only=True)
    with pytest.MonkeyPatch.context() as patch:
        # pytorch_fid's builder wants to download; give it the same tensors.
        patch.setattr(pytorch_fid, "load_state_dict_from_url", lambda *_, **__: state)
        network: torch.nn.Module = pytorch_fid.InceptionV3([0, 1, 2, 3]).eval()
    return network


def test_every_stage_is_pytorch_fids(inception_file: Path, theirs: torch.nn.Module) -> None:
    ours = load_inception(inception_file, "cpu")
    found: dict[str, torch.Tensor] = {}
    for name, layer in ours.module.body.model.named_children():
        layer.register_forward_hook(lambda _m, _i, out, name=name: found.__setitem__(name, out))
    images = torch.randint(0, 256, (1, 64, 80, 3), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        stages = theirs(images.permute(0, 3, 1, 2) / 255.0)
    resized = functional.interpolate(
        images.permute(0, 3, 1, 2).float(), size=(299, 299), mode="bilinear", align_corners=False
    )
    frames = resized.permute(0, 2, 3, 1)[:, None]
    features = ours.features(frames)  # prepacked where that can be
    ours.module(frames)
    ends = [functional.max_pool2d(found[name], 3, 2) for name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3")]
    for mine, stage in zip([*ends, found["Mixed_6e"]], stages[:3], strict=True):
        assert float((mine - stage).abs().max() / stage.abs().max()) < 1e-5
    assert features.shape == (1, 2048)
    assert float(features.std()) > 1e-3
    torch.testing.assert_close(features, stages[3].flatten(1), rtol=1e-4, atol=1e-5)


def test_every_key_and_shape(inception_file: Path) -> None:
    own = pytorch_fid.fid_inception_v3.__globals__["_inception_v3"](
        num_classes=1008, aux_logits=False, weights=None
    )
    state = read_state(inception_file)
    # Blocks that the package replaces differ only in how they pool; 5b to 5d keep their widths too.
    expected = {k: v.shape for k, v in own.state_dict().items() if not k.endswith("num_batches_tracked")}
    assert {name: value.shape for name, value in state.items()} == expected
    assert len(state) == 94 * 5 + 2
    # The file has 95,628,359 bytes, 4 a number, and a little for names.
    numbers = sum(value.numel() for value in state.values())
    assert numbers == 23_885_392
    assert 0 < 95_628_359 - 4 * numbers < 300_000


def test_building_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    build_inception()
    assert torch.equal(torch.rand(3), expected)


def test_images_of_other_shapes_are_refused(inception_file: Path) -> None:
    network = load_inception(inception_file, "cpu")
    for shape in ((1, 299, 299, 3), (1, 2, 299, 299, 3), (1, 1, 256, 256, 3)):
        with pytest.raises(
            MismatchError, match=r"'inception' takes batches \[B, T, 299, 299, 3\] with T = 1,"
        ):
            network.features(torch.zeros(shape, dtype=torch.uint8))
