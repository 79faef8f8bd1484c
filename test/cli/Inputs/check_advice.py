"""Holds a suggestion of a budget's error against what compiling so gives:
python3 check_advice.py ERROR CHANGE REPORT"""
import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    lines = file.read().splitlines()
with open(sys.argv[3], encoding="utf-8") as file:
    report = json.load(file)
before = dict(re.findall(r"(code|constants|variables|stack) (\d+)", lines[0]))
flash = int(before["code"]) + int(before["constants"])
ram = int(before["variables"]) + int(before["stack"])
line = next(line for line in lines if line.startswith(f"  {sys.argv[2]}: "))
told = re.search(r"flash (\d+) B(?: \(([+-]\d+)\))?, RAM (\d+) B(?: \(([+-]\d+)\))?", line)
assert int(told[1]) == report["flash_bytes"] and int(told[3]) == report["ram_bytes"], (line, report)
assert int(told[2] or 0) == report["flash_bytes"] - flash and int(told[4] or 0) == report["ram_bytes"] - ram, line
print("as told")
