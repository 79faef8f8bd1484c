"""Reports of one binding, of another, and of both in one output: what is shared is there once."""
import json
import sys

one, other, both = (json.load(open(path)) for path in sys.argv[1:4])
assert both["weight_bytes"] == one["weight_bytes"] == other["weight_bytes"], "weights are there twice"
assert both["arena_bytes"] == max(one["arena_bytes"], other["arena_bytes"]), "the arena is not shared"
assert both["launches"] == one["launches"] + other["launches"]
assert both["kernels"] < one["kernels"] + other["kernels"], "equal kernels are not shared"
print("shared")
