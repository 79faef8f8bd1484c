"""Writes a tuning file for the first kernel that a report of `glmc tune` names: python3 make_tuning.py REPORT FILE NAME=VALUE..."""
import json
import sys

with open(sys.argv[1]) as file:
    report = json.load(file)
first = report["kernels"][0]
kernel = {"family": first["family"], "ops": first["ops"], "types": first["types"], "parallel": report["threads"] > 1,
          "schedule": {name: int(value) for name, value in (each.split("=") for each in sys.argv[3:])}}
with open(sys.argv[2], "w") as file:
    json.dump({"glmc_tuning": 1, "target": report["target"], "kernels": [kernel]}, file)
