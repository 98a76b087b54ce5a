"""`mcbench animate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcbench.cli import console


def animate(
    reference: Annotated[Path, typer.Option("--reference", help="The picture whose people are to move.")],
    pose: Annotated[
        Path,
        typer.Option(
            "--pose",
            help="What drives: a video or folder of pictures, a prepared clip's folder, OpenPose JSON "
            "(a file, or a folder of one a frame), or a .npz file of poses.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="A .mp4 file, or a new folder for PNG frames; OUT.json beside it.")
    ],
    model: Annotated[str, typer.Option("--model", help="A method driven by poses alone.")] = "ours",
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint", help="A shipped checkpoint, or a pipeline's folder.", show_default=False
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="Steps (default: the checkpoint's).", show_default=False),
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(
            "--guidance", help="Guidance; 1 for none (default: the checkpoint's).", show_default=False
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", help="ddim, dpm++, euler or unipc (default: the checkpoint's).", show_default=False
        ),
    ] = None,
    pose_estimator: Annotated[
        str, typer.Option("--pose-estimator", help="Who finds people in pixels: dwpose or blazepose.")
    ] = "dwpose",
    reference_pose: Annotated[
        Path | None,
        typer.Option(
            "--reference-pose",
            help="Poses of the picture's people (.json, .npz), rather than estimated ones.",
            show_default=False,
        ),
    ] = None,
    match: Annotated[
        str | None,
        typer.Option(
            "--match",
            metavar="PICTURE:VIDEO,...",
            help="Who is driven by whom, counted from the left (default: from left to right).",
            show_default=False,
        ),
    ] = None,
    retarget: Annotated[
        bool,
        typer.Option(
            "--retarget/--no-retarget",
            help="Move and scale each driver's poses to his person of the picture, or take them as they are.",
        ),
    ] = True,
    size: Annotated[
        str | None,
        typer.Option(
            "--size", metavar="HxW", help="Of the result (default: what the model made).", show_default=False
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option("--fps", help="Frames a second (default: the driving video's).", show_default=False),
    ] = None,
    max_frames: Annotated[
        int | None, typer.Option("--max-frames", min=1, help="At most so many.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the noise.")] = 0,
    device: console.DeviceOption = "auto",
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Animate the people of your own picture along the poses of a video.

    Everybody is found in both and followed through the video; each person of the picture is driven, from left
    to right, by one of the video, moved and scaled to where he stands (approximate: limbs keep the driver's
    proportions). See docs/animate.md.

    Example: mcbench animate --reference us.png --pose dance.mp4 --out us.mp4 --pose-estimator blazepose
    """
    from mcbench.animate import AnimateRequest, animate_picture, parse_matches
    from mcbench.cli.run import parse_size

    given = {"checkpoint": checkpoint, "steps": steps, "guidance": guidance, "scheduler": scheduler}
    request = AnimateRequest(
        reference=reference,
        pose=pose,
        out=out,
        model=model,
        options={name: value for name, value in given.items() if value is not None},
        reference_pose=reference_pose,
        pose_estimator=pose_estimator,
        matches=tuple(parse_matches(match)) if match is not None else None,
        retarget=retarget,
        size=parse_size(size) if size is not None else None,
        fps=fps,
        max_frames=max_frames,
        seed=seed,
        device=device,
        home=home,
    )
    with console.progress() as progress:
        record = animate_picture(request, progress)
    if as_json:
        console.emit_json(record)
        return
    height, width = record.size
    console.say(
        f"{out}: {record.n_frames} frames of {height}x{width} at {record.fps:g} a second, made in "
        f"{record.seconds:.1f} s"
    )
