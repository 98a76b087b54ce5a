"""What the stand-ins share."""

import json
from pathlib import Path

import av
import numpy as np
from PIL import Image


def given(values):
    """Write down what the script was given, for the test."""
    Path("given.json").write_text(json.dumps(values, default=str), encoding="utf-8")


def existing(*paths):
    """End as a script does whose weights or inputs are not there."""
    for path in paths:
        if not Path(path).exists():
            raise FileNotFoundError(path)


def picture(path, size=None):
    """Read a picture as RGB; size is (width, height)."""
    with Image.open(path) as image:
        image = image.convert("RGB")
        return np.asarray(image if size is None else image.resize(size))


def read_video(path):
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate)
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)], rate


def write_video(path, frames, fps):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=int(fps))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "5"}
        for frame in frames:
            for packet in stream.encode(
                av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            ):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
