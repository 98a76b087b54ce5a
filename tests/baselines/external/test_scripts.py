"""Drivers that run authors' scripts, by the real runner, against stand-ins for these scripts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench.baselines import registry
from mcbench.baselines.contract import AnimationRequest, WholeBodies
from mcbench.baselines.external.installing import Installation
from mcbench.baselines.external.job import placement, write_job
from mcbench.baselines.external.runner import DRIVERS, made_frames, run_job
from mcbench.baselines.spec import Spec
from mcbench.data.truth import Poses
from mcbench.errors import WorkerError
from mcbench.records import Size
from mcbench.video import write_png

STAND_INS = Path(__file__).parent / "stand_ins"
N_FRAMES = 5
SEED = 2**40 + 11
UNI = {"inference.py": "unianimate.py", "dwpose/util.py": "dwpose_util.py"}
WAN = {"diffsynth/__init__.py": "diffsynth.py"}


@dataclass(frozen=True)
class Case:
    """One method.

    Attributes:
        scripts: path in the authors' repository -> stand-in.
        shows: what the stand-in turns into frames: a kind of input, "bodies" mirrored, or "reference".
        size: (height, width) to run at; None for the spec's.
        given: what the script must have been given: name -> value.
    """

    scripts: dict[str, str]
    shows: str
    size: Size | None = (64, 64)
    given: dict[str, Any] = field(default_factory=dict)
    options: dict[str, str | int | float | bool] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    """Files of the repository that need not say anything."""


CASES = {
    "mimicmotion": Case(
        {"inference.py": "mimicmotion.py"},
        "driving-frames",
        given={"num_frames": 6, "frames_overlap": 5, "guidance_scale": 2.0, "seed": SEED, "resolution": 64},
    ),
    "controlnext": Case(
        {"ControlNeXt-SVD-v2/run_controlnext.py": "controlnext.py"},
        "driving-frames",
        given={"max_frame_num": 6, "batch_frames": 6, "guidance_scale": 3.0, "height": 64, "width": 128},
        size=(64, 128),
    ),
    "stable-animator": Case(
        {"inference_basic.py": "stable_animator.py"},
        "dwpose-drawings",
        given={"seed": SEED, "tile_size": 5, "guidance_scale": 3.0, "decode_chunk_size": 4},
    ),
    "musepose": Case(
        {"test_stage_2.py": "musepose.py"},
        "dwpose-drawings",
        given={"W": 128, "H": 64, "seed": SEED, "skip": 0, "cfg": 3.5, "steps": 20},
        size=(64, 128),
        empty=("configs/inference_v2.yaml",),
    ),
    "champ": Case(
        {"inference.py": "champ.py", "configs/inference/inference.yaml": "champ.yaml"},
        "dwpose-drawings",
        given={"width": 128, "height": 64, "seed": SEED, "num_inference_steps": 20},
        size=(64, 128),
    ),
    "unianimate": Case(
        {**UNI, "configs/UniAnimate_infer_long.yaml": "unianimate.yaml"},
        "bodies",
        given={"resolution": [128, 64], "round": 1, "seed": SEED % 2**32, "max_frames": "None"},
        size=(64, 128),
    ),
    "animate-x": Case(
        {**UNI, "configs/Animate_X_infer.yaml": "animate_x.yaml"},
        "bodies",
        given={"resolution": [128, 64], "round": 1, "max_frames": N_FRAMES},
        size=(64, 128),
    ),
    "unianimate-dit": Case(
        {
            "examples/unianimate_wan/inference_unianimate_wan_long_video_480p.py": "unianimate_dit.py",
            "dwpose/util.py": "dwpose_util.py",
            **WAN,
        },
        "bodies",
        given={"height": 64, "width": 128, "seed": SEED, "frames": 81},
        size=(64, 128),
    ),
    "multi-animate": Case(
        {"examples/inference_multi3.py": "multi_animate.py", **WAN},
        "dwpose-drawings",
        given={"height": 64, "width": 128, "seed": SEED, "people": 2, "caption": "two person are dancing"},
        size=(64, 128),
    ),
    "magicpose": Case(
        {"test_any_image_pose.py": "magicpose.py"},
        "dwpose-drawings",
        size=None,
        given={"seed": SEED % 2**32, "control_mode": "controlnet_important", "with_text": False, "v4": True},
        empty=("model_lib/ControlNet/models/cldm_v15_reference_only_pose.yaml",),
    ),
    "dreampose": Case(
        {"test.py": "dreampose.py"},
        "reference",
        size=None,
        given={"epoch": 499, "s1": 8.0, "s2": 3.0, "n_steps": 100},
    ),
    "disco": Case(
        {"finetune_sdm_yaml.py": "disco.py"},
        "pose-drawings",
        size=None,
        given={"seed": SEED % 2**32, "guidance_scale": 1.5, "num_inference_steps": 50, "drop_ref": 0.05},
        empty=("config/ref_attn_clip_combine_controlnet/tiktok_S256L16_xformers_tsv.py",),
    ),
}


def test_every_method_driven_by_a_script_is_tested() -> None:
    uses = "import script_kit"
    drivers = Path(registry.__file__).parent / "external" / "drivers"
    driven = {
        spec.id
        for spec in registry.specs()
        if spec.kind == "external" and uses in (drivers / f"{spec.driver}.py").read_text(encoding="utf-8")
    }
    assert driven == set(CASES)
    assert {registry.get(name).status.level for name in CASES} <= {"contract", "code-run", "verified"}


@pytest.mark.parametrize("name", CASES)
def test_driver_gives_the_script_what_it_reads_and_takes_what_it_writes(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    spec = sized(registry.get(name), case)
    prepare_user_files(name, spec, tmp_path)
    frames, given = run(spec, case, tmp_path)
    assert {key: given.get(key) for key in case.given} == case.given
    for index, frame in enumerate(frames):
        check_shows(case.shows, index, frame)


@pytest.mark.parametrize("name", ["champ", "dreampose"])
def test_what_only_the_user_can_make_is_asked_for(name: str, tmp_path: Path) -> None:
    spec = sized(registry.get(name), CASES[name])
    with pytest.raises(WorkerError, match="which mcbench does not make") as caught:
        run(spec, CASES[name], tmp_path)
    assert "_folder=FOLDER" in caught.value.message


def test_more_people_than_the_method_makes_are_refused(tmp_path: Path) -> None:
    case = CASES["multi-animate"]
    with pytest.raises(WorkerError, match="shows 9 people"):
        run(sized(registry.get("multi-animate"), case), case, tmp_path, people=9)


def test_a_size_that_the_script_would_cut_is_refused(tmp_path: Path) -> None:
    case = replace(CASES["mimicmotion"], size=(64, 192))
    with pytest.raises(WorkerError, match="makes pictures of 64x64 or 64x64 alone"):
        run(sized(registry.get("mimicmotion"), case), case, tmp_path)


def test_a_script_without_the_settings_that_are_replaced_is_refused(tmp_path: Path) -> None:
    case = CASES["stable-animator"]
    repository(case, tmp_path)
    script = tmp_path / "repository" / "inference_basic.py"
    script.write_text(script.read_text(encoding="utf-8").replace("seed = 23123134", "seed = int('7')"))
    with pytest.raises(WorkerError, match="sets seed to a literal in 0 places"):
        run(sized(registry.get("stable-animator"), case), case, tmp_path)


def test_the_end_of_a_failed_script_is_told(tmp_path: Path) -> None:
    case = CASES["controlnext"]
    spec = sized(registry.get("controlnext"), case)
    with pytest.raises(WorkerError, match=r"run_controlnext\.py: .* exit code 1") as caught:
        run(spec, case, tmp_path, lacking="unet.bin")
    assert "FileNotFoundError" in "\n".join(caught.value.__notes__)


def test_a_seed_decides_what_an_unseeded_script_draws(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import random, sys, helper\nprint(random.random(), sys.argv[1:], helper.seeds)\n")
    # Stands for the networks' own generator, which is seeded where there is one.
    (tmp_path / "torch.py").write_text("import helper\nmanual_seed = helper.seeds.append\n")
    (tmp_path / "helper.py").write_text("seeds = []\n")
    kit = Path(registry.__file__).parent / "external" / "drivers" / "script_kit.py"
    said = [
        subprocess.run(
            [sys.executable, kit, seed, script, "--word"], check=True, capture_output=True, text=True
        ).stdout
        for seed in ("1", "1", "2")
    ]
    assert said[0] == said[1] != said[2]
    assert said[2].endswith("['--word'] [2]\n")


# --- what the methods are shown ------------------------------------------------------------------------


def picture(kind: str, index: int, size: Size) -> NDArray[np.uint8]:
    """A smooth picture that no other kind or frame has, uint8 [height, width, 3]."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float64)
    phase = index + 10 * ["driving-frames", "dwpose-drawings", "pose-drawings", "reference"].index(kind)
    waves = [
        np.sin(3 * rows / size[0] + phase),
        np.cos(4 * columns / size[1] + phase),
        np.sin(phase) + 0 * rows,
    ]
    return (127 + 100 * np.stack(waves, axis=-1)).clip(0, 255).astype(np.uint8)


def joint(index: int, size: Size) -> tuple[int, int]:
    """Where the nose of the first person is, (x, y)."""
    return size[1] // 4 + 4 * index, size[0] // 2


def request(size: Size, people: int, seed: int) -> AnimationRequest:
    """A clip of two people who walk to the right."""
    points = np.zeros((N_FRAMES, 2, 134, 2), np.float32)
    for index in range(N_FRAMES):
        points[index, 0], points[index, 1] = joint(index, size), (size[1] - 8, size[0] // 4)
    points[:, :, 92:] += np.float32([0, size[0] / 4])  # hands away from the joints
    body = points[:, :, :18]
    seen, depth = np.full(body.shape[:3], 2, np.uint8), np.ones(body.shape[:2], np.float32)

    def masks(_index: int, wanted: Size) -> NDArray[np.uint8]:
        labels = np.zeros(wanted, np.uint8)
        for person in range(people):
            labels[person * 2 : person * 2 + 2] = person + 1
        return labels

    def drawing(kind: str) -> Any:
        return lambda index, wanted: picture(kind, index, wanted)

    kinds = ("dwpose-drawings", "pose-drawings")
    return AnimationRequest(
        video="clip-1",
        reference=picture("reference", 0, size),
        poses=Poses(body, seen, depth, size),
        n_frames=N_FRAMES,
        fps=15.0,
        size=None,
        seed=seed,
        true_frame=lambda index: picture("driving-frames", index, size),
        pictures={"masks": masks, **{kind: drawing(kind) for kind in kinds}},
        whole_bodies=WholeBodies(points, np.ones(points.shape[:3], np.float32)),
    )


def check_shows(kind: str, index: int, frame: NDArray[np.uint8]) -> None:
    """Check that a frame is the one that the stand-in makes of input `index`, but for its codec."""
    size = (frame.shape[0], frame.shape[1])
    if kind == "reference":
        blackened = int((frame[:, 0].max(axis=1) < 8).sum())
        assert blackened == 1 + 16 * index
    elif kind == "bodies":
        x, y = joint(index, size)
        red, _, blue = frame[y - 1 : y + 2, size[1] - x - 2 : size[1] - x + 1].mean(axis=(0, 1))
        assert blue > 150 > 80 > red  # red of the authors' canvas is written as blue; the stand-in mirrors
    else:
        errors = [np.abs(picture(kind, other, size).astype(int) - frame).mean() for other in range(N_FRAMES)]
        assert int(np.argmin(errors)) == index
        assert errors[index] < 6


# --- running ---------------------------------------------------------------------------------------


def sized(spec: Spec, case: Case) -> Spec:
    """The spec at a size that takes no time, where the script is not bound to one."""
    if case.size is None:
        return spec
    return spec.model_copy(update={"native": spec.native.model_copy(update={"size": case.size})})


def repository(case: Case, folder: Path) -> Path:
    """A clone of nothing but stand-ins, made once."""
    root = folder / "repository"
    if root.is_dir():
        return root
    for place, stand_in in case.scripts.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(STAND_INS / stand_in, root / place)
        shutil.copy(STAND_INS / "stand_in.py", (root / place).parent / "stand_in.py")
    shutil.copy(STAND_INS / "stand_in.py", root / "stand_in.py")
    for place in (*case.empty, "animation/__init__.py", "animation/modules/__init__.py"):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).touch()
    (root / "animation/modules/face_model.py").write_text("class FaceModel: pass\n", encoding="utf-8")
    for place in (root, *root.glob("ControlNeXt*")):
        (place / "torch.py").write_text("def manual_seed(seed): assert seed >= 0\n", encoding="utf-8")
    (root / "utils").mkdir(exist_ok=True)
    (root / "utils/known.py").write_text(
        "def get_unet(name, revision, resolution): return name\n", encoding="utf-8"
    )
    return root


def prepare_user_files(name: str, spec: Spec, folder: Path) -> None:
    """Make what the user of Champ and DreamPose brings."""
    size, made = spec.native.size, folder / "made" / "clip-1"
    assert size is not None
    for index in range(N_FRAMES):
        if name == "champ":
            for kind in ("depth", "normal", "semantic_map", "mask"):
                (made / kind).mkdir(parents=True, exist_ok=True)
                write_png(made / kind / f"{index:04d}.png", picture("reference", index, size))
        if name == "dreampose":
            made.mkdir(parents=True, exist_ok=True)
            np.save(made / f"{index:06d}.npy", np.full((2, *size), index / 9))


def with_packages(spec: Spec, folder: Path) -> Spec:
    """The spec with an environment that has a stand-in for the package that a driver looks for."""
    (folder / "facexlib").mkdir(parents=True)
    (folder / "facexlib" / "__init__.py").touch()
    assert spec.environment is not None
    found = {"PYTHONPATH": os.pathsep.join([str(DRIVERS), str(folder)])}
    return spec.model_copy(update={"environment": spec.environment.model_copy(update={"variables": found})})


def run(
    spec: Spec, case: Case, folder: Path, *, people: int = 2, seed: int = SEED, lacking: str = ""
) -> tuple[list[NDArray[np.uint8]], dict[str, Any]]:
    """Run a driver as mcbench does; return its frames and what the script was given."""
    made = folder / "made"
    options = dict(spec.options)
    for option in ("guidance_folder", "uv_folder"):
        if option in options and made.is_dir():
            options[option] = str(made)
    weights = {}
    for file in spec.weights:
        path = folder / "weights" / (file.path or file.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.name != lacking:
            path.touch()
        weights[file.name] = str(path)
    clone = repository(case, folder)
    size = spec.native.size
    assert size is not None
    asked = request(size, people, seed)
    job_folder = folder / "job"
    job_folder.mkdir()
    job = write_job(
        job_folder, spec, asked, placement(spec.native, asked), device="cpu", options=options,
        weights=weights, weights_folder=folder / "weights", repository=clone,
    )  # fmt: skip
    installation = Installation(Path(sys.executable), clone, None)
    spec = with_packages(spec, folder / "packages")
    run_job(spec, installation, job_folder, job, spec.limits)
    frames = list(made_frames(spec, job_folder, job))
    (found,) = [*job_folder.rglob("given.json"), *clone.rglob("given.json")]
    return frames, json.loads(found.read_text(encoding="utf-8"))
