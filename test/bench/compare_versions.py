"""What a change of glmc did to the models of test/models, as a Markdown table:
launches, arena, constant bytes and time of two compilers, before -> after. Both
versions' code is timed in one process, interleaved, on the stored inputs.

Usage: compare_versions.py --before GLMC [--after GLMC] [--json FILE] [MODEL...]
"""

import argparse
import json
import os
import struct
import sys

import glue
from glue import Failed, execute

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
models_folder = os.path.join(root, "test", "models")


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def read_tensor(path):
    """Name and raw bytes of a TensorProto."""
    with open(path, "rb") as file:
        data = file.read()
    at, name, raw, integers = 0, "", b"", []
    while at < len(data):
        tag, at = varint(data, at)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = varint(data, at)
            if field == 7:
                integers.append(value)
            continue
        size, at = varint(data, at)
        value, at = data[at:at + size], at + size
        if field == 8:
            name = value.decode()
        elif field in (4, 9):
            raw = value
        elif field == 7:
            where = 0
            while where < len(value):
                integer, where = varint(value, where)
                integers.append(integer)
    return name, raw or struct.pack(f"<{len(integers)}Q", *integers)


def write_inputs(path, model, parameters):
    """The stored inputs, one behind the other as the entry point takes them."""
    folder = os.path.join(models_folder, model, "test_data_set_0")
    stored = dict(read_tensor(os.path.join(folder, name)) for name in os.listdir(folder) if name.startswith("input_"))
    with open(path, "wb") as file:
        for output, name, _, _, size in parameters:
            if output:
                continue
            raw = stored.get(name, b"")
            if raw and len(raw) != size:
                raise Failed(f"{model}: stored input '{name}' has {len(raw)} bytes, expected {size}")
            file.write(raw or bytes(size))  # What is not stored is not read.


def measure(arguments, model):
    """The two versions' numbers."""
    results, libraries, header = {}, [], ""
    for version, glmc in (("before", arguments.before), ("after", arguments.after)):
        base = os.path.join(arguments.work, model, version, "model")
        os.makedirs(os.path.dirname(base), exist_ok=True)
        results[version] = json.loads(execute(
            [glmc, "compile", os.path.join(models_folder, model, "model.onnx"), "-o", base, "--emit", "obj",
             "--target", arguments.target, "--json", "-", "--quiet"]))
        libraries.append(f"--model={version}={glue.make_library(base)}")
        with open(base + ".h", encoding="utf-8") as file:
            header = file.read()
    inputs = os.path.join(arguments.work, model, "inputs.bin")
    write_inputs(inputs, model, glue.parameters(header))
    times = json.loads(execute([arguments.bench, f"--inputs={inputs}", "--benchmark_format=json",
                                f"--benchmark_repetitions={arguments.rounds}", "--benchmark_min_time=0.02",
                                "--benchmark_enable_random_interleaving=true"] + libraries))
    for each in times["benchmarks"]:
        if each.get("aggregate_name") == "median":
            results[each["run_name"].split("/")[0]]["microseconds"] = each["real_time"]
    return results


def row(model, results):
    before, after = results["before"], results["after"]

    def change(key, text=str):
        return f"{text(before[key])} → {text(after[key])}"

    saved = 100 * (1 - after["microseconds"] / before["microseconds"])
    return [model, str(after["nodes"]), change("launches"), change("arena_bytes"), str(after["gap_bytes"]),
            change("weight_bytes"), change("microseconds", lambda value: f"{value:.2f}"), f"{-saved:+.0f} %"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", required=True)
    parser.add_argument("--after", default=os.path.join(root, "build", "bin", "glmc"))
    parser.add_argument("--bench", default=os.path.join(root, "build", "bin", "model_bench"))
    parser.add_argument("--work", default=os.path.join(root, "build", "bench", "versions"))
    parser.add_argument("--target", default="host")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json")
    parser.add_argument("models", nargs="*", metavar="MODEL")
    arguments = parser.parse_args()
    found = sorted(name for name in os.listdir(models_folder)
                   if os.path.isfile(os.path.join(models_folder, name, "model.onnx")))
    heads = ["model", "nodes", "launches", "arena B", "gap", "constants B", "median us", "time"]
    print("| " + " | ".join(heads) + " |\n|---|" + "---:|" * (len(heads) - 1))
    report = {}
    try:
        for model in arguments.models or found:
            report[model] = measure(arguments, model)
            print("| " + " | ".join(row(model, report[model])) + " |", flush=True)
    except (Failed, OSError) as problem:
        sys.exit(f"error: {problem}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2)


if __name__ == "__main__":
    main()
