"""The table that test/report.sh prints, made from `glmc compile --json` and
`glmc verify --json`."""

import argparse
import json
import os
import subprocess
import sys
import tempfile

models_dir = os.path.join("test", "models")


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def name_and_shape(path):
    """Of a TensorProto."""
    with open(path, "rb") as file:
        data = file.read()
    at, name, shape = 0, "", []
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at) if tag & 7 in (0, 2) else (0, at + (4 if tag & 7 == 5 else 8))
        if tag == 8:
            shape.append(value)
        if tag & 7 != 2:
            continue
        content, at = data[at:at + value], at + value
        if tag == 10:  # Packed.
            where = 0
            while where < len(content):
                size, where = varint(content, where)
                shape.append(size)
        elif tag == 66:
            name = content.decode()
    return name, shape


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


def binding(arguments, model):
    """Flags that give free dimensions the sizes of the first data set."""
    info = run([arguments.glmc, "info", os.path.join(models_dir, model, "model.onnx"), "--json", "-", "--quiet"])
    folder = os.path.join(models_dir, model, "test_data_set_0")
    inputs = [name for name in os.listdir(folder) if name.startswith("input_")]
    shapes = dict(name_and_shape(os.path.join(folder, name)) for name in inputs)
    flags = []
    for dimension in info.get("free_dimensions", []):
        tensor, axis = dimension["places"][0].removesuffix("]").rsplit("[", 1)
        flags += ["--dim", f"{dimension['names'][0]}={shapes[tensor][int(axis)]}"]
    return flags


def run_compile(arguments, model, emission, folder):
    """The JSON report of one compilation."""
    return run([arguments.glmc, "compile", os.path.join(models_dir, model, "model.onnx"), "-o",
                os.path.join(folder, "model"), "--target", arguments.target, "--emit", emission, "--json", "-",
                "--quiet", *binding(arguments, model)])


def largest_error(arguments, model, emission):
    """Of any output of any data set, absolute; what is stored there is the
    exporting system's."""
    done = subprocess.run([arguments.glmc, "verify", os.path.join(models_dir, model), "--target", arguments.target,
                           "--emit", emission, "--json", "-", "--quiet"], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)["models"][0]
    errors = [output["max_abs"] for data in report.get("sets", []) for output in data.get("outputs", [])]
    if report["status"] != "passed" or not errors:
        return report["status"]
    return f"{max(errors):.1e}"


def seconds(report):
    """Compile time in all; the report has it by phase."""
    phases = report["seconds"]
    return sum(phases.values()) if isinstance(phases, dict) else phases


def row(arguments, model):
    with tempfile.TemporaryDirectory() as folder:
        object_report = run_compile(arguments, model, "obj", folder)
        source_report = run_compile(arguments, model, "cpp", folder)
    arena, bound, kernels = (object_report[key] for key in ("arena_bytes", "bound_bytes", "kernels"))
    code = source_report["source_code_bytes"]
    return [
        model, object_report["nodes"], object_report["launches"], kernels, arena, bound,
        f"{100 * (arena - bound) / bound:.1f} %" if bound else "-",
        object_report["weight_bytes"], object_report["object_bytes"], source_report["source_bytes"],
        round(code / kernels) if kernels else "-", f"{seconds(object_report):.1f}", f"{seconds(source_report):.1f}",
        largest_error(arguments, model, "obj"), largest_error(arguments, model, "cpp"),
    ]


def main():
    parser = argparse.ArgumentParser(prog="test/report.sh", description=__doc__)
    parser.add_argument("--target", default="x86-64-v3")
    parser.add_argument("--glmc", default=os.path.join("build", "bin", "glmc"))
    parser.add_argument("models", nargs="*", metavar="MODEL")
    arguments = parser.parse_args()
    if not os.access(arguments.glmc, os.X_OK):
        sys.exit(f"error: there is no {arguments.glmc}; ./test/run.sh or ./examples/quickstart.sh builds it")
    found = sorted(name for name in os.listdir(models_dir)
                   if os.path.isfile(os.path.join(models_dir, name, "model.onnx")))
    for model in arguments.models:
        if model not in found:
            sys.exit(f"error: test/models has no '{model}'; it has {', '.join(found)}")

    heads = ["model", "ONNX nodes", "launches", "kernels", "arena B", "bound B", "gap", "weights B", ".o B", ".cpp B",
             ".cpp B a kernel, no weights", "s to .o", "s to .cpp", "error .o", "error .cpp"]
    print(f"Target {arguments.target}, {os.cpu_count()} cores.\n")
    print("| " + " | ".join(heads) + " |")
    print("|---|" + "---:|" * (len(heads) - 1))
    for model in arguments.models or found:
        print("| " + " | ".join(str(cell) for cell in row(arguments, model)) + " |", flush=True)


if __name__ == "__main__":
    main()
