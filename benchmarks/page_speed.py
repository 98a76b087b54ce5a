"""How long the page takes to open from disk, with many methods and videos, and what it loads.

    python -m benchmarks.page_speed                          # 20 methods, 20 videos of 120 frames, 6 metrics
    python -m benchmarks.page_speed --methods 40 --frames 300

Score records, values by frame and people are made up; each video is the same short preview under another
name. Measured in headless Chromium, as the browser's own clock tells it: from the start of the navigation
until the page is drawn for the first time (`drawn`), until its script has run (`ready`) and until everything
is loaded (`loaded`); then how long the player takes until all its videos show their frame, and how many
videos were asked for by then.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from mcbench.leaderboard import collect, write_leaderboard
from mcbench.records import MetricValue, ModelDescription
from mcbench.video import write_preview
from tests.leaderboard import factory
from tests.leaderboard.browser import Browser, find_browser

METRICS = {"l1": 0.05, "psnr": 20.0, "psnr_uint8": 30.0, "ssim": 0.7, "lpips": 0.25, "lpips_vgg": 0.3}
SPLIT = "multi-character/demo"
TIMES = """(() => {
  const [page] = performance.getEntriesByType('navigation');
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  return [paint.startTime, page.domContentLoadedEventEnd, page.loadEventEnd];
})()"""


def main() -> None:
    """Make the page, open it several times, print a line a figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("methods", 20), ("videos", 20), ("frames", 120), ("repeat", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    program = find_browser()
    if program is None:
        raise SystemExit("no Chromium or Chrome on this machine")
    with tempfile.TemporaryDirectory(prefix="mcbench-page-") as folder:
        root = Path(folder)
        make_results(root / "results", options.methods, options.videos, options.frames)
        began = time.perf_counter()
        write_leaderboard(collect([root / "results"]), root / "board")
        page = root / "board" / "index.html"
        print(f"{options.methods} methods, {options.videos} videos of {options.frames} frames")
        print(f"written in {time.perf_counter() - began:.1f} s, {page.stat().st_size / 1e6:.1f} MB")
        with Browser(program) as browser:
            measure(browser, page, options.repeat)


def measure(browser: Browser, page: Path, repeat: int) -> None:
    """Open the page several times and print medians and worst cases."""
    opened = []
    for _ in range(repeat):
        browser.open(page)
        browser.wait("performance.getEntriesByName('first-contentful-paint').length > 0")
        opened.append(browser.run(TIMES))
    for place, name in enumerate(("drawn", "ready", "loaded")):
        values = [times[place] / 1000 for times in opened]
        print(f"{name:7} {statistics.median(values):.2f} s (worst of {repeat}: {max(values):.2f} s)")
    print(f"videos asked for so far: {sum(address.endswith('.mp4') for address in browser.requests)}")
    began = time.perf_counter()
    browser.go("player")
    browser.wait(
        "tiles.length > 0 && tiles.every(({video}) => !video || (video.readyState >= 2 && !video.seeking))"
    )
    print(f"player  {time.perf_counter() - began:.2f} s until its videos show their frame")
    print(f"videos asked for by then: {len({a for a in browser.requests if a.endswith('.mp4')})}")
    began = time.perf_counter()
    browser.go("videos")
    print(f"plots   {time.perf_counter() - began:.2f} s until plots and values of each video are drawn")


def make_results(results: Path, methods: int, videos: int, frames: int) -> None:
    """Write made-up runs with scores, values by frame, people and previews."""
    names = tuple(f"clip-{index:03d}" for index in range(videos))
    preview = results.parent / "preview.mp4"
    rows, columns = np.mgrid[0:256, 0:184]
    pictures = (
        np.stack([(rows + 3 * t) % 256, (columns + 2 * t) % 256, (rows + columns + t) % 256], -1).astype(
            np.uint8
        )
        for t in range(frames)
    )
    write_preview(preview, pictures, 15.0)
    chance = random.Random(0)
    for index in range(methods):
        model = f"method-{index:02d}"
        series = {
            video: {
                metric: [base * chance.uniform(0.9, 1.1) for _ in range(frames)]
                for metric, base in METRICS.items()
            }
            for video in names
        }
        put_run(results, model, names, series, preview)
    for video in names:
        copy(
            preview, results / "_truth" / SPLIT / f"generated-{factory.digest('data')[:12]}" / f"{video}.mp4"
        )


def put_run(
    results: Path,
    model: str,
    names: tuple[str, ...],
    series: dict[str, dict[str, list[float]]],
    preview: Path,
) -> None:
    """Write one run: its record, the lines beside it and its previews."""
    frames = len(next(iter(series[names[0]].values())))
    metrics: dict[str, MetricValue] = {}
    for metric in METRICS:
        means = {video: statistics.fmean(series[video][metric]) for video in names}
        number = statistics.fmean(means.values())
        metrics[metric] = factory.value(metric, number, n_videos=len(names), by_video=means)
    record = factory.score(
        ModelDescription(id=model, display_name=model, kind="made up"),
        metrics,
        protocol="mcbench/1",
        split=factory.split(expected=names),
        coverage=factory.coverage(
            videos_expected=len(names),
            videos_scored=len(names),
            frames_expected=frames * len(names),
            frames_scored=frames * len(names),
        ),
    )
    path = factory.put(results, record)
    factory.put_frame_values(path, series)
    with path.with_name("people-1.people.jsonl").open("w", encoding="utf-8") as stream:
        for place, video in enumerate(names):
            for frame in range(frames):
                seen = {"visible": 1 + (place + frame // 40) % 5, "overlap": frame % 3 == 0}
                stream.write(json.dumps({"video": video, "frame": frame} | seen) + "\n")
    for video in names:
        copy(preview, results / model / SPLIT / "previews" / f"{video}.mp4")


def copy(source: Path, target: Path) -> None:
    """Copy a file into a folder that may not be there yet."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    main()
