#!/usr/bin/env python3
"""Runs a model in several ways and holds their outputs to be the same bytes.

Usage: same_bits.py GLMC FOLDER --target TARGET [--math MATH] [--flags FLAGS] WAY...
FOLDER is an ONNX test folder; inputs are those of its first data set. A way is
EMISSION:THREADS, and EMISSION is "obj", a C++ compiler, or "cpp" for the target's:
"obj:2", "g++:1"; EMISSION:THREADS:TARGET is of another target, which is emulated:
"cpp:1:cortex-m4".
"""

import argparse
import os
import subprocess
import sys
import tempfile


def run(arguments, way, folder):
    """The outputs of one way: file name -> bytes."""
    emission, threads, target = (way.split(":") + [arguments.target])[:3]
    data = os.path.join(arguments.folder, "test_data_set_0")
    # Sorted by number: input_10 comes after input_9.
    inputs = sorted((name for name in os.listdir(data) if name.startswith("input_")),
                    key=lambda name: int(name[len("input_"):-len(".pb")]))
    command = [arguments.glmc, "run", os.path.join(arguments.folder, "model.onnx"), "--quiet", "--format", "pb",
               "--target", target, "--math", arguments.math, "--threads", threads, "--output", folder]
    command += arguments.flags.split()
    command += ["--emit", emission] if emission in ("obj", "cpp") else ["--emit", "cpp", "--cxx", emission]
    for name in inputs:
        command += ["--input", os.path.join(data, name)]
    subprocess.run(command, check=True)
    outputs = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            outputs[name] = file.read()
    return outputs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("glmc")
    parser.add_argument("folder")
    parser.add_argument("--target", required=True)
    parser.add_argument("--math", default="exact")
    parser.add_argument("--flags", default="", help="more flags of glmc run")
    parser.add_argument("ways", nargs="+")
    arguments = parser.parse_args()
    good, first = True, None
    with tempfile.TemporaryDirectory() as folder:
        for number, way in enumerate(arguments.ways):
            outputs = run(arguments, way, os.path.join(folder, str(number)))
            if not outputs:
                sys.exit(f"{way}: wrote no outputs")
            if first is None:
                first = outputs
            for name in sorted(first.keys() | outputs.keys()):
                if first.get(name) != outputs.get(name):
                    print(f"{arguments.folder}: {name} of {way} is not that of {arguments.ways[0]}")
                    good = False
    print(f"{len(arguments.ways)} ways, {len(first)} outputs: " + ("the same bytes" if good else "NOT the same"))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
