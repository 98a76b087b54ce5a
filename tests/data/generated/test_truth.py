"""The truth is true: against independent ray casting, against warping, against itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.data import generated
from mcbench.data.generated import RenderedFrame, Scene, SceneSpec, build_scene, train_clip


def specs() -> st.SearchStrategy[SceneSpec]:
    return st.builds(
        SceneSpec,
        id=st.just("any"),
        split=st.sampled_from(["train", "test", "demo"]),
        index=st.integers(0, 10**6),
        seed=st.integers(0, 2**64 - 1),
        n_frames=st.just(12),
        fps=st.floats(8.0, 30.0),
        n_people=st.integers(2, 5),
    )


def cast(scene: Scene, index: int, x: float, y: float, size: tuple[int, int]) -> tuple[int, float]:
    """Return owner and depth (metres) of the nearest part at (x, y) pixels, by NumPy's own algebra."""
    parts = scene._parts_of(tuple(range(scene.spec.n_people)))
    right, down, ahead = scene._camera.axes[index]
    way = ((x / size[1] - 0.5) / (1.2 * 896 / 640)) * right + ((y / size[0] - 0.5) / 1.2) * down + ahead
    best = (0, np.inf)
    for frame, (a, b, c, low, high), owner in zip(parts.frames[index], parts.shape, parts.owner, strict=True):
        matrix = frame[1:].T
        o, d = np.linalg.solve(matrix, np.stack([scene._camera.place[index] - frame[0], way], axis=1)).T
        form = np.diag([1.0, 1.0, a])
        linear = np.array([0.0, 0.0, 2.0 * b])
        roots = np.roots([d @ form @ d, 2 * o @ form @ d + linear @ d, o @ form @ o + linear @ o + c])
        real = [float(r.real) for r in roots if abs(r.imag) < 1e-9]
        if len(real) == 2 and low <= o[2] + min(real) * d[2] <= high and 0 < min(real) < best[1]:
            best = (int(owner), min(real))
    return best


@pytest.mark.parametrize(
    ("spec", "index"),
    [(generated.test_clips()[3], 66), (generated.test_clips()[5], 20), (train_clip(3), 9)],
    ids=lambda v: getattr(v, "id", v),
)
def test_masks_and_depth_against_independent_ray_casting(spec: SceneSpec, index: int) -> None:
    size = (128, 92)
    scene = build_scene(spec)
    frame = scene.render(index, size)
    rng = np.random.default_rng(0)
    rows, columns = np.nonzero(frame.masks > 0)
    chosen = rng.choice(len(rows), 40, replace=False)
    places = [(int(rows[k]), int(columns[k])) for k in chosen]
    places += [
        (int(r), int(c)) for r, c in zip(rng.integers(0, 128, 10), rng.integers(0, 92, 10), strict=True)
    ]
    wrong = 0
    for row, column in places:
        owner, depth = cast(scene, index, column + 0.5, row + 0.5, size)
        if owner != frame.masks[row, column] or (
            owner and abs(depth * 1000 - frame.depth[row, column]) > max(2.0, 0.001 * depth * 1000)
        ):
            wrong += 1
    assert wrong <= 1  # a ray may just touch an edge in one arithmetic and miss it in the other


def warped(frame: RenderedFrame, later: RenderedFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return `later` fetched along the flow, and where that shows the same person all around."""
    height, width = frame.masks.shape
    y, x = np.mgrid[:height, :width].astype(float)
    x, y = x + frame.flow[..., 0], y + frame.flow[..., 1]
    valid = (x >= 0) & (y >= 0) & (x < width - 1) & (y < height - 1)
    x0, y0 = np.clip(np.floor(x), 0, width - 2).astype(int), np.clip(np.floor(y), 0, height - 2).astype(int)
    px, py = np.clip(x - x0, 0, 1)[..., None], np.clip(y - y0, 0, 1)[..., None]
    image = later.image.astype(float)
    for dy in (0, 1):
        for dx in (0, 1):
            valid &= later.masks[y0 + dy, x0 + dx] == frame.masks
    top = image[y0, x0] * (1 - px) + image[y0, x0 + 1] * px
    bottom = image[y0 + 1, x0] * (1 - px) + image[y0 + 1, x0 + 1] * px
    return top * (1 - py) + bottom * py, valid


@pytest.mark.parametrize("clip", [0, 2, 3, 6, 8], ids=lambda k: f"mc-{k + 1:02d}")
def test_flow_leads_to_the_same_colours(clip: int) -> None:
    """Following the flow explains most of what changes: people and, where the camera moves, background."""
    spec = generated.test_clips()[clip]
    scene, size = build_scene(spec), (448, 320)
    moved = still = 0.0
    for index in (5, 41):
        frame, later = scene.render(index, size), scene.render(index + 1, size)
        fetched, valid = warped(frame, later)
        error = np.abs(fetched - frame.image).mean(axis=-1)
        person = valid & (frame.masks > 0)
        assert person.sum() > 0.5 * (frame.masks > 0).sum()
        assert np.median(error[person]) < 5.0
        assert np.median(error[valid & (frame.masks == 0)]) < 1.5
        moved += float(error[person].mean())
        still += float(np.abs(later.image.astype(float) - frame.image).mean(axis=-1)[person].mean())
    assert moved < 0.5 * still


def test_flow_at_a_nose_is_the_noses_own_way() -> None:
    """The nose lies on the head's surface: the flow seen there is the key point's, to a part of a pixel."""
    checked = 0
    for number in range(12):
        spec = train_clip(number, 4)
        scene, size = build_scene(spec), (448, 320)
        frame, later = scene.render(2, size), scene.render(3, size)
        for k in range(spec.n_people):
            x, y = (int(c) for c in frame.keypoints[k, 0])
            if frame.visibility[k, 0] == 2 and later.visibility[k, 0] == 2 and frame.masks[y, x] == k + 1:
                way = later.keypoints[k, 0] - frame.keypoints[k, 0]
                assert np.abs(frame.flow[y, x] - way).max() < 0.15 + 0.05 * np.abs(way).max()
                checked += 1
    assert checked > 15


def test_a_still_cameras_background_does_not_flow() -> None:
    scenes = [build_scene(spec) for spec in generated.test_clips()[:5]]
    still = [scene for scene in scenes if scene._camera.still]
    moving = [scene for scene in scenes if not scene._camera.still]
    assert len(still) == 1
    frame = still[0].render(4, (128, 92))
    assert np.abs(frame.background_flow).max() < 1e-3  # things are moved in float32
    for scene in moving:
        frame = scene.render(4, (128, 92))
        background = frame.masks == 0
        assert np.abs(frame.background_flow).max() > 0.01
        np.testing.assert_array_equal(frame.flow[background], frame.background_flow[background])


@settings(max_examples=8)
@given(specs(), st.integers(0, 11))
def test_any_scene_agrees_with_itself(spec: SceneSpec, index: int) -> None:
    size = (224, 160)
    scene = build_scene(spec)
    frame = scene.render(index, size)
    people = spec.n_people
    assert frame.masks.max() <= people
    assert np.isfinite(frame.flow).all()
    assert frame.keypoints.shape == (people, 18, 2)
    inside = (frame.keypoints >= 0).all(-1) & (frame.keypoints < (size[1], size[0])).all(-1)
    np.testing.assert_array_equal(frame.visibility > 0, inside)
    for k in range(people):
        own = frame.masks == k + 1
        assert own.sum() > 20
        for j in np.flatnonzero(frame.visibility[k] == 2):
            x, y = (int(c) for c in frame.keypoints[k, j])
            around = own[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
            assert around.any(), f"visible key point {j} of person {k} lies outside the person"
        # The person is about as far away as the mean of the key points says.
        depth = float(np.median(frame.depth[own])) / 1000
        assert abs(depth - frame.person_depth[k]) < 0.45


@settings(max_examples=4)
@given(specs())
def test_where_people_overlap_the_nearer_one_is_seen(spec: SceneSpec) -> None:
    """Leave one person out: wherever that changes the mask, the one who was there was the nearer."""
    size = (128, 92)
    scene = build_scene(spec)
    frame = scene.render(0, size)
    parts = scene._parts_of(tuple(range(spec.n_people)))
    for gone in range(1, spec.n_people + 1):
        kept = parts.owner != gone
        alone = build_scene(spec)
        alone._parts[tuple(range(spec.n_people))] = dataclasses.replace(
            parts, frames=parts.frames[:, kept], shape=parts.shape[kept], owner=parts.owner[kept],
            surface=parts.surface[kept],
        )  # fmt: skip
        without = alone.render(0, size)
        changed = frame.masks != without.masks
        assert (frame.masks[changed] == gone).all()
        assert (frame.depth[changed] <= without.depth[changed]).all()
        np.testing.assert_array_equal(frame.depth[~changed & (frame.masks != gone)],
                                      without.depth[~changed & (frame.masks != gone)])  # fmt: skip
