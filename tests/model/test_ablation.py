import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.errors import InputError
from mcbench.model.ablation import TEMPORAL, without_parts
from mcbench.model.networks import motion_outputs
from mcbench.model.pipeline import AnimationPipeline


@pytest.mark.parametrize("part", ["pose", "reference_pose", "depth_order", "flow", TEMPORAL])
def test_every_part_shows_when_it_is_missing(
    part: str, pipeline: AnimationPipeline, reference: NDArray[np.uint8], poses: Poses
) -> None:
    whole = pipeline(reference, poses.first(4), seed=1, steps=1).frames
    less = without_parts(pipeline, [part])(reference, poses.first(4), seed=1, steps=1).frames
    assert whole.shape == less.shape
    assert not np.array_equal(whole, less)


def test_a_guider_that_is_left_out_is_one_that_gives_nothing(
    pipeline: AnimationPipeline, reference: NDArray[np.uint8], poses: Poses
) -> None:
    handle = pipeline.guiders["pose"].register_forward_hook(lambda _module, _inputs, output: output * 0)
    silent = pipeline(reference, poses.first(3), seed=1, steps=1).frames
    handle.remove()
    kept = [name for name in pipeline.guiders.names if name != "pose"]
    less = without_parts(pipeline, ["pose"])
    assert list(less.guiders.names) == kept
    assert np.array_equal(less(reference, poses.first(3), seed=1, steps=1).frames, silent)


def test_without_temporal_layers_frames_do_not_see_each_other(
    pipeline: AnimationPipeline, reference: NDArray[np.uint8], poses: Poses
) -> None:
    assert motion_outputs(pipeline.denoiser)
    less = without_parts(pipeline, [TEMPORAL])
    one = less(reference, poses.first(1), seed=1, steps=1).frames
    four = less(reference, poses.first(4), seed=1, steps=1).frames
    assert np.array_equal(one[0], four[0])


def test_all_guiders_may_go_and_the_rest_still_animates(
    pipeline: AnimationPipeline, reference: NDArray[np.uint8], poses: Poses
) -> None:
    less = without_parts(pipeline, [*pipeline.guiders.names, TEMPORAL])
    assert less.guiders is None
    assert less(reference, poses.first(2), seed=1, steps=1).frames.shape[0] == 2


def test_an_unknown_part_is_refused_with_those_that_are_there(pipeline: AnimationPipeline) -> None:
    with pytest.raises(InputError, match="no 'flows' to leave out") as caught:
        without_parts(pipeline, ["flows"])
    assert "flow" in str(caught.value.hint)
