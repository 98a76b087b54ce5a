"""The authors' own code from a clone of their repository: installed, run by mcbench's runner, scored.

No index has these repositories, so each test needs a clone that holds the commit of the spec, named by a
variable, and skips without it:

    MCBENCH_TEST_FOMM=~/src/first-order-model pytest -m slow -rs tests/baselines/external/test_authors_code.py

The others are MCBENCH_TEST_MRAA, MCBENCH_TEST_TPS, MCBENCH_TEST_MOORE_ANIMATE_ANYONE and
MCBENCH_TEST_MAGIC_ANIMATE. The environment of the spec is built (2 GB to download or more); with
MCBENCH_TEST_AUTHORS_HOME=FOLDER it is built there, and found by the next run. Weights are seeded, in the
authors' file format, so that nothing is said of the quality of the frames.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import scoring
from mcbench.baselines import registry
from mcbench.baselines.contract import AnimationRequest
from mcbench.baselines.external import animator as external
from mcbench.baselines.external.installing import find_installation, install
from mcbench.baselines.spec import Spec
from mcbench.baselines.weights import install_weights
from mcbench.records import Size
from tests.scoring.making import clip, write_folder

pytestmark = pytest.mark.slow
SEEDS = Path(__file__).parent / "seeds"
N_FRAMES = 3
SIZES: Mapping[str, Size] = {
    "fomm": (128, 128), "mraa": (128, 128), "tps": (128, 128),
    "moore-animate-anyone": (64, 48), "magic-animate": (64, 48),
}  # fmt: skip
MOTION = {"img_shape": "128,128"}
OPTIONS = {
    "fomm": MOTION, "mraa": MOTION, "tps": MOTION,
    "moore-animate-anyone": {"steps": 1}, "magic-animate": {"steps": 1},
}  # fmt: skip


def seeded_weights(spec: Spec, python: Path, clone: Path, folder: Path) -> None:
    """Write weights as the spec lays them out, by the authors' classes in the method's environment."""
    folder.mkdir()
    maker = SEEDS / f"{spec.id.replace('-', '_')}.py"
    words = [str(maker), str(clone), str(folder)]
    if not maker.is_file():
        config = str(spec.options["config"])
        words = [
            str(SEEDS / "motion_models.py"),
            spec.id,
            str(clone),
            config,
            str(folder / spec.weights[0].path),
        ]
    subprocess.run([str(python), "-B", *words], check=True, capture_output=True)


def animate(spec: Spec, home: Path, shift: int = 0) -> list[NDArray[np.uint8]]:
    """Return frames of a method; `shift` chooses what drives."""
    size = SIZES[spec.id]
    true = clip(3, N_FRAMES + shift, size)

    def driving(index: int, asked: Size) -> NDArray[np.uint8]:
        assert asked == size
        return true[index + (shift if index else 0)]

    asked = AnimationRequest(
        "clip", true[0], None, N_FRAMES, 25.0, None, 2**40 + 11,
        true_frame=lambda index: driving(index, size),
        pictures={kind: driving for kind in spec.inputs if kind != "driving-frames"},
    )  # fmt: skip
    options = {**spec.options, **OPTIONS[spec.id]}
    return list(external.ExternalAnimator(spec, "cpu", options, home).animate(asked))


@pytest.mark.parametrize("name", list(SIZES))
def test_authors_code_makes_frames_that_score(name: str, tmp_path: Path) -> None:
    variable = f"MCBENCH_TEST_{name.upper().replace('-', '_')}"
    if variable not in os.environ:
        pytest.skip(f"{variable} names no clone of the authors' repository")
    spec = registry.get(name)
    spec = spec.model_copy(update={"native": spec.native.model_copy(update={"size": SIZES[name]})})
    home = Path(os.environ.get("MCBENCH_TEST_AUTHORS_HOME", tmp_path / "home"))
    install(spec, home, source=Path(os.environ[variable]))
    installation = find_installation(spec, home)
    assert installation.repository is not None
    seeded_weights(spec, installation.python, installation.repository, tmp_path / "weights")
    install_weights(spec, home, folder=tmp_path / "weights", allow_other=True)

    frames = animate(spec, home)
    assert len(frames) == N_FRAMES
    assert all(frame.shape == (*SIZES[name], 3) and frame.std() > 1 for frame in frames)
    again, other = animate(spec, home), animate(spec, home, shift=4)
    assert all(np.abs(one.astype(int) - two).max() <= 1 for one, two in zip(frames, again, strict=True))
    assert any((one != two).any() for one, two in zip(frames[1:], other[1:], strict=True))

    truth = write_folder(tmp_path / "truth", {"clip": clip(3, N_FRAMES, SIZES[name])})
    made = write_folder(tmp_path / "made", {"clip": np.stack(frames)})
    score = scoring.compare(made, truth, protocol="humanvid/1")
    assert 0 < score.metrics["psnr"].value < 60
    assert score.metrics["ssim"].value < 1
