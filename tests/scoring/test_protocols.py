"""The protocols are data: what they say, and that any change shows in their hash."""

from __future__ import annotations

import pytest

from mcbench.errors import InputError
from mcbench.metrics.networks.registry import NETWORKS
from mcbench.scoring import PROTOCOLS, metric_key, protocol


def test_disco_2_says_what_the_field_does() -> None:
    disco = protocol("disco/2")
    assert disco.frames.crop == "centre-square"
    assert disco.frames.size == (256, 256)
    assert disco.frames.resize == "pil-bilinear-uint8"
    assert (disco.reference_frame, disco.average) == ("included", "frames")
    functions = {
        metric.key: (metric.function, metric.trunk, metric.input_range) for metric in disco.frame_metrics
    }
    assert functions["lpips"] == ("lpips", "vgg", "0..1")
    assert functions["lpips_vgg"] == ("lpips", "vgg", "-1..1")
    assert functions["lpips_alex"] == ("lpips", "alex", "-1..1")
    assert functions["l1"][0] == "l1_per_pixel"
    assert functions["psnr"][0] == "psnr"
    assert functions["psnr_uint8"][0] == "psnr_uint8"
    assert functions["ssim"][0] == "ssim_gray_uniform"
    for role, reference, length in (
        ("image", "inception", 1),
        ("clip", "resnet50-kinetics", 16),
        ("motion", "i3d", 16),
    ):
        setting = disco.feature_setting(role)
        assert setting.networks["reference"] == reference
        assert (setting.clip_length, setting.stride, setting.equal_per_video) == (length, 1, False)
        assert not setting.skip_reference
    assert disco.feature_setting("image").resize["reference"] == "bilinear"
    assert disco.feature_setting("motion").resize["reference"] == "bicubic-antialias"


def test_mcbench_1_says_what_it_is() -> None:
    ours = protocol("mcbench/1")
    assert ours.frames.crop == "none"
    assert ours.frames.short_side == 256
    assert (ours.reference_frame, ours.average) == ("excluded", "videos")
    assert ours.bootstrap_draws >= 1000
    metrics = {metric.key: metric for metric in ours.frame_metrics}
    assert metrics["l1"].function == "mae"
    assert metrics["psnr"].cap == 100.0
    assert (metrics["lpips"].trunk, metrics["lpips"].input_range) == ("alex", "-1..1")
    assert [metric.key for metric in ours.distribution_metrics] == ["fid", "kid", "fid_vid", "fvd", "kvd"]
    for role in ("clip", "motion"):
        assert ours.feature_setting(role).stride == 16
        assert ours.feature_setting(role).equal_per_video
    assert ours.feature_setting("image").skip_reference


def test_the_hash_changes_with_any_setting_and_with_nothing_else() -> None:
    disco = protocol("disco/2")
    assert disco.sha256 == disco.model_copy().sha256
    other = disco.model_copy(update={"frames": disco.frames.model_copy(update={"aspect_tolerance": 0.03})})
    assert other.sha256 != disco.sha256
    assert len({one.sha256 for one in PROTOCOLS.values()}) == len(PROTOCOLS)


def test_hashes_are_those_that_scores_have_been_written_with() -> None:
    """A change here makes old scores incomparable: give the protocol another name instead."""
    assert protocol("disco/2").sha256 == "eead6c9b341f417c6ff59c2baf7413a6a5151ea70730634747c89da7dddc12fc"
    assert protocol("mcbench/1").sha256 == "fbe4aca8165293d86f578204f3f484b5fba36a0ab62aced0e7b9f21aacc54526"


def test_every_network_is_in_the_registry_and_takes_the_clips_that_are_cut() -> None:
    for one in PROTOCOLS.values():
        for setting in one.features:
            for family, name in setting.networks.items():
                assert NETWORKS[name].family == family
                if not setting.prefixes:
                    assert NETWORKS[name].clip_length == setting.clip_length


def test_embedded_networks_never_stand_under_a_plain_key() -> None:
    assert metric_key("fvd", "reference") == "fvd"
    assert metric_key("fvd", "embedded") == "fvd@embedded"


def test_an_unknown_protocol_is_named() -> None:
    with pytest.raises(InputError, match=r"'disco/1'.*\n.*disco/2"):
        protocol("disco/1")
