"""Compiles a model and holds its launches to a budget: at most 8 a layer plus 4.

usage: launch_budget.py GLMC MODEL LAYERS [glmc options...]

Also checks that the report gives a reason for every launch.
"""

import json
import subprocess
import sys
import tempfile


def main():
    glmc, model, layers, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        command = [glmc, "compile", model, "-o", folder + "/model", "--emit", "obj", "--json", "-", *options]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    launches, budget = report["launches"], 8 * int(layers) + 4
    print(f"{launches} launches, budget {budget}")
    for launch in report["boundaries"]:
        print(f"  {launch['kernel']}: {'; '.join(launch['why'])}")
    if not 0 < launches <= budget:
        sys.exit(f"{launches} launches are over the budget of {budget}")
    if len(report["boundaries"]) != launches or not all(launch["why"] for launch in report["boundaries"]):
        sys.exit("some launches have no reason")


main()
