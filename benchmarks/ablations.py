"""What each part of the reference model is worth, as Markdown tables: `ours`, without each part, baselines.

    mcbench data prepare multi-character
    python benchmarks/ablations.py --out ablations                   # all 20 videos, everything
    python benchmarks/ablations.py --out ablations --only ours warp  # `ours` and one baseline alone

A part is left out of the trained checkpoint; nothing is trained again without it. Stopped, it goes on where
it was. Runs lie in OUT/VARIANT, so `mcbench versus OUT` tests any two of them further.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from mcbench.cli.run import parse_size
from mcbench.conditions import draw_poses, find_condition
from mcbench.data import Clip, open_split
from mcbench.model.ablation import TEMPORAL
from mcbench.model.loading import find_checkpoint, load_pipeline
from mcbench.progress import LineProgress
from mcbench.records import ScoreRecord
from mcbench.runs import RunRequest, run_folder, run_model
from mcbench.scoring import Compute, protocol, score_runs

BASELINES = ("copy-reference", "warp")
WHOLE = "ours"
SHEET_AT, SHEET_CELL = 0.375, (320, 448)
# The second LPIPS costs more than all the rest together.
SHOWN = [
    "l1", "psnr", "ssim", "lpips", "fid", "fid_vid", "fvd", "kid", "kvd",
    "person_psnr", "person_ssim", "person_lpips", "iaa", "iaa_cross", "occlusion_order", "akd",
]  # fmt: skip
LEFT_OUT = {"lpips_vgg"}


def variants(checkpoint: str | None) -> dict[str, tuple[str, dict[str, str | float]]]:
    """Return variant -> model and its options: the baselines, the whole, the whole without each part."""
    pipeline = load_pipeline(find_checkpoint(checkpoint))
    given: dict[str, str | float] = {} if checkpoint is None else {"checkpoint": checkpoint}
    parts = [*(pipeline.guiders.names if pipeline.guiders is not None else ()), TEMPORAL]
    found: dict[str, tuple[str, dict[str, str | float]]] = {name: (name, {}) for name in BASELINES}
    return (
        found
        | {WHOLE: (WHOLE, given)}
        | {f"without {part}": (WHOLE, {**given, "without": part}) for part in parts}
    )


def run_variants(arguments: argparse.Namespace, progress: LineProgress) -> dict[str, Path]:
    """Run what is not there yet; return variant -> folder of its run."""
    folders = {}
    for name, (model, options) in variants(arguments.checkpoint).items():
        if arguments.only and name not in arguments.only:
            continue
        out = arguments.out / name.replace(" ", "-")
        _share_truth(arguments.out, out)
        request = RunRequest(
            model, arguments.split, out=out, limit_videos=arguments.limit_videos,
            limit_frames=arguments.limit_frames, size=arguments.size, options=options,
        )  # fmt: skip
        folders[name] = run_folder(out, model, run_model(request, progress).split)
    return folders


def _share_truth(root: Path, out: Path) -> None:
    """Let all results folders have the same previews of the truth, which take time to encode."""
    (root / "_truth").mkdir(parents=True, exist_ok=True)
    out.mkdir(exist_ok=True)
    if not (out / "_truth").exists():
        (out / "_truth").symlink_to(Path("..") / "_truth", target_is_directory=True)


def table(records: dict[str, ScoreRecord], keys: list[str]) -> list[str]:
    """Return a Markdown table of some metrics: the values, and in how many videos the whole is better."""
    first = next(iter(records.values()))
    keys = [key for key in first.metrics if key.partition("@")[0] in keys]
    lines = ["| | " + " | ".join(keys) + " |", "| --- |" + " --- |" * len(keys)]
    for name, record in records.items():
        cells = []
        for key in keys:
            value = record.metrics[key]
            cell = f"{value.value:.4g}"
            if name != WHOLE and WHOLE in records:
                cell += _wins(records[WHOLE], record, key)
            cells.append(cell)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _wins(whole: ScoreRecord, other: ScoreRecord, key: str) -> str:
    mine, theirs = whole.metrics[key], other.metrics[key]
    if not mine.by_video:
        return ""
    # Of people there may be a number in one run alone: nobody hides whom in a still.
    both = sorted(mine.by_video.keys() & theirs.by_video.keys())
    sign = 1 if mine.higher_is_better else -1
    wins = sum(sign * (mine.by_video[video] - theirs.by_video[video]) > 0 for video in both)
    return f" ({wins}/{len(both)})" if both else ""


def slices(records: dict[str, ScoreRecord], names: list[str]) -> list[str]:
    """Return a Markdown table of parts of the frames, such as those where people overlap."""
    lines = []
    for part in next(iter(records.values())).slices:
        lines += ["", f"**{part}**", ""]
        keys = [key for key in names if key in next(iter(records.values())).slices[part]]
        lines += ["| | " + " | ".join(keys) + " |", "| --- |" + " --- |" * len(keys)]
        for name, record in records.items():
            cells = [f"{record.slices[part][key].value:.4g}" for key in keys]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def write_sheet(path: Path, split_name: str, run: Path) -> None:
    """Write a picture: a row for 2, 3, 4 and 5 people, each with reference, pose, ours and truth."""
    chosen: dict[int, Clip] = {}
    for clip in open_split(split_name).clips:
        if (run / "frames" / clip.record.id).is_dir():
            chosen.setdefault(clip.record.n_people or 0, clip)
    rows = []
    for _, clip in sorted(chosen.items()):
        n_frames = len(list((run / "frames" / clip.record.id).glob("[0-9]*.png")))
        index = round(SHEET_AT * (n_frames - 1))
        poses = find_condition(clip, "poses").poses()
        made = np.asarray(Image.open(run / "frames" / clip.record.id / f"{index:06d}.png").convert("RGB"))
        pose = draw_poses(poses.keypoints[index], poses.visibility[index], poses.size)
        row = [
            Image.fromarray(each).resize(SHEET_CELL)
            for each in (clip.frame(0), pose, made, clip.frame(index))
        ]
        rows.append(np.concatenate([np.asarray(each) for each in row], axis=1))
    Image.fromarray(np.concatenate(rows)).save(path, quality=88)


def main() -> None:
    """Run, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--split", default="multi-character")
    parser.add_argument("--out", type=Path, default=Path("ablations"))
    parser.add_argument("--checkpoint", help="a pipeline's folder (default: the shipped one)")
    parser.add_argument("--only", nargs="+", default=[], metavar="VARIANT", help="as ours 'without flow'")
    parser.add_argument("--limit-videos", type=int)
    parser.add_argument("--limit-frames", type=int)
    parser.add_argument("--size", type=parse_size, metavar="HxW", help="of frames (default: each model's)")
    parser.add_argument("--protocol", nargs="+", default=["mcbench/1", "people/1"])
    parser.add_argument("--sheet", type=Path, help="picture to write: reference, pose, ours, truth")
    arguments = parser.parse_args()
    progress = LineProgress()
    folders = run_variants(arguments, progress)
    if arguments.sheet:
        write_sheet(arguments.sheet, arguments.split, folders[WHOLE])
    known = {metric.key for name in arguments.protocol for metric in protocol(name).frame_metrics}
    scored = score_runs(
        list(folders.values()), protocols=arguments.protocol, leave_out=sorted(known & LEFT_OUT),
        compute=Compute(), progress=progress,
    )  # fmt: skip
    for number, name in enumerate(arguments.protocol):
        records = {variant: scored[folder][number] for variant, folder in folders.items()}
        print(f"\n{name}, {next(iter(records.values())).coverage.videos_scored} videos\n")
        print("\n".join(table(records, SHOWN)))
        print("\n".join(slices(records, ["iaa", "iaa_cross", "occlusion_order"])))


if __name__ == "__main__":
    main()
