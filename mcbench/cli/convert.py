"""`mcbench convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcbench.cli import console


def convert(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Moore-AnimateAnyone's pretrained_weights: reference_unet.pth, denoising_unet.pth, "
            "motion_module.pth and pose_guider.pth."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the pipeline; one that is there is replaced.")
    ],
    vae: Annotated[
        str | None,
        typer.Option(
            "--vae",
            help="Autoencoder: folder or Hub name (default: FOLDER/sd-vae-ft-mse).",
            show_default=False,
        ),
    ] = None,
    image_encoder: Annotated[
        str | None,
        typer.Option(
            "--image-encoder",
            help="CLIP: folder or Hub name (default: FOLDER/image_encoder).",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        str, typer.Option("--config", help="Configuration whose networks the weights are of.")
    ] = "animate-anyone",
) -> None:
    """Convert the published weights of Moore-AnimateAnyone to a pipeline of ours, every key accounted for.

    Example: mcbench convert pretrained_weights --out moore
    Then: mcbench run --model ours --option checkpoint=moore
    """
    from mcbench import files
    from mcbench.model.config import ModelConfig
    from mcbench.model.pretrained import MooreWeights, convert_moore

    weights = MooreWeights(
        folder, vae or str(folder / "sd-vae-ft-mse"), image_encoder or str(folder / "image_encoder")
    )
    pipeline, report = convert_moore(weights, ModelConfig.load(config))
    with files.atomic_folder(out) as temporary:
        pipeline.save_pretrained(temporary)
        report.write(temporary / "conversion.json")
    for part in report.parts:
        console.emit(part.in_one_line)
    console.emit(f"{out}: every key is in conversion.json")
