#!/usr/bin/env python3
"""Instructions and cycles of networks on microcontrollers, beside other ways to compile them.

    firmware.py [CASE ...] [--boards mps2-an386,mps2-an500,mps3-an547] [--tools glmc,glmc-cpp,emx,plain] [--cycles]

Cases: gemv, gemm and softmax in f32, gemv and gemm in int8, and the folders of test/models/tiny. Needs a Python with
onnx, onnxruntime, numpy and emx-onnx-cgen (all on PyPI), arm-none-eabi-gcc, qemu-system-arm and build/bin/glmc.

Instructions are what QEMU executes (-icount shift=0: one takes a nanosecond of the board's clock, boards/board.h), cycles
those of a Cortex-M4 by the model in cycles.py. Tools: glmc's object; glmc's C++ file by g++ -O3; emx-onnx-cgen's C by gcc
-O3; a plain loop nest (plain.py) by gcc -O3. Flash and RAM are sections of what each made, without the program around it; RAM is with what it takes from a heap.
All is in one run; nothing here is a test."""
import argparse
import os
import re
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import cycles

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.normpath(os.path.join(here, "../../.."))
boards_folder = os.path.join(root, "examples/firmware/boards")
BOARDS = {"mps2-an386": ("cortex-m4", 25), "mps2-an500": ("cortex-m7", 25), "mps3-an547": ("cortex-m55", 32)}
TINY = ["kws_f32", "kws_int8", "vww_f32", "vww_int8", "ic_f32", "ic_int8", "ad_int8"]
MADE = ["gemv_f32", "gemm_f32", "softmax_f32", "gemv_int8", "gemm_int8"]


def execute(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


# -- cases -----------------------------------------------------------------------------------------------------------
def quantized(name, array, axis=None):
    """Initialisers of an array of 8 bits, and the node that makes floats of it."""
    scale = np.abs(array).max(axis=None if axis is None else 1 - axis).astype(np.float32) / np.float32(127)
    shape = [1, 1]
    if axis is not None:
        shape[axis] = -1
    integers = np.clip(np.rint(array / scale.reshape(shape)), -127, 127).astype(np.int8)
    zeros = np.zeros(scale.shape, np.int8)
    tensors = [numpy_helper.from_array(a, f"{name}_{n}") for n, a in (("q", integers), ("s", scale), ("z", zeros))]
    node = helper.make_node("DequantizeLinear", [f"{name}_q", f"{name}_s", f"{name}_z"], [name], axis=axis or 0)
    return tensors, node


def requantize(source, result, scale, tensors):
    """Nodes that round a value to 8 bits and make floats of it again."""
    tensors += [numpy_helper.from_array(np.float32(scale), result + "_s"), numpy_helper.from_array(np.int8(3), result + "_z")]
    parameters = [result + "_s", result + "_z"]
    return [
        helper.make_node("QuantizeLinear", [source, *parameters], [result + "_q"]),
        helper.make_node("DequantizeLinear", [result + "_q", *parameters], [result]),
    ]


def make_case(name, folder):
    """A model and what ONNX Runtime computes of it."""
    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(5)
    kind, form = name.split("_")
    rows, depth, columns = {"gemv": (1, 256, 256), "gemm": (16, 128, 128), "softmax": (8, 256, 256)}[kind]
    weight = random.standard_normal((depth, columns)).astype(np.float32) / np.float32(np.sqrt(depth))
    tensors, nodes = [], []
    if kind == "softmax":
        nodes.append(helper.make_node("Softmax", ["x"], ["y"], axis=-1))
    elif form == "f32":
        tensors.append(numpy_helper.from_array(weight, "w"))
        nodes.append(helper.make_node("MatMul", ["x", "w"], ["y"]))
    else:
        more, node = quantized("w", weight, axis=1)
        tensors += more
        nodes += [node, *requantize("x", "xd", 0.03, tensors), helper.make_node("MatMul", ["xd", "w"], ["p"])]
        nodes += requantize("p", "y", 0.03, tensors)
    shape = [[rows, depth], [rows, columns]]
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip("xy", shape)]
    model = helper.make_model(helper.make_graph(nodes, name, io[:1], io[1:], tensors), opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.save(model, os.path.join(folder, "model.onnx"))
    x = random.standard_normal(shape[0]).astype(np.float32)
    return x, run_onnx(os.path.join(folder, "model.onnx"), x)


def run_onnx(path, x):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def read_case(name, folder):
    """The model's path, an input, and the output that is expected."""
    if name in MADE:
        return (os.path.join(folder, "model.onnx"), *make_case(name, folder))
    source = os.path.join(root, "test/models/tiny", name)
    arrays = []
    for file in ("input_0.pb", "output_0.pb"):
        with open(os.path.join(source, "test_data_set_0", file), "rb") as data:
            arrays.append(numpy_helper.to_array(onnx.load_tensor_from_string(data.read())))
    return os.path.join(source, "model.onnx"), *arrays


def write_data(folder, x, y):
    with open(os.path.join(folder, "data.h"), "w", encoding="utf-8") as file:
        file.write(f"#define OUTPUT_SIZE {y.size}\n")
        for name, array in (("input", x), ("expected", y)):
            values = ", ".join(float(v).hex() + "f" for v in array.ravel())
            file.write(f"static const float {name}[{array.size}] = {{{values}}};\n")


# -- tools -----------------------------------------------------------------------------------------------------------
def without_allowzero(model, folder):
    """emx-onnx-cgen may refuse what torch's exporter writes; there are no zeros in these shapes."""
    loaded = onnx.load(model)
    for node in loaded.graph.node:
        for attribute in [a for a in node.attribute if a.name == "allowzero"]:
            node.attribute.remove(attribute)
    path = os.path.join(folder, "without_allowzero.onnx")
    onnx.save(loaded, path)
    return path


def build(tool, model, folder, arm, cpu):
    """Objects that have network_init and network_run, and the one that is the network."""
    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)  # noqa: E731
    optimised = [*arm, "-O3", "-w"]
    if tool.startswith("glmc"):
        kind = "cpp" if tool == "glmc-cpp" else "obj"
        execute([os.path.join(root, "build/bin/glmc"), "compile", model, "-o", at("net"), "--target", cpu, "--emit", kind, "-q"])
        if kind == "cpp":
            execute(["arm-none-eabi-g++", "-std=c++17", *optimised, "-fno-exceptions", "-fno-rtti", "-ffreestanding", "-c", at("net.cpp"), "-o", at("net.o")])
        adapter = '#include "net.h"\nvoid network_init(void) { net_init(&net_default); }\n' \
                  "void network_run(const float *x, float *y) { net_run(&net_default, x, y); }\n"
    else:
        if tool == "emx":
            compile_it = [os.path.join(os.path.dirname(sys.executable), "emx-onnx-cgen"), "compile"]
            flags = ["--model-name", "model", "--large-weight-threshold", "0"]
            try:
                execute([*compile_it, model, at("net.c"), *flags])
            except RuntimeError:
                execute([*compile_it, without_allowzero(model, folder), at("net.c"), *flags])
            call = "model"
        else:
            execute([sys.executable, os.path.join(here, "plain.py"), model, at("net.c")])
            call = "plain"
        execute(["arm-none-eabi-gcc", "-std=c11", *optimised, "-c", at("net.c"), "-o", at("net.o")])
        adapter = f"void {call}(const void *, void *);\nvoid network_init(void) {{}}\n" \
                  f"void network_run(const float *x, float *y) {{ {call}(x, y); }}\n"
    with open(at("adapter.c"), "w", encoding="utf-8") as file:
        file.write(adapter)
    execute(["arm-none-eabi-gcc", "-std=c11", *arm, "-Os", "-I", folder, "-c", at("adapter.c"), "-o", at("adapter.o")])
    return at("adapter.o"), at("net.o")


def measure(tool, model, folder, board, with_cycles):
    cpu, clock = BOARDS[board]
    arm = [f"-mcpu={cpu}", "-mthumb", "-mfloat-abi=hard", "-ffunction-sections", "-fdata-sections"]
    place = os.path.join(folder, f"{tool}.{cpu}")
    adapter, network = build(tool, model, place, arm, cpu)
    program = os.path.join(place, "program.elf")
    execute(["arm-none-eabi-gcc", "-std=c11", *arm, "-Os", f"-DBOARD_CLOCK_MHZ={clock}", "-I", folder, "-I", boards_folder,
             os.path.join(here, "main.c"), os.path.join(boards_folder, "board.c"), adapter, network, "-nostartfiles",
             "--specs=nosys.specs", "-Wl,--gc-sections", "-L", boards_folder, "-T", os.path.join(boards_folder, board + ".ld"), "-lm", "-o", program])
    said = execute(cycles.qemu(program, board, "-icount", "shift=0"), stdin=subprocess.DEVNULL, timeout=600)
    row = {key: int(value) for key, value in re.findall(r"(\S+)=(\d+)", said)}
    size = execute(["arm-none-eabi-size", network]).splitlines()[1].split()
    row["flash"], row["ram"] = int(size[0]) + int(size[1]), int(size[1]) + int(size[2]) + row["heap"]
    if with_cycles and cpu == "cortex-m4":
        row["cycles"] = cycles.count(program, board)[1]
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=MADE + TINY)
    parser.add_argument("--boards", default=",".join(BOARDS))
    parser.add_argument("--tools", default="glmc,glmc-cpp,emx,plain")
    parser.add_argument("--cycles", action="store_true", help="also cycles of a Cortex-M4, which takes longer")
    parser.add_argument("--work", default=os.path.join(root, "build/bench/firmware"))
    options = parser.parse_args()
    print("| case | board | tool | instructions | x glmc | M4 cycles | x glmc | flash | RAM | stack | error |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for case in options.cases:
        folder = os.path.join(options.work, case)
        os.makedirs(folder, exist_ok=True)
        model, x, y = read_case(case, folder)
        write_data(folder, x, y)
        for board in options.boards.split(","):
            first = {}
            for tool in options.tools.split(","):
                try:
                    row = measure(tool, model, folder, board, options.cycles)
                except (RuntimeError, subprocess.TimeoutExpired) as problem:
                    print(f"| {case} | {board} | {tool} | {' '.join(str(problem).split())[-160:]} |", flush=True)
                    continue
                first = first or row
                ratio = lambda key: f"{row[key] / first[key]:.2f}" if first.get(key) and key in row else ""  # noqa: E731
                print(f"| {case} | {board} | {tool} | {row['instructions']} | {ratio('instructions')} | {row.get('cycles', '')} | "
                      f"{ratio('cycles')} | {row['flash']} | {row['ram']} | {row['stack']} | {row['error_e-9'] / 1e9:.1e} |", flush=True)


if __name__ == "__main__":
    main()
