"""Stands for the package diffsynth that UniAnimate-DiT and MultiAnimate bring along."""

import stand_in


def save_video(frames, path, fps, quality=9):
    stand_in.write_video(path, frames, fps)
