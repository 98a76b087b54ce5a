"""A job (model x clip) becomes frames and a record; a run is the jobs of one model on one split."""

from mcbench.runs.generate import generate_video, video_seed
from mcbench.runs.previews import truth_preview_folder
from mcbench.runs.run import RunRequest, run_folder, run_model, wanted_videos

__all__ = [
    "RunRequest",
    "generate_video",
    "run_folder",
    "run_model",
    "truth_preview_folder",
    "video_seed",
    "wanted_videos",
]
