"""Layers have to be nearer with error feedback: python3 check_rounding.py NEAREST.json GPTQ.json"""
import json
import sys

nearest, gptq = (json.load(open(path)) for path in sys.argv[1:])
pairs = [
    (a["output_sqnr_db"], b["output_sqnr_db"])
    for a, b in zip(nearest["layers"], gptq["layers"])
    if "output_sqnr_db" in a and a["format"] == "int4"
]
assert len(pairs) >= 5 and len(nearest["layers"]) == len(gptq["layers"]), pairs
assert all(b > a - 0.5 for a, b in pairs), pairs
assert sum(b - a for a, b in pairs) / len(pairs) > 0.5, pairs
assert nearest["weight_bytes"] == gptq["weight_bytes"], (nearest["weight_bytes"], gptq["weight_bytes"])
