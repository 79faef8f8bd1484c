#!/usr/bin/env python3
"""Writes features.h: inputs of keyword spotting, and what ONNX Runtime makes of them.
usage: make_features.py MODEL.onnx > features.h          needs numpy, onnxruntime

The net has MLPerf Tiny's shape and random weights (test/models/tiny), so the features are random too: 49 frames of 10
coefficients, and the scores of 12 words, computed with every graph optimisation off."""
import sys

import numpy as np
import onnxruntime as ort

COUNT = 3
options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
session = ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
source, result = session.get_inputs()[0], session.get_outputs()[0]
inputs = [np.random.default_rng(100 + i).standard_normal(source.shape).astype(np.float32) for i in range(COUNT)]
outputs = [session.run(None, {source.name: x})[0] for x in inputs]


def literal(value):
    text = f"{float(value):.9g}"  # Nine digits name each f32.
    return (text if "." in text or "e" in text else text + ".0") + "f"


def table(name, size, arrays):
    print(f"static const float {name}[{len(arrays)}][{size}] = {{")
    for array in arrays:
        words = [literal(v) for v in array.ravel()]
        rows = [", ".join(words[i : i + 8]) for i in range(0, len(words), 8)]
        print("    {" + ",\n     ".join(rows) + "},")
    print("};")


print("/* Written by make_features.py; see there. */")
print(f"enum {{ featureCount = {inputs[0].size}, wordCount = {outputs[0].size}, exampleCount = {COUNT} }};\n")
table("features", inputs[0].size, inputs)
table("expected", outputs[0].size, outputs)
