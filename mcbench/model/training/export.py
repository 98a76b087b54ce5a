"""A trained pipeline in half the bytes, for shipping."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

from mcbench import files
from mcbench.model.config import ModelConfig
from mcbench.model.loading import load_pipeline
from mcbench.model.pipeline import settings_of


def export_half_precision(pipeline: Path, target: Path, config: ModelConfig) -> None:
    """Write a trained pipeline's folder again with weights in float16; `training.json` goes along.

    Defaults of sampling are those of `config`, since the best ones show only after training. float16
    keeps eleven bits of each weight, and sampling computes in float32 after loading.

    Raises:
        FileFormatError: `pipeline` is no whole pipeline of mcbench.
    """
    loaded = load_pipeline(pipeline)
    loaded.register_to_config(settings=settings_of(config))
    for component in loaded.components.values():
        if isinstance(component, torch.nn.Module):
            component.half()
    with files.atomic_folder(target) as temporary:
        loaded.save_pretrained(temporary)
        for path in temporary.rglob("*.json"):
            _forget_origin(path)
        shutil.copy2(pipeline / "training.json", temporary / "training.json")


def _forget_origin(path: Path) -> None:
    # diffusers notes the folder that a component was loaded from: a path of the machine that trained it.
    settings = json.loads(files.read_text(path))
    if settings.pop("_name_or_path", None) is not None:
        files.write_text(path, json.dumps(settings, indent=2, sort_keys=True) + "\n")
