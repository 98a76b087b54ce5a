"""Stands for dwpose/util.py of the UniAnimate family: the two functions that drivers call."""

import cv2
import numpy as np

eps = 0.01


def draw_body_and_foot(canvas, candidate, subset):
    height, width, _ = canvas.shape
    candidate, subset = np.array(candidate), np.array(subset)
    for joint in range(20):
        for person in range(len(subset)):
            index = int(subset[person][joint])
            if index == -1:
                continue
            x, y = candidate[index][0:2]
            cv2.circle(canvas, (int(x * width), int(y * height)), 4, (255, 10 * joint, 0), thickness=-1)
    return canvas


def draw_handpose(canvas, all_hand_peaks):
    height, width, _ = canvas.shape
    for peaks in all_hand_peaks:
        for x, y in np.array(peaks):
            x, y = int(x * width), int(y * height)
            if x > eps and y > eps:
                cv2.circle(canvas, (x, y), 2, (0, 0, 255), thickness=-1)
    return canvas
