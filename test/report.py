"""The table that test/report.sh prints, made from `glmc compile --json`."""

import argparse
import json
import os
import subprocess
import sys
import tempfile

models_dir = os.path.join("test", "models")


def run_compile(arguments, model, emission, folder):
    """The JSON report of one compilation."""
    command = [arguments.glmc, "compile", os.path.join(models_dir, model, "model.onnx"), "-o",
               os.path.join(folder, "model"), "--target", arguments.target, "--emit", emission, "--json", "-", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


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
             ".cpp B a kernel, no weights", "s to .o", "s to .cpp"]
    print(f"Target {arguments.target}, {os.cpu_count()} cores.\n")
    print("| " + " | ".join(heads) + " |")
    print("|---|" + "---:|" * (len(heads) - 1))
    for model in arguments.models or found:
        print("| " + " | ".join(str(cell) for cell in row(arguments, model)) + " |", flush=True)


if __name__ == "__main__":
    main()
