from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.people import contested_regions, occlusion_order_accuracy, person_palettes
from tests.metrics.people.making import COLOURS, background, noisy

PLACES = ((10, 30), (45, 55), (80, 30), (95, 60))
"""Columns at which people begin, rows at which they begin: 1 and 2 overlap a little, 2, 3 and 4 as well."""


def bodies_of(n_people: int = 2) -> np.ndarray:
    bodies = np.zeros((n_people, 120, 160), dtype=bool)
    for body, (left, top) in zip(bodies, PLACES, strict=False):
        body[top : top + 55, left : left + 48] = True
    return bodies


def painted(order: list[int], looks: list[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Paint people over each other, the last one on top: frame and instance mask."""
    frame, labels = background((120, 160)), np.zeros((120, 160), np.uint8)
    bodies = bodies_of(len(order))
    rows = np.arange(120)[:, None, None]
    for person in order:
        colour = COLOURS[person if looks is None else looks[person]]
        body = np.broadcast_to(np.where(rows // 5 % 2, 1.0, 0.6) * colour, frame.shape)
        frame[bodies[person]] = body[bodies[person]].astype(np.uint8)
        labels[bodies[person]] = person + 1
    return frame, labels


DEPTH = np.array([3.0, 4.0, 5.0, 6.0], dtype=np.float32)


def accuracy(prediction: np.ndarray, n_people: int = 2, depth: np.ndarray = DEPTH, **more) -> float:
    truth, labels = painted(list(np.argsort(-depth[:n_people])))
    return occlusion_order_accuracy(prediction, truth, labels, bodies_of(n_people), depth[:n_people], **more)


def test_front_and_back() -> None:
    right, wrong = painted([1, 0])[0], painted([0, 1])[0]
    assert accuracy(right) == 1.0
    assert accuracy(wrong) == 0.0
    nearer_second = np.array([4.0, 3.0])
    assert accuracy(right, depth=nearer_second) == 0.0
    assert accuracy(wrong, depth=nearer_second) == 1.0


def test_share_of_pairs() -> None:
    truth, labels = painted([3, 2, 1, 0])
    pairs = {(pair.front, pair.back) for pair in contested_regions(labels, bodies_of(4), DEPTH)}
    assert {(0, 1), (1, 2)} <= pairs
    assert all(DEPTH[front] < DEPTH[back] for front, back in pairs)
    assert accuracy(truth, 4) == 1.0
    one_wrong = painted([3, 2, 0, 1])[0]
    assert accuracy(one_wrong, 4) == pytest.approx(1 - 1 / len(pairs))


@settings(max_examples=20)
@given(st.permutations(range(4)), st.integers(0, 20))
def test_noise_and_names_do_not_matter(order: list[int], sigma: int) -> None:
    truth, labels = painted([3, 2, 1, 0])
    prediction = noisy(painted([3, 2, 0, 1])[0], sigma)
    renamed = np.array([0, *[place + 1 for place in order]], np.uint8)[labels]
    bodies, depth = np.zeros_like(bodies_of(4)), np.zeros(4)
    bodies[order], depth[order] = bodies_of(4), DEPTH
    assert occlusion_order_accuracy(prediction, truth, renamed, bodies, depth) == pytest.approx(
        accuracy(prediction, 4)
    )
    assert 0.0 < accuracy(prediction, 4) < 1.0


def test_exchanged_looks_are_no_matter_of_order() -> None:
    assert np.isnan(accuracy(painted([1, 0], looks=[1, 0])[0]))
    assert np.isnan(accuracy(painted([0, 1], looks=[1, 0])[0]))


def test_who_is_missing_has_no_order() -> None:
    for here in (0, 1):
        alone = np.where(bodies_of()[here][..., None], painted([1 - here, here])[0], background((120, 160)))
        assert np.isnan(accuracy(alone))


def test_people_who_look_alike_cannot_be_told() -> None:
    truth, labels = painted([1, 0], looks=[0, 0])
    assert np.isnan(occlusion_order_accuracy(truth, truth, labels, bodies_of(), DEPTH[:2]))


def test_unknown_or_equal_depth_makes_no_pair() -> None:
    frame = painted([1, 0])[0]
    for depth in (np.array([np.nan, 4.0]), np.array([3.0, np.nan]), np.array([3.0, 3.0])):
        truth, labels = painted([1, 0])
        assert contested_regions(labels, bodies_of(), depth) == []
        assert np.isnan(occlusion_order_accuracy(frame, truth, labels, bodies_of(), depth))


def test_people_apart_make_no_pair() -> None:
    _, labels = painted([1, 0])
    apart = bodies_of()
    apart[1] = np.roll(apart[1], 60, axis=1)
    assert contested_regions(labels, apart, DEPTH[:2]) == []


def test_somebody_all_hidden_is_known_from_another_frame() -> None:
    bodies = np.zeros((2, 120, 160), dtype=bool)
    bodies[0, 20:100, 40:100], bodies[1, 30:80, 50:90] = True, True
    front = np.broadcast_to(COLOURS[0].astype(np.uint8), (120, 160, 3))
    back = np.broadcast_to(COLOURS[1].astype(np.uint8), (120, 160, 3))
    truth = np.where(bodies[0][..., None], front, background((120, 160)))
    wrong = np.where(bodies[1][..., None], back, truth)
    labels = bodies[0].astype(np.uint8)
    assert np.isnan(occlusion_order_accuracy(wrong, truth, labels, bodies, DEPTH[:2]))
    other, other_labels = painted([1, 0])
    known = person_palettes(other, other_labels, 2)
    flat = [known[0], person_palettes(back, bodies[1].astype(np.uint8) * 2, 2)[1]]
    assert occlusion_order_accuracy(wrong, truth, labels, bodies, DEPTH[:2], known=flat) == 0.0
    assert occlusion_order_accuracy(truth, truth, labels, bodies, DEPTH[:2], known=flat) == 1.0


def test_bodies_are_narrowed() -> None:
    _, labels = painted([1, 0])
    region = contested_regions(labels, bodies_of(), DEPTH[:2])[0].region
    whole = bodies_of()[0] & bodies_of()[1]
    assert (region <= whole).all()
    assert 0.4 < region.sum() / whole.sum() < 1.0


def test_bad_input() -> None:
    truth, labels = painted([1, 0])
    with pytest.raises(MismatchError, match="one frame"):
        contested_regions(labels, bodies_of()[:, :50], DEPTH[:2])
    with pytest.raises(MismatchError, match="one frame"):
        contested_regions(labels, bodies_of(), DEPTH[:3])
    with pytest.raises(InputError, match="labels"):
        contested_regions(labels, bodies_of()[:1], DEPTH[:1])
    with pytest.raises(MismatchError, match="palettes"):
        occlusion_order_accuracy(truth, truth, labels, bodies_of(), DEPTH[:2], known=[np.zeros((1, 3))] * 3)
    with pytest.raises(InputError, match="at a time"):
        occlusion_order_accuracy(truth[None], truth[None], labels, bodies_of(), DEPTH[:2])
    with pytest.raises(MismatchError):
        occlusion_order_accuracy(truth[:50], truth, labels, bodies_of(), DEPTH[:2])
    with pytest.raises(InputError, match="finite"):
        occlusion_order_accuracy(truth * np.nan, truth.astype(float), labels, bodies_of(), DEPTH[:2])
