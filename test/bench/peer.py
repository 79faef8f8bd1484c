"""Runs a model in another system, for model_bench (see Peer.h).

Usage: peer.py SYSTEM MODEL INPUTS THREADS
  SYSTEM   onnxruntime, openvino, or openblas (MODEL is a library's path, and a
           matmul's MxNxK behind a comma)
  INPUTS   stem of INPUTS.json and INPUTS.bin, which run.py writes

Prints 'ready', then answers each line: `run` with the seconds of one run,
`outputs FILE` by writing what the last run computed.
"""

import ctypes
import json
import os
import sys
import time

numpy_types = {"f32": "float32", "i64": "int64", "bool": "bool", "i32": "int32", "f16": "float16"}


def read_inputs(stem):
    import numpy
    with open(stem + ".json", encoding="utf-8") as file:
        table = json.load(file)
    raw, at, inputs = open(stem + ".bin", "rb").read(), 0, {}
    for entry in table:
        part = numpy.frombuffer(raw, numpy_types[entry["element"]], offset=at,
                                count=entry["bytes"] // numpy.dtype(numpy_types[entry["element"]]).itemsize)
        inputs[entry["name"]] = part.reshape(entry["shape"])
        at += entry["bytes"]
    return inputs


def onnxruntime(model, inputs, threads):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    known = {each.name for each in session.get_inputs()}
    feed = {name: ort.OrtValue.ortvalue_from_numpy(value) for name, value in inputs.items() if name in known}
    names = [each.name for each in session.get_outputs()]
    return lambda: session.run_with_ort_values(names, feed), lambda results: [each.numpy() for each in results]


def openvino(model, inputs, threads):
    import openvino as ov
    core = ov.Core()
    config = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
              "INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"}
    compiled = core.compile_model(core.read_model(model), "CPU", config)
    request = compiled.create_infer_request()
    for port in compiled.inputs:
        name = next(name for name in port.get_names() if name in inputs)
        request.set_tensor(port, ov.Tensor(inputs[name]))
    return request.infer, lambda results: [results[port] for port in compiled.outputs]


def openblas(model, inputs, threads):
    import numpy
    path, shape = model.split(",")
    m, n, k = map(int, shape.split("x"))
    library = ctypes.CDLL(path)
    library.openblas_set_num_threads(threads)
    a = numpy.ascontiguousarray(next(iter(inputs.values())))
    b = numpy.random.default_rng(0).standard_normal((k, n), dtype="float32")
    c = numpy.zeros((m, n), "float32")
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)
    row_major, as_it_is, one, zero = 101, 111, ctypes.c_float(1), ctypes.c_float(0)
    arguments = (row_major, as_it_is, as_it_is, m, n, k, one, pointer(a), k, pointer(b), n, zero, pointer(c), n)
    # Its B is not the model's: it is there for its time alone.
    return lambda: library.cblas_sgemm(*arguments), lambda _: []


def main():
    system, model, stem, threads = sys.argv[1:5]
    inputs = read_inputs(stem)
    run, arrays = {"onnxruntime": onnxruntime, "openvino": openvino, "openblas": openblas}[system](
        model, inputs, int(threads))
    results = run()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What a library prints is no answer.
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        if line.startswith("run"):
            start = time.perf_counter()
            results = run()
            print(time.perf_counter() - start, file=answers, flush=True)
        else:
            with open(line.split(maxsplit=1)[1].rstrip("\n"), "wb") as file:
                for array in arrays(results):
                    file.write(array.tobytes())
            print("ok", file=answers, flush=True)


if __name__ == "__main__":
    main()
