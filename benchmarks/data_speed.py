"""How fast videos become clips: against ffmpeg alone on the same file, and how clips are read again.

    python benchmarks/data_speed.py                     # all parts, on videos made here, a few minutes
    python benchmarks/data_speed.py --part resize --video dance.mp4

Times are of the processor (user), of one core, in milliseconds a frame. Both sides of a ratio are measured in
turns, several times, and the median of the ratios is given: on a machine that others use, the ratio says more
than the times. ffmpeg is imageio-ffmpeg's; it decodes to RGB and throws that away, as the other side does.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import io
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np
from PIL import Image

from mcbench.data.clips import Clip
from mcbench.data.decode import FilesWork, decode_clip
from mcbench.data.layouts import ClipMaterial
from mcbench.data.manifest import ClipSettings
from mcbench.records import ClipRecord
from mcbench.video import (
    Box,
    Frame,
    Placement,
    Selection,
    digest_frames,
    encode_png,
    place,
    read_image,
    stream_frames,
)

ROUNDS = 3
N_FRAMES = 200
FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y"]
ONE_THREAD = ["-threads", "1", "-filter_threads", "1"]
SAME_FILTER = "flags=bilinear+full_chroma_int+accurate_rnd+bitexact"
PARTS = ("resize", "prepare", "storage", "random", "memory", "seek")


def user_seconds(who: int) -> float:
    return resource.getrusage(who).ru_utime


def own_time(work: Callable[[], object]) -> float:
    """Return the user time of this process for a piece of work."""
    before = user_seconds(resource.RUSAGE_SELF)
    work()
    return user_seconds(resource.RUSAGE_SELF) - before


def ffmpeg_time(*arguments: str) -> float:
    """Return the user time of an ffmpeg process, its start (some milliseconds) among it."""
    before = user_seconds(resource.RUSAGE_CHILDREN)
    subprocess.run([*FFMPEG, *ONE_THREAD, *arguments], check=True)
    return user_seconds(resource.RUSAGE_CHILDREN) - before


def walk(frames: Iterator[Frame]) -> int:
    return sum(1 for _ in frames)


def make_video(folder: Path, width: int, height: int, n_frames: int) -> Path:
    """Write moving shapes with some grain: about 4 Mbit/s at 720p and 30 frames a second."""
    path = folder / f"{height}p.mp4"
    if not path.exists():
        source = f"testsrc2=size={width}x{height}:rate=30,noise=alls=6:allf=t"
        encoder = ["-c:v", "libx264", "-preset", "medium", "-crf", "26", "-pix_fmt", "yuv420p", "-g", "120"]
        make(path, "-f", "lavfi", "-i", source, "-frames:v", str(n_frames), *encoder)
    return path


def make_long_video(folder: Path, repeats: int) -> Path:
    """Write the video of 720p so many times in a row, without encoding it again."""
    path = folder / f"long-{repeats}.mp4"
    if not path.exists():
        once = make_video(folder, 1280, 720, N_FRAMES)
        make(path, "-stream_loop", str(repeats - 1), "-i", str(once), "-c", "copy")
    return path


def make(path: Path, *arguments: str) -> None:
    """Let ffmpeg write a file, which appears whole."""
    unfinished = path.with_name(f"unfinished-{path.name}")
    subprocess.run([*FFMPEG, *arguments, str(unfinished)], check=True)
    unfinished.rename(path)


def part_resize(folder: Path, videos: list[Path]) -> None:
    print("\n## Decode and resize\n")
    print("| file | to | ours | ffmpeg, same filter | its time / ours | ffmpeg, default filter | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    files = videos or [
        make_video(folder, 1280, 720, N_FRAMES),
        make_video(folder, 1920, 1080, N_FRAMES // 2),
    ]
    for path in files:
        height, width = stream_frames(path).size
        left, top = width // 5 | 1, height // 9 | 1
        box = Box(left, top, left + height // 2, top + height // 2)
        named = f"{box.size[0]}x{box.size[1]} at {left},{top}, to 384x384"
        compare_resize(path, "384x384", place((height, width), size=(384, 384)))
        compare_resize(path, named, place((height, width), box=box, size=(384, 384)))
        compare_resize(path, "896x640, crop to fit", place((height, width), size=(896, 640), fit="crop"))
        compare_resize(path, "as it is", None)


def compare_resize(path: Path, name: str, placement: Placement | None) -> None:
    ours: list[float] = []
    theirs: dict[str, list[float]] = {"same": [], "default": []}
    n_frames = walk(stream_frames(path).frames(placement=placement))
    for _ in range(ROUNDS):
        ours.append(own_time(lambda: walk(stream_frames(path).frames(placement=placement))))
        for which, flags in (("same", SAME_FILTER), ("default", "")):
            filters = ffmpeg_filters(placement, flags)
            theirs[which].append(ffmpeg_time("-i", str(path), "-vf", filters, "-f", "null", "-"))
    cells = [path.name, name, milliseconds(ours, n_frames)]
    for times in theirs.values():
        ratio = statistics.median(their / our for their, our in zip(times, ours, strict=True))
        cells += [milliseconds(times, n_frames), f"{ratio:.2f}"]
    print(f"| {' | '.join(cells)} |", flush=True)


def ffmpeg_filters(placement: Placement | None, flags: str) -> str:
    if placement is None:
        return "format=rgb24"
    box, (height, width) = placement.box, placement.scaled
    filters = [f"crop={box.size[1]}:{box.size[0]}:{box.left}:{box.top}:exact=1"]
    filters += [f"scale={width}:{height}" + (f":{flags}" if flags else ""), "format=rgb24"]
    if placement.size != placement.scaled:
        filters.append(f"crop={placement.size[1]}:{placement.size[0]}")
    return ",".join(filters)


def milliseconds(seconds: list[float], n_frames: int) -> str:
    return f"{statistics.median(seconds) / n_frames * 1000:.2f}"


def part_prepare(folder: Path, videos: list[Path]) -> None:
    print("\n## Preparing as a whole\n")
    print(
        "| file | to | prepare | decode, resize | hash | PNG | the rest | ffmpeg to PNG | its time / ours |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for path in videos or [make_video(folder, 1280, 720, N_FRAMES)]:
        for size in ((896, 640), (384, 384)):
            compare_prepare(folder, path, size)


def compare_prepare(folder: Path, path: Path, size: tuple[int, int]) -> None:
    settings = ClipSettings(size=size, fit="crop", max_frames=100)
    work = FilesWork(material=ClipMaterial(id="clip", path=str(path)), settings=settings)
    placement = place(stream_frames(path).size, size=size, fit="crop")
    limit = Selection(max_frames=100)
    frames = list(stream_frames(path).frames(limit, placement))
    n_frames, ours, theirs = len(frames), [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory(dir=folder) as out:
            ours.append(own_time(partial(decode_clip, work, Path(out))))
        with tempfile.TemporaryDirectory(dir=folder) as out:
            filters = ffmpeg_filters(placement, "")
            target = ["-frames:v", str(n_frames), f"{out}/%06d.png"]
            theirs.append(ffmpeg_time("-i", str(path), "-vf", filters, *target))
    parts = [
        own_time(lambda: walk(stream_frames(path).frames(limit, placement))),
        own_time(lambda: digest_frames(frames)),
        own_time(lambda: [encode_png(frame) for frame in frames]),
    ]
    parts.append(statistics.median(ours) - sum(parts))
    ratio = statistics.median(their / our for their, our in zip(theirs, ours, strict=True))
    cells = [path.name, f"{size[0]}x{size[1]}", milliseconds(ours, n_frames)]
    cells += [milliseconds([part], n_frames) for part in parts]
    print(f"| {' | '.join([*cells, milliseconds(theirs, n_frames), f'{ratio:.2f}'])} |", flush=True)


def sample_frames(videos: list[Path]) -> dict[str, Frame]:
    """Return a frame of each video at 896x640; without videos a rendered one, with and without grain."""
    samples = {}
    for path in videos:
        stream = stream_frames(path)
        samples[path.stem] = next(stream.frames(placement=place(stream.size, size=(896, 640), fit="crop")))
    if samples:
        return samples
    from mcbench.data import generated

    clean = generated.build_scene(generated.test_clips()[3]).render(0, (896, 640)).image
    noise = np.random.default_rng(0).normal(0, 2, clean.shape)
    return {"rendered": clean, "rendered, grain": np.clip(clean + noise, 0, 255).astype(np.uint8)}


def part_storage(folder: Path, videos: list[Path]) -> None:
    print("\n## Ways of storing a frame of 896x640\n")
    print("| frame | way | KiB | write, ms | read, ms |")
    print("| --- | --- | --- | --- | --- |")
    for name, frame in sample_frames(videos).items():
        for way, (write, read) in storage_ways(folder).items():
            content = write(frame)
            # Longer than the clock's tick, which may be as much as 10 ms.
            write_time = own_time(partial(repeat, 10, write, frame)) / 10
            read_time = own_time(partial(repeat, 20, read, content)) / 20
            kind = "" if np.array_equal(read(content), frame) else " (lossy)"
            cells = [name, way + kind, f"{len(content) / 1024:.0f}"]
            cells += [f"{write_time * 1000:.1f}", f"{read_time * 1000:.1f}"]
            print(f"| {' | '.join(cells)} |", flush=True)


def repeat(times: int, work: Callable[[Any], object], argument: object) -> None:
    for _ in range(times):
        work(argument)


def storage_ways(
    folder: Path,
) -> dict[str, tuple[Callable[[Frame], bytes], Callable[[bytes], Frame]]]:
    def pillow(kind: str, **options: object) -> Callable[[Frame], bytes]:
        def write(frame: Frame) -> bytes:
            stream = io.BytesIO()
            Image.fromarray(frame).save(stream, kind, **options)
            return stream.getvalue()

        return write

    def read_pillow(content: bytes) -> Frame:
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    def read_ours(content: bytes) -> Frame:
        path = folder / "frame.png"
        if not path.exists() or path.stat().st_size != len(content):
            path.write_bytes(content)
        return read_image(path)

    def opencv(level: int) -> Callable[[Frame], bytes]:
        options = [cv2.IMWRITE_PNG_COMPRESSION, level]
        return lambda frame: cv2.imencode(".png", frame[..., ::-1], options)[1].tobytes()

    def read_opencv(content: bytes) -> Frame:
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]

    return {
        "PNG, ours": (encode_png, read_ours),
        "PNG, ours, read by Pillow": (encode_png, read_pillow),
        "PNG, Pillow, level 1": (pillow("PNG", compress_level=1), read_pillow),
        "PNG, Pillow, level 6": (pillow("PNG", compress_level=6), read_pillow),
        "PNG, OpenCV, level 1": (opencv(1), read_opencv),
        "WebP, lossless": (pillow("WEBP", lossless=True, quality=0, method=0), read_pillow),
        "BMP": (pillow("BMP"), read_pillow),
        "JPEG, quality 95": (pillow("JPEG", quality=95), read_pillow),
    }


def part_random(folder: Path, videos: list[Path]) -> None:
    print("\n## Frames at random within a prepared clip of 896x640\n")
    print("| file | user + system, ms a frame | by the clock, median | slowest of 100 |")
    print("| --- | --- | --- | --- |")
    for path in videos or [make_video(folder, 1280, 720, N_FRAMES)]:
        clip = prepare(folder, path)
        order = np.random.default_rng(0).integers(0, clip.record.n_frames, 100)
        clip.frame(0)
        before, clocks = resource.getrusage(resource.RUSAGE_SELF), []
        for index in order:
            start = time.perf_counter()
            clip.frame(int(index))
            clocks.append((time.perf_counter() - start) * 1000)
        after = resource.getrusage(resource.RUSAGE_SELF)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"| {path.name} | {used * 10:.1f} | {statistics.median(clocks):.1f} | {max(clocks):.1f} |",
            flush=True,
        )


def prepare(folder: Path, path: Path) -> Clip:
    out = folder / f"{path.stem}-prepared"
    out.mkdir(exist_ok=True)
    settings = ClipSettings(size=(896, 640), fit="crop", max_frames=60)
    decoded = decode_clip(FilesWork(material=ClipMaterial(id="clip", path=str(path)), settings=settings), out)
    record = ClipRecord(
        id="clip",
        benchmark="speed",
        source="files",
        n_frames=decoded.n_frames,
        fps=decoded.fps,
        size=decoded.size,
        frames_sha256=decoded.frames_sha256,
    )
    return Clip(record, out)


def part_memory(folder: Path, _: list[Path]) -> None:
    print("\n## Peak memory, fresh processes\n")
    print("| frames of 720p, to 384x384 | peak, MiB |")
    print("| --- | --- |")
    child = (
        "import resource, sys; from pathlib import Path; from mcbench.video import *\n"
        "stream = stream_frames(Path(sys.argv[1])); placement = place(stream.size, size=(384, 384))\n"
        "digest_frames(stream.frames(placement=placement))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    for repeats in (1, 5, 30):
        path = make_long_video(folder, repeats)
        result = subprocess.run(
            [sys.executable, "-c", child, str(path)], check=True, capture_output=True, text=True
        )
        print(f"| {repeats * N_FRAMES:,} | {float(result.stdout):.0f} |", flush=True)


def part_seek(folder: Path, _: list[Path]) -> None:
    print("\n## 100 frames from the middle of a long video of 720p\n")
    path = make_long_video(folder, 30)
    seeking = own_time(lambda: walk(stream_frames(path).frames(Selection(5000, 5100))))
    in_order = own_time(lambda: walk(stream_frames(path).frames(Selection(0, 100))))
    print("| frames | user seconds |")
    print("| --- | --- |")
    print(f"| 5,000 to 5,099 | {seeking:.2f} |")
    print(f"| 0 to 99 | {in_order:.2f} |")
    whole = own_time(lambda: walk(stream_frames(path).frames(Selection(max_frames=600))))
    print(f"| 0 to 5,099, from the time of 600 | {whole / 600 * 5100:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--part", choices=PARTS, action="append", help="this part only; may be repeated")
    parser.add_argument("--video", type=Path, action="append", default=[], help="measure on this video")
    parser.add_argument(
        "--folder", type=Path, help="where to keep the videos made; a temporary one if not given"
    )
    arguments = parser.parse_args()
    parts = {
        "resize": part_resize,
        "prepare": part_prepare,
        "storage": part_storage,
        "random": part_random,
        "memory": part_memory,
        "seek": part_seek,
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for part in arguments.part or PARTS:
            parts[part](folder, arguments.video)


if __name__ == "__main__":
    main()
