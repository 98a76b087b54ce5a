"""How files lie in the folder of a source: layouts as a manifest names them, and their readers.

Each reader turns a folder into `ClipMaterial`: where a clip's pixels are, which part of them is meant, what
came beside them, and what annotations say. `mcbench.data.layouts.reading.read_layout` chooses the reader.
The names below cost nothing to import; readers are imported from their own files.
"""

from __future__ import annotations

from mcbench.data.layouts.material import ClipMaterial, Crop, LayoutContent, Trim
from mcbench.data.layouts.names import clip_id
from mcbench.data.layouts.specs import (
    FolderLayout,
    FramesLayout,
    Layout,
    MotLayout,
    TableLayout,
    TsvLayout,
    VideosLayout,
)

__all__ = [
    "ClipMaterial",
    "Crop",
    "FolderLayout",
    "FramesLayout",
    "Layout",
    "LayoutContent",
    "MotLayout",
    "TableLayout",
    "Trim",
    "TsvLayout",
    "VideosLayout",
    "clip_id",
]
