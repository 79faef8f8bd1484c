#!/usr/bin/env python3
"""Prints what CalibrateTest.cpp and GptqTest.cpp expect: ranges by NumPy and ONNX
Runtime, integers rounded with error feedback by NumPy in double precision.

Needs numpy and onnxruntime (1.23 or later). The test makes the same values.
"""
import numpy as np
from onnxruntime.quantization.calibrate import HistogramCollector

BINS, ENTROPY_BINS, LEVELS = 16384, 4096, 255


def values(count, outliers, shift, seed=12345):
    """Four uniform numbers added up, some of them sixteen times as large."""
    state, out = seed, []

    def uniform():
        nonlocal state
        state = (state * 1664525 + 1013904223) % 2**32
        return (state >> 8) / 2.0**24

    for _ in range(count):
        a = uniform() + uniform() + uniform() + uniform() - 2
        out.append(a * (16 if uniform() > 1 - outliers else 1) + shift)
    return np.array(out, np.float32)


def scales_of(rows):
    """Of int8, as Rounding.h has them."""
    return (np.abs(rows).max(0) / 127).astype(np.float16).astype(np.float64)


def gptq(weight, x, group, damping=0.01):
    """Algorithm 1 of arXiv 2210.17323, without blocks."""
    w = weight.astype(np.float64)
    h = 2 * x.astype(np.float64).T @ x.astype(np.float64)
    h[np.diag(h) == 0, np.diag(h) == 0] = 1
    h += damping * np.mean(np.diag(h)) * np.eye(len(h))
    u = np.linalg.cholesky(np.linalg.inv(h)).T
    q, all_scales = np.zeros(w.shape, int), np.zeros(w.shape)
    for k in range(len(w)):
        if k % group == 0:
            all_scales[k:k + group] = s = scales_of(w[k:k + group])
        q[k] = np.clip(np.rint(w[k] / np.where(s == 0, 1, s)), -127, 127)
        w[k + 1:] -= np.outer(u[k, k + 1:], (w[k] - q[k] * s) / u[k, k])
    return q, all_scales


def correlated(rows, features):
    """Inputs of which neighbours are alike, one never used."""
    x = values(rows * features, 0.02, 0, 777).reshape(rows, features)
    x = x + np.roll(x, 1, axis=1) * np.float32(0.75)
    x[:, 5] = 0
    return x.astype(np.float32)


def main():
    weight, x = values(160 * 3, 0.02, 0, 99).reshape(160, 3), correlated(200, 160)
    q, scales = gptq(weight, x, 32)
    print("gptq int8:", " ".join(map(str, q.reshape(-1))))
    s = np.repeat(np.array([scales_of(weight[k:k + 32]) for k in range(0, 160, 32)]), 32, axis=0)
    nearest = np.clip(np.rint(weight / s), -127, 127) * s
    print("  noise %.9g, of nearest %.9g" % (((x @ (weight - q * scales)) ** 2).sum(), ((x @ (weight - nearest)) ** 2).sum()))
    for name, data in [("outliers", values(50000, 0.01, 0.125)), ("plain", values(20000, 0, 0)),
                       ("positive", np.abs(values(20000, 0.1, 0))), ("few", values(100, 0.5, 0))]:
        magnitude = np.abs(data.astype(np.float64))
        reach = 2.0 ** (np.floor(np.log2(magnitude.max())) + 1)
        histogram, edges = np.histogram(data.astype(np.float64), ENTROPY_BINS, range=(-reach, reach))
        collector = HistogramCollector("entropy", False, ENTROPY_BINS, LEVELS, 99.9, "same")
        low, high = collector.get_entropy_threshold((histogram, edges.astype(np.float32), data.min(), data.max()), LEVELS)
        print(name, "min %.9g max %.9g p99.9 %.9g p99.99 %.9g entropy %.9g width %.9g" % (
            data.min(), data.max(), np.percentile(magnitude, 99.9, method="inverted_cdf"),
            np.percentile(magnitude, 99.99, method="inverted_cdf"), max(abs(low), abs(high)), 2 * reach / BINS))


if __name__ == "__main__":
    main()
