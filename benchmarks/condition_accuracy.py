"""How far kept conditions are from a generated split's exact truth, as Markdown tables.

    mcbench data conditions multi-character/demo --flow dis --masks from-pose
    python benchmarks/condition_accuracy.py multi-character/demo

Every estimate that is kept of the split is measured; `none` is a flow of zero, what models see at inference.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from mcbench.conditions import kept_conditions
from mcbench.conditions.accuracy import end_point_errors, mask_ious, ordered_pairs
from mcbench.conditions.people_depth import depth_by_ground, depth_by_map
from mcbench.data import Clip, open_split
from mcbench.data.truth import Poses

LEAST_METRES = 0.15
"""People whose distances differ by less stand side by side: neither is in front."""

Sums = dict[str, list[list[float]]]


def flow_rows(clips: tuple[Clip, ...], step: int) -> Sums:
    """Return estimator -> [error of background, of people, share known, both with unknown as no motion]."""
    rows: Sums = defaultdict(list)
    for clip in clips:
        for index in range(0, clip.record.n_frames - 1, step):
            truth, people = clip.flow(index), clip.masks(index) > 0
            estimates = {each.label: each.flow(index) for each in kept_conditions(clip, "flow")}
            for name, found in {"none": np.zeros_like(truth), **estimates}.items():
                known = end_point_errors(found, truth)
                filled = end_point_errors(np.nan_to_num(found, nan=0.0), truth)
                rows[name.partition("@")[0]].append(
                    [
                        float(np.nanmean(known[~people])),
                        float(np.nanmean(known[people])) if np.isfinite(known[people]).any() else np.nan,
                        float(np.isfinite(known).mean()),
                        float(filled[~people].mean()),
                        float(filled[people].mean()) if people.any() else np.nan,
                    ]
                )
    return rows


def mask_rows(clips: tuple[Clip, ...], step: int) -> Sums:
    """Return estimator -> IoU of each person, frame by frame, and of everybody together."""
    rows: Sums = defaultdict(list)
    for clip in clips:
        for estimate in kept_conditions(clip, "masks"):
            if estimate.record is None or estimate.record.inputs.get("poses", "") != "exact":
                continue  # other poses list other people in another order
            for index in range(0, clip.record.n_frames, step):
                found, truth = estimate.masks(index), clip.masks(index)
                each = mask_ious(found, truth, clip.record.n_people or 0)
                anybody = mask_ious((found > 0).astype(np.uint8), (truth > 0).astype(np.uint8), 1)
                rows[estimate.estimator].append([float(np.nanmean(each)), float(anybody[0])])
    return rows


def order_rows(clips: tuple[Clip, ...]) -> dict[str, tuple[int, int]]:
    """Return way -> pairs in the right order at the reference frame, and pairs."""
    counts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for clip in clips:
        exact = clip.poses()
        points, seen, truth = exact.keypoints[0], exact.visibility[0], exact.depth[0]
        blind = Poses(exact.keypoints[:1], exact.visibility[:1], exact.depth[:1] * np.nan, exact.size)
        counts["ground, from exact poses"].append(
            ordered_pairs(depth_by_ground(blind)[0], truth, LEAST_METRES)
        )
        metres = clip.depth(0).astype(np.float32) / 1000
        counts["exact depth map in dilated bodies"].append(
            ordered_pairs(depth_by_map(1 / metres, points, seen), truth, LEAST_METRES)
        )
        for estimate in kept_conditions(clip, "depth"):
            found = depth_by_map(estimate.nearness(0), points, seen)
            counts[f"{estimate.estimator} in dilated bodies"].append(
                ordered_pairs(found, truth, LEAST_METRES)
            )
    return {name: (sum(r for r, _ in each), sum(n for _, n in each)) for name, each in counts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("split")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--step", type=int, default=4, help="measure every so-manieth frame")
    arguments = parser.parse_args()
    clips = open_split(arguments.split, home=arguments.home).clips
    print("| flow | EPE background | EPE people | known | EPE background, unknown as 0 | people |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, values in flow_rows(clips, arguments.step).items():
        background, people, known, filled, filled_people = np.nanmean(values, axis=0)
        print(
            f"| `{name}` | {background:.2f} | {people:.2f} | {known:.0%} | {filled:.2f} | "
            f"{filled_people:.2f} |"
        )
    print("\n| masks | IoU of a person | of everybody |\n| --- | --- | --- |")
    for name, values in mask_rows(clips, arguments.step).items():
        person, everybody = np.nanmean(values, axis=0)
        print(f"| `{name}` | {person:.3f} | {everybody:.3f} |")
    print("\n| depth order | pairs right | pairs |\n| --- | --- | --- |")
    for name, (right, pairs) in order_rows(clips).items():
        print(f"| {name} | {right / max(pairs, 1):.1%} | {pairs} |")


if __name__ == "__main__":
    main()
