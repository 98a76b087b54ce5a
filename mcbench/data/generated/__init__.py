"""The embedded benchmark's frames: people who dance, rendered with exact truth, bit for bit everywhere.

`build_scene(spec).render(index, size)` gives a frame with masks, depth, flow and key points. Specs come
from `test_clips`, `demo_clips` and `train_clip`. How it works is told in `docs/generated.md`.
"""

from mcbench.data.generated.scene import RenderedFrame, Scene, build_scene
from mcbench.data.generated.specs import GENERATOR_VERSION, SceneSpec, demo_clips, test_clips, train_clip

__all__ = [
    "GENERATOR_VERSION",
    "RenderedFrame",
    "Scene",
    "SceneSpec",
    "build_scene",
    "demo_clips",
    "test_clips",
    "train_clip",
]
