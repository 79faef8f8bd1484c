"""Checks what `glmc calibrate` wrote for the tiny model: python3 check_ranges.py RANGES X.npy

Its product reads rows 2, 0 and 3 of x.
"""
import json
import struct
import sys

with open(sys.argv[2], "rb") as file:
    data = file.read()
header = 10 + struct.unpack("<H", data[8:10])[0]
x = struct.unpack("<32f", data[header:])
read = x[16:24] + x[0:8] + x[24:32]

with open(sys.argv[1]) as file:
    ranges = json.load(file)
assert ranges["format"] == "glmc-ranges-1" and ranges["samples"] == 1 and len(ranges["model"]) == 16, ranges
(activation,) = ranges["activations"]
assert activation["readers"] == [{"node": "project", "weight": sys.argv[3]}], activation
assert (activation["features"], activation["values"]) == (8, 24), activation
assert (activation["min"], activation["max"]) == (min(read), max(read)), (activation, min(read), max(read))
magnitude = max(map(abs, read))
# Of 24 values, 99.9 % are all.
assert activation["percentiles"] == {"99.9": magnitude, "99.99": magnitude}, activation
assert 0 < activation["entropy"] <= magnitude, activation
