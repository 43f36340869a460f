"""What an image must show before agreement with another is evidence that the two are one: patterns and plain shapes
agree with many others once they are aligned."""

import numpy as np
from numpy.typing import NDArray

from core.checks.copy_alignment import Floats, boxed, edge_width, shrunk, square_sums

_SIDE = 64
_FLAT, _WEAK, _STRAIGHT = 0.5 / 255, 0.03, 0.05
"""Slopes (grey levels a pixel) in the weaker direction of a square below which it is flat, at least and as a share of
the image's steepest square; and the share of the squared slopes of the other direction below which it is one edge."""


def repetition(images: NDArray[np.uint8]) -> Floats:
    """How far the details of images repeat themselves, 0 to 1: patterns do, and can be laid on each other in many ways.

    The largest correlation of an image's details with themselves, moved by 6 of 64 pixels and more.
    """
    fine = shrunk(images, 64)
    waves = np.fft.rfft2(fine - boxed(fine, 4), (128, 128))
    moved = np.fft.irfft2(np.abs(waves) ** 2, (128, 128))
    steps = np.abs(np.fft.fftfreq(128, 1 / 128))
    across, down = np.meshgrid(steps, steps)
    overlap = (1 - across / 64).clip(0) * (1 - down / 64).clip(0)
    counts = (np.hypot(across, down) >= 6) & (overlap >= 0.35)
    shares = moved[:, counts] / np.maximum(overlap[counts] * moved[:, :1, 0], 1e-9)
    return np.asarray(shares.max(axis=1, initial=0).clip(0, 1), np.float32)


def fixed_squares(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """In how many of their sixteen squares images are fixed in both directions: `(m,)`, 0 to 16.

    By the smaller eigenvalue of the structure tensor (Shi and Tomasi, CVPR 1994): a corner, a spot or a texture is
    fixed, one straight edge slides along itself, a blank square everywhere.
    """
    down, across = np.gradient(shrunk(images, _SIDE), axis=(1, 2))
    edge = edge_width(_SIDE)
    inside = np.zeros((1, _SIDE, _SIDE), np.float32)
    inside[:, edge:-edge, edge:-edge] = 1
    count = square_sums(inside)
    tensor = [square_sums(np.asarray(v * inside, np.float32)) / count for v in (across**2, across * down, down**2)]
    half = (tensor[0] + tensor[2]) / 2
    root = np.hypot((tensor[0] - tensor[2]) / 2, tensor[1])
    larger, smaller = half + root, np.maximum(half - root, 0)
    least = np.maximum(_FLAT, _WEAK * np.sqrt(larger.max(axis=1, keepdims=True)))
    fixed: NDArray[np.bool_] = (np.sqrt(smaller) >= least) & (smaller >= _STRAIGHT * larger)
    return np.asarray(fixed.sum(axis=1), np.int64)
