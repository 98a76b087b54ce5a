"""Masks by BlazePose's segmentation, where its weights are on this machine; where crops lie."""

from __future__ import annotations

import numpy as np
import pytest

from mcbench import files, weights
from mcbench.data import generated
from mcbench.errors import InputError, WeightsMissingError
from mcbench.estimators.masks import _place, load_segmenter, mask_identity
from mcbench.estimators.pose.crops import Crop, person_boxes

# Read before the fixtures set another home: the weights of whoever runs the tests.
USERS_HOME = files.home()


def test_values_of_a_crop_come_back_to_their_place() -> None:
    # A crop twice as large as its values, which reaches beyond the picture to the left and top.
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    placed = _place(values, Crop(left=-4, top=-4, width=8, height=8), (6, 10))
    assert placed.shape == (6, 10)
    assert (placed[4:] == 0).all()
    assert (placed[:, 4:] == 0).all()
    assert placed[:4, :4].min() > 5
    assert placed[3, 3] == 15
    assert (_place(values, Crop(left=50, top=0, width=8, height=8), (6, 10)) == 0).all()


def test_identities() -> None:
    assert mask_identity("from-pose").weights == ()
    with pytest.raises(InputError, match="selfie"):
        mask_identity("selfie")
    with pytest.raises(WeightsMissingError) as caught:
        mask_identity("blazepose")
    assert "mcbench weights fetch blazepose" in caught.value.hint


def test_the_person_in_the_box_is_found_and_little_else() -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    if not weights.is_present("blazepose", USERS_HOME):
        pytest.skip("no weights: mcbench weights fetch blazepose")
    scene, size = generated.build_scene(generated.demo_clips()[0]), (448, 320)
    frame, poses = scene.render(0, size), scene.poses(size)
    segmenter = load_segmenter(home=USERS_HOME)
    boxes = person_boxes(poses.keypoints[0], poses.visibility[0])
    for person in range(poses.n_people):
        sure = segmenter.person(frame.image, boxes[person])
        assert sure.shape == size
        assert 0 <= sure.min() <= sure.max() <= 1
        assert sure[frame.masks == person + 1].mean() > 0.6
        assert sure[frame.masks == 0].mean() < 0.1
