"""The protocols are data: what they say, and that any change shows in their hash."""

from __future__ import annotations

import pytest

from mcbench.errors import InputError
from mcbench.metrics.networks.registry import NETWORKS
from mcbench.scoring import (
    DEFAULT_PROTOCOLS,
    PROTOCOLS,
    choose_protocols,
    describe_protocol,
    metric_key,
    protocol,
    protocol_difference,
)
from mcbench.scoring.people.functions import FUNCTIONS


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
    assert {name: one.sha256[:12] for name, one in PROTOCOLS.items() if name not in DEFAULT_PROTOCOLS} == {
        "humanvid/1": "4ae13a4523ed",
        "common-metrics/1": "363ac5d2ef72",
        "people/1": "955abdb02b48",
    }


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


def test_humanvid_1_says_what_its_evaluator_does() -> None:
    humanvid = protocol("humanvid/1")
    assert (humanvid.frames.size, humanvid.frames.short_side) == (None, None)
    assert humanvid.frames.size_from == "prediction"
    assert humanvid.frames.resize == "pil-bilinear-uint8"
    assert (humanvid.reference_frame, humanvid.average) == ("included", "videos")
    metrics = {one.key: one for one in humanvid.frame_metrics}
    assert metrics["ssim"].function == "ssim_gaussian_padded"
    assert (metrics["lpips"].trunk, metrics["lpips"].input_range) == ("vgg", "0..1")
    fid = humanvid.feature_setting("image")
    assert fid.frames is not None
    assert fid.frames.size == (768, 768)
    assert fid.resize["reference"] == "bilinear"
    motion = humanvid.feature_setting("motion")
    assert (motion.prefixes, motion.prefix_use, motion.fit) == (tuple(range(10, 25)), "pooled", "cover")
    distances = {one.key: one for one in humanvid.distribution_metrics}
    assert "fvd" not in distances, "it is no Frechet distance"
    assert (distances["logit_distance"].distance, distances["logit_distance"].published_as) == (
        "squared",
        "fvd",
    )


def test_common_metrics_1_says_what_the_tool_does() -> None:
    common = protocol("common-metrics/1")
    assert (common.frames.size, common.frames.size_from) == (None, "truth")
    assert (common.reference_frame, common.average) == ("included", "frames")
    metrics = {one.key: one for one in common.frame_metrics}
    assert metrics["psnr"].cap == 100.0
    assert metrics["ssim"].function == "ssim_gaussian"
    assert (metrics["lpips"].function, metrics["lpips"].trunk) == ("lpips_spatial", "alex")
    motion = common.feature_setting("motion")
    assert (motion.prefix_use, motion.fit, motion.resize["reference"]) == ("separate", "cover", "bilinear")


def test_people_1_has_the_frames_of_mcbench_1_and_people_alone() -> None:
    people = protocol("people/1")
    assert people.frames == protocol("mcbench/1").frames
    assert (people.reference_frame, people.average) == ("excluded", "videos")
    assert not people.frame_metrics
    assert not people.distribution_metrics
    assert {metric.function for metric in people.people_metrics} == set(FUNCTIONS)
    assert all(metric.note for metric in people.people_metrics)


@pytest.mark.parametrize(
    ("n_frames", "shortest", "pooled", "separate"),
    [
        (40, 30, tuple(range(10, 25)), (10, 16, 24, 30)),
        (12, 12, (10, 11, 12), (10, 12)),
        (16, 16, tuple(range(10, 17)), (10, 16)),
        (10, 10, (10,), (10,)),
        (9, 9, (), ()),
        (20, 9, tuple(range(10, 21)), ()),
    ],
)
def test_lengths_of_prefixes(
    n_frames: int, shortest: int, pooled: tuple[int, ...], separate: tuple[int, ...]
) -> None:
    humanvid = protocol("humanvid/1").feature_setting("motion")
    common = protocol("common-metrics/1").feature_setting("motion")
    assert humanvid.prefix_lengths(n_frames, shortest) == pooled
    assert common.prefix_lengths(n_frames, shortest) == separate


def test_clips_have_no_prefixes() -> None:
    with pytest.raises(InputError, match="of clips"):
        protocol("disco/2").feature_setting("motion").prefix_lengths(20, 20)


def test_choosing() -> None:
    def names(*arguments: str, people: bool) -> list[str]:
        return [one.name for one in choose_protocols(arguments or None, with_people=people)]

    assert names(people=False) == list(DEFAULT_PROTOCOLS)
    assert names(people=True) == [*DEFAULT_PROTOCOLS, "people/1"]
    assert names("all", people=True) == list(PROTOCOLS)
    assert names("all", people=False) == [name for name in PROTOCOLS if name != "people/1"]
    assert names("mcbench/1", "all", "mcbench/1", people=True)[0] == "mcbench/1"
    assert len(names("mcbench/1", "all", people=True)) == len(PROTOCOLS)
    assert names("people/1", people=False) == ["people/1"], "asked for by name"
    with pytest.raises(InputError, match="'fvd/3'"):
        choose_protocols(["all", "fvd/3"], with_people=True)


def test_every_setting_has_words_and_every_metric_a_definition() -> None:
    for one in PROTOCOLS.values():
        groups = {group.name: group for group in describe_protocol(one)}
        assert set(groups) == {"frames", "averages", *(metric.key for metric in one.metrics)}
        for group in groups.values():
            assert all(aspect.words for aspect in group.aspects)
            names = [aspect.name for aspect in group.aspects]
            assert len(set(names)) == len(names)
            assert group.name in ("frames", "averages") or "definition" in names
        for setting in one.features:
            words = " ".join(aspect.words for group in groups.values() for aspect in group.aspects)
            for name in setting.networks.values():
                assert name in words


def test_words_name_the_files_of_a_network() -> None:
    words = {aspect.words for group in describe_protocol(protocol("disco/2")) for aspect in group.aspects}
    assert any("i3d_pretrained_400.pt or i3d_torchscript.pt" in one for one in words)
    assert any("vgg16-397923af.pth" in one for one in words)


def test_a_difference_is_what_differs_and_nothing_else() -> None:
    disco, ours = protocol("disco/2"), protocol("mcbench/1")
    assert protocol_difference(disco, disco) == ()
    found = {(one.group, one.name): one for one in protocol_difference(disco, ours)}
    assert "1.53e-05 at 256x256" in found["l1", "scale"].first
    assert "at any size" in found["l1", "scale"].second
    assert "stride 1 " in found["fvd", "items"].first
    assert "stride 16 " in found["fvd", "items"].second
    assert found["kid", ""].first == "not part of it"
    assert found["lpips_alex", ""].second == "not part of it"
    assert ("psnr", "definition") not in found
    assert ("averages", "intervals") not in found
    back = {(one.group, one.name): one for one in protocol_difference(ours, disco)}
    assert {key: (one.first, one.second) for key, one in back.items()} == {
        key: (one.second, one.first) for key, one in found.items()
    }


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_a_change_of_any_number_of_a_protocol_shows_in_words(name: str) -> None:
    one = protocol(name)
    changes = {
        "frames": one.frames.model_copy(update={"aspect_tolerance": 0.5}),
        "bootstrap_draws": 17,
        "confidence": 0.5,
        "jackknife_groups": 3,
        "noise_floor_splits": 9,
        "average": "frames" if one.average == "videos" else "videos",
        "reference_frame": "included" if one.reference_frame == "excluded" else "excluded",
    }
    for setting, value in changes.items():
        other = one.model_copy(update={setting: value})
        assert len(protocol_difference(one, other)) == 1, setting
        assert other.sha256 != one.sha256


def test_an_unknown_protocol_is_named() -> None:
    with pytest.raises(InputError, match=r"'disco/1'.*\n.*disco/2"):
        protocol("disco/1")
