"""Whatever is in a file, reading it ends well or with an error that names it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.data.layouts import Layout, MotLayout, TableLayout, TsvLayout
from mcbench.data.layouts.reading import read_layout, remote_files
from mcbench.data.layouts.tsv_file import member_pictures
from mcbench.errors import McbenchError
from tests.data.layouts.making import touch, tsv_rows, write_tsv

CSV = b"video_id,start,end,bbox,fps,width,height,partition\n" + b"".join(
    b"VM6HZqQKho%d,%d,%d,0-0-50-50,10,100,100,train\n" % (index, index, index + 9) for index in range(3)
)
WYD = json.dumps(
    [
        {
            "wyd_id": f"a{index}",
            "video_name": "a",
            "dataset_name": "uvo_test",
            "start_ix": 0,
            "end_ix": 4,
            "video_length": 5,
            "video_height": 3,
            "video_width": 4,
            "video_fps": 3,
            "categories": {"num_actors": ["2"]},
        }
        for index in range(2)
    ]
).encode()
LAYOUTS: dict[str, Layout] = {
    "table.csv": TableLayout(kind="table", format="mraa", annotations=("table.csv",)),
    "wyd.json": TableLayout(kind="table", format="wyd", annotations=("wyd.json",)),
    "images.tsv": TsvLayout(kind="tsv", images=("images.tsv",)),
    "images.lineidx": TsvLayout(kind="tsv", images=("images.tsv",)),
    "val/a/seqinfo.ini": MotLayout(kind="mot"),
    "val/a/gt/gt.txt": MotLayout(kind="mot"),
}
ODD = [b"\0", b"\n", b",", b"\t", b"%(x)s", b"nan", b"inf", b"1e999", b"-", b"\xff", b'"', b"9" * 5000, b"#"]


@contextmanager
def whole_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    touch(folder, "val/a/img1/1.jpg", "a.mp4", "VM6HZqQKho1.mp4", "val/a/gt/gt.txt")
    (folder / "table.csv").write_bytes(CSV)
    (folder / "wyd.json").write_bytes(WYD)
    write_tsv(folder / "images.tsv", tsv_rows({"a": 2, "b": 1}))
    (folder / "val/a/seqinfo.ini").write_bytes(b"[Sequence]\nframeRate=20\nseqLength=1\n")
    (folder / "val/a/gt/gt.txt").write_bytes(b"1,1,1,1,1,1,1,1,1\n")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def read_all(layout: Layout, folder: Path) -> int:
    """Read the folder and the rows of every clip; return the number of clips."""
    remote_files(layout, folder, also_refused=True)
    clips = read_layout(layout, folder).clips
    for clip in clips:
        if clip.member:
            list(member_pictures(Path(clip.path), clip.member))
    return len(clips)


@pytest.mark.parametrize("name", LAYOUTS)
def test_undamaged_files_are_read(name: str) -> None:
    with whole_folder() as folder:
        assert read_all(LAYOUTS[name], folder) >= 1


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=60)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(name: str, data: st.DataObject) -> None:
    with whole_folder() as folder:
        content = (folder / name).read_bytes()
        for _ in range(data.draw(st.integers(1, 3))):
            begin = data.draw(st.integers(0, len(content)))
            end = data.draw(st.integers(begin, min(len(content), begin + 20)))
            content = (
                content[:begin] + data.draw(st.sampled_from(ODD) | st.binary(max_size=5)) + content[end:]
            )
        (folder / name).write_bytes(content)
        with suppress(McbenchError):
            read_all(LAYOUTS[name], folder)
