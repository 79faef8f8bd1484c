"""Holds what a report says of an object against the object: python3 check_footprint.py
READELF REPORT OBJECT [COMMAND...]

Code, constants and variables must be its sections' sizes to the byte. COMMAND runs a program made
of stack_main.c or stack_cortex_m.c, which says how much of a painted stack selftest used: that must be within the
bound, and the bound no more than 15 % above it.
"""
import json
import re
import subprocess
import sys

readelf, report, obj = sys.argv[1:4]
with open(report, encoding="utf-8") as file:
    said = json.load(file)
sizes = {"code": 0, "constants": 0, "variables": 0}
for line in subprocess.run([readelf, "-SW", obj], capture_output=True, text=True, check=True).stdout.splitlines():
    found = re.match(r"\s*\[\s*\d+\]\s+(\S+)\s+(\S+)\s+[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+\s+([A-Za-z]*)\s+\d+\s+\d+\s+\d+$", line)
    if not found or "A" not in found[4]:
        continue
    kind = "code" if "X" in found[4] else "variables" if "W" in found[4] else "constants"
    sizes[kind] += int(found[3], 16)
told = {"code": said["code_bytes"], "constants": said["constant_bytes"], "variables": said["variable_bytes"]}
assert told == sizes, (told, sizes)
assert said["flash_bytes"] == sizes["code"] + sizes["constants"]
assert said["ram_bytes"] == sizes["variables"] + said["stack_bytes"]
assert said["stack_bytes"] == max(use["bytes"] for use in said["stack"])
print(f"sections as told: {sizes}")
if len(sys.argv) > 4:
    status, used = map(int, subprocess.run(sys.argv[4:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                              text=True, check=True, timeout=120).stdout.split())
    bound = next(use["bytes"] for use in said["stack"] if use["function"] == "selftest")
    print(f"status {status}, stack used {used}, bound {bound}")
    assert status == 0 and used <= bound <= 1.15 * used
