#!/usr/bin/env python3
"""Writes reference_cases.txt: inputs and expected outputs of every glm op.

The expected values are computed by ONNX's own reference implementation
(onnx.reference, NumPy underneath), one ONNX node a case; where it has none,
by NumPy or Python itself. Needs numpy, onnx and
ml_dtypes, which tests do not: the text file is committed.

    python make_reference_data.py > reference_cases.txt

Format, one case after another, tensors as bytes in hexadecimal (`-` is empty):

    case NAME exact|close       close: within some units in the last place
    in TYPE BYTES               operand %0, %1, ...
    op TEXT                     the op in MLIR's text form
    out TYPE BYTES              or: fails
"""

import math
import sys
import warnings

import ml_dtypes
import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

warnings.simplefilter("ignore")

bf16 = np.dtype(ml_dtypes.bfloat16)
f16, f32, f64 = np.dtype("f2"), np.dtype("f4"), np.dtype("f8")
i8, i16, i32, i64 = (np.dtype(t) for t in ("i1", "i2", "i4", "i8"))
u8, u16, u32, u64 = (np.dtype(t) for t in ("u1", "u2", "u4", "u8"))
b1 = np.dtype("?")
FLOATS = [f16, bf16, f32, f64]
SIGNED = [i8, i16, i32, i64]
UNSIGNED = [u8, u16, u32, u64]
NAMES = {b1: "i1", i8: "i8", i16: "i16", i32: "i32", i64: "i64", u8: "ui8", u16: "ui16", u32: "ui32",
         u64: "ui64", f16: "f16", bf16: "bf16", f32: "f32", f64: "f64",
         np.dtype(ml_dtypes.int4): "i4", np.dtype(ml_dtypes.uint4): "ui4"}
nan, inf = float("nan"), float("inf")
random = np.random.default_rng(20)


def mlir(array):
    dims = "".join(f"{dim}x" for dim in array.shape)
    return f"tensor<{dims}{NAMES[array.dtype]}>"


def hexadecimal(array):
    return np.ascontiguousarray(array).tobytes().hex() or "-"


def model_of(op_type, inputs, output_type, attributes, opset):
    names = [f"x{i}" for i in range(len(inputs))]
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
             for n, x in zip(names, inputs)]
    node = helper.make_node(op_type, names, ["y"], **attributes)
    out = helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(output_type), None)
    return helper.make_model(helper.make_graph([node], "g", infos, [out]), ir_version=10,
                             opset_imports=[helper.make_opsetid("", opset)])


def onnx_run(op_type, inputs, output_type=None, opset=22, **attributes):
    """The result of one ONNX node."""
    model = model_of(op_type, inputs, output_type or inputs[0].dtype, attributes, opset)
    feeds = {f"x{i}": x for i, x in enumerate(inputs)}
    expected = np.asarray(ReferenceEvaluator(model).run(None, feeds)[0])
    if "--compare-ort" in sys.argv:
        compare_with_onnxruntime(model, feeds, expected, op_type)
    return expected


def compare_with_onnxruntime(model, feeds, expected, op_type):
    """Prints where another implementation differs; for us to judge."""
    import onnxruntime
    if op_type in ("Div", "Mod") and expected.dtype.kind in "iu":
        return  # it traps on what we test
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        got = session.run(None, feeds)[0]
    except Exception:
        return  # a type that it does not implement
    if not np.allclose(got.astype(f64), expected.astype(f64), rtol=1e-3, atol=1e-6, equal_nan=True):
        print(op_type, [x.dtype.name for x in feeds.values()], "\n  onnx", expected.ravel()[:20], "\n  ort ", got.ravel()[:20],
              file=sys.stderr)


def emit(name, op, inputs, expected, exact=True):
    """One case; {ins} and {out} in `op` become the operands' and the result's types."""
    print(f"case {name} {'exact' if exact else 'close'}")
    for x in inputs:
        print(f"in {mlir(x)} {hexadecimal(x)}")
    types = ", ".join(mlir(x) for x in inputs)
    if isinstance(expected, str):
        print("op " + op.replace("{ins}", types).replace("{out}", expected))
        print("fails")
    else:
        print("op " + op.replace("{ins}", types).replace("{out}", mlir(expected)))
        print(f"out {mlir(expected)} {hexadecimal(expected)}")


def values(dtype, *numbers):
    return np.array(numbers, dtype=dtype)


def some(dtype, *shape, low=-8, high=8):
    if dtype.kind in "iu":
        return random.integers(0 if dtype.kind == "u" else low, high, shape).astype(dtype)
    if dtype == b1:
        return random.integers(0, 2, shape).astype(b1)
    return random.uniform(low, high, shape).astype(f32).astype(dtype)


# --- Elementwise ---------------------------------------------------------------

SPECIALS = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.25, -7.75, 100.0, 1e-3, nan, inf, -inf]


def unary_cases():
    exact = ["neg", "abs", "sign", "floor", "ceil", "round"]
    close = ["sqrt", "reciprocal", "exp", "log", "sin", "cos", "tanh", "sigmoid", "erf"]
    for mnemonic in exact + close:
        for dtype in FLOATS:
            x = values(dtype, *SPECIALS)
            # Computed in float64 and rounded once: NumPy's own 16-bit functions
            # round more often.
            expected = onnx_run(mnemonic.capitalize(), [x.astype(f64)])
            if mnemonic == "erf":  # ONNX's reference knows float32 only
                expected = np.vectorize(math.erf)(x.astype(f64))
            emit(f"{mnemonic}_{NAMES[dtype]}", f"glm.{mnemonic} %0 : {{ins}}", [x], expected.astype(dtype), mnemonic in exact)
    for mnemonic in ["neg", "abs", "sign"]:
        for dtype in SIGNED:
            limits = np.iinfo(dtype)
            x = values(dtype, 0, 1, -1, 7, -7, limits.max, limits.min)
            emit(f"{mnemonic}_{NAMES[dtype]}", f"glm.{mnemonic} %0 : {{ins}}", [x],
                 onnx_run(mnemonic.capitalize(), [x]))
    for mnemonic in ["abs", "sign"]:
        for dtype in UNSIGNED:
            x = values(dtype, 0, 1, 7, np.iinfo(dtype).max)
            emit(f"{mnemonic}_{NAMES[dtype]}", f"glm.{mnemonic} %0 : {{ins}}", [x],
                 onnx_run(mnemonic.capitalize(), [x]))
    x = values(b1, True, False)
    emit("not", "glm.not %0 : {ins}", [x], onnx_run("Not", [x]))
    for dtype in FLOATS:
        x = values(dtype, *SPECIALS)
        emit(f"is_nan_{NAMES[dtype]}", "glm.is_nan %0 : {ins} -> {out}", [x], onnx_run("IsNaN", [x], b1))
    x = np.array(2.25, f32)
    emit("sqrt_rank0", "glm.sqrt %0 : {ins}", [x], onnx_run("Sqrt", [x]))
    x = np.zeros((0, 3), f32)
    emit("exp_empty", "glm.exp %0 : {ins}", [x], onnx_run("Exp", [x]))


def cast_cases():
    integers = SIGNED + UNSIGNED
    narrow = [0, 1, 5, 100, 127]
    for source in FLOATS + integers + [b1]:
        for target in FLOATS + integers + [b1]:
            if source == b1:
                x = values(b1, False, True)
            elif source.kind in "iu":
                limits = np.iinfo(source)
                x = values(source, *narrow, limits.max, limits.min, limits.max // 3)
                if source.itemsize == 8 and target in FLOATS:
                    # Ties and near-ties of every float's rounding.
                    x = values(source, *narrow, 2**24 + 1, 2**24 + 3, 2**53 + 1, 2**53 + 3, 2**40 + 2**16, limits.max)
            elif target in integers:
                # Beyond the target's range ONNX leaves the result open.
                x = values(source, 0.0, -0.0, 0.5, 0.99, 1.5, 2.5, 100.75, *([] if target in UNSIGNED else [-0.75, -1.5, -100.0]))
            else:
                x = values(source, *SPECIALS)
                x = np.concatenate([x, values(source, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-8, 65504, 65519,
                                              65520, 6e-8, 2.9e-8, 3.1e-8, 1e-5, 3.3e38, 1e-40)])
            if source.itemsize == 8 and source.kind in "iu" and target == bf16:
                # ml_dtypes rounds twice by way of float32; these are exact in it.
                x = values(source, *narrow, 2**24 + 2**17, 2**24 + 3 * 2**16, 2**60 + 2**52)
            if source == f64 and target == bf16:
                x = x.astype(f32).astype(f64)
            expected = onnx_run("Cast", [x], target, to=helper.np_dtype_to_tensor_dtype(target))
            emit(f"cast_{NAMES[source]}_{NAMES[target]}", "glm.cast %0 : {ins} to {out}", [x], expected.astype(target))


def binary_cases():
    pairs = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1, 3), (4, 1)), ((), (2, 2)), ((1,), ()), ((0, 3), (1, 3))]
    arithmetic = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div"}
    for mnemonic, op_type in arithmetic.items():
        text = f"glm.{mnemonic} %0, %1 : {{ins}} -> {{out}}"
        for i, (left, right) in enumerate(pairs):
            x, y = some(f32, *left), some(f32, *right)
            emit(f"{mnemonic}_broadcast{i}", text, [x, y], onnx_run(op_type, [x, y]), False)
        for dtype in FLOATS:
            x, y = values(dtype, 1, 3.5, nan, inf, inf, 0.0, -1, 0), values(dtype, 3, -2, 1, -inf, 2, 0.0, 0.0, 1)
            expected = onnx_run(op_type, [x.astype(f64), y.astype(f64)]).astype(dtype)
            emit(f"{mnemonic}_{NAMES[dtype]}", text, [x, y], expected, False)
        for dtype in SIGNED + UNSIGNED:
            limits = np.iinfo(dtype)
            x = values(dtype, 7, 7, limits.max, limits.max, limits.min, 0, limits.max)
            y = values(dtype, 2, 3, 2, limits.max, 2, 5, 1)
            if dtype in SIGNED:
                x = np.concatenate([x, values(dtype, -7, 7, -7, -9, 5)])
                y = np.concatenate([y, values(dtype, 2, -2, -2, 3, -1)])
            emit(f"{mnemonic}_{NAMES[dtype]}", text, [x, y], onnx_run(op_type, [x, y]).astype(dtype))
    integer_division_cases()
    for dtype in FLOATS:
        x, y = values(dtype, 7.5, -7.5, 7.5, -7.5, nan, 1, 5), values(dtype, 2, 2, -2, -2, 1, inf, 0)
        expected = onnx_run("Mod", [x.astype(f64), y.astype(f64)], fmod=1).astype(dtype)
        emit(f"mod_{NAMES[dtype]}", "glm.mod %0, %1 : {ins} -> {out}", [x, y], expected)
        x, y = values(dtype, 2, 2, -2, -8, 0, 4, nan, inf, 1, 0), values(dtype, 3, -1, 3, 1 / 3, 0, 0.5, 0, -1, nan, -1)
        expected = onnx_run("Pow", [x.astype(f64), y.astype(f64)]).astype(dtype)
        emit(f"pow_{NAMES[dtype]}", "glm.pow %0, %1 : {ins} -> {out}", [x, y], expected, False)
    for dtype in [i32, i64]:
        x, y = values(dtype, 2, -3, 0, 1, 7, 3, -1, -1), values(dtype, 10, 3, 0, 40, 1, 19, 4, 5)
        emit(f"pow_{NAMES[dtype]}", "glm.pow %0, %1 : {ins} -> {out}", [x, y], onnx_run("Pow", [x, y]))


def integer_division_cases():
    for dtype in SIGNED + UNSIGNED:
        limits = np.iinfo(dtype)
        x, y = values(dtype, 7, 8, 0, limits.max, limits.max), values(dtype, 3, 4, 5, 10, limits.max)
        if dtype in SIGNED:
            x = np.concatenate([x, values(dtype, -7, 7, -7, -6, limits.min, 5)])
            y = np.concatenate([y, values(dtype, 3, -3, -3, 3, 7, -1)])
        emit(f"mod_{NAMES[dtype]}", "glm.mod %0, %1 : {ins} -> {out}", [x, y], onnx_run("Mod", [x, y], fmod=0))
        zero = values(dtype, 3, 0)
        for mnemonic in ["div", "mod"]:
            emit(f"{mnemonic}_zero_{NAMES[dtype]}", f"glm.{mnemonic} %0, %1 : {{ins}} -> {{out}}", [zero, zero],
                 mlir(zero))
        if dtype in SIGNED:
            # What NumPy gives; C++ has no meaning for it.
            x, y = values(dtype, limits.min), values(dtype, -1)
            emit(f"div_overflow_{NAMES[dtype]}", "glm.div %0, %1 : {ins} -> {out}", [x, y], np.floor_divide(x, y))
            emit(f"mod_overflow_{NAMES[dtype]}", "glm.mod %0, %1 : {ins} -> {out}", [x, y], np.mod(x, y))
    # NumPy refuses negative powers of integers; truncated as ONNX Runtime does.
    x, y = values(i32, 1, -1, -1, 2, -3), values(i32, -1, -1, -2, -1, -3)
    emit("pow_negative", "glm.pow %0, %1 : {ins} -> {out}", [x, y], np.trunc(np.power(x.astype(f64), y)).astype(i32))
    x = values(i64, 2, 0)
    emit("pow_zero_negative", "glm.pow %0, %1 : {ins} -> {out}", [x, values(i64, 1, -1)], mlir(x))


def comparison_cases():
    for mnemonic, op_type in {"max": "Max", "min": "Min", "equal": "Equal", "less": "Less",
                              "less_equal": "LessOrEqual"}.items():
        output = None if mnemonic in ("max", "min") else b1
        text = f"glm.{mnemonic} %0, %1 : {{ins}} -> {{out}}"
        for dtype in FLOATS + SIGNED + UNSIGNED:
            if dtype in FLOATS:
                x, y = values(dtype, 1, 2, 2, nan, 1, inf, -inf, nan), values(dtype, 2, 1, 2, 1, nan, inf, inf, nan)
            else:
                limits = np.iinfo(dtype)
                x = values(dtype, 1, 2, 2, limits.max, limits.min, limits.max)
                y = values(dtype, 2, 1, 2, 1, limits.max, limits.min)
            emit(f"{mnemonic}_{NAMES[dtype]}", text, [x, y], onnx_run(op_type, [x, y], output))
        x, y = some(i32, 3, 1, low=-2, high=2), some(i32, 1, 4, low=-2, high=2)
        emit(f"{mnemonic}_broadcast", text, [x, y], onnx_run(op_type, [x, y], output))
    x, y = values(b1, False, False, True, True), values(b1, False, True, False, True)
    emit("equal_i1", "glm.equal %0, %1 : {ins} -> {out}", [x, y], onnx_run("Equal", [x, y], b1))
    for mnemonic in ["and", "or", "xor"]:
        for name, left in {"": x, "_rank0": np.array(True)}.items():
            emit(mnemonic + name, f"glm.{mnemonic} %0, %1 : {{ins}} -> {{out}}", [left, y],
                 onnx_run(mnemonic.capitalize(), [left, y]))


def where_cases():
    for dtype in FLOATS + SIGNED + UNSIGNED + [b1]:
        c, x, y = some(b1, 2, 1, 3), some(dtype, 4, 1), some(dtype)
        emit(f"where_{NAMES[dtype]}", "glm.where %0, %1, %2 : {ins} -> {out}", [c, x, y],
             onnx_run("Where", [c, x, y], dtype))
    inputs = [np.array(False), values(f32, 1, 2), values(f32, -inf, nan)]
    emit("where_rank0", "glm.where %0, %1, %2 : {ins} -> {out}", inputs, onnx_run("Where", inputs, f32))


# --- Movement ------------------------------------------------------------------

def listed(numbers):
    return "[" + ", ".join(str(n) for n in numbers) + "]"


def movement_cases():
    for dtype in [b1, i8, f16, bf16, i32, f32, f64]:
        x = some(dtype, 2, 3, 4)
        for order in ([2, 1, 0], [1, 0, 2], [0, 1, 2], [0, 2, 1]):
            emit(f"transpose_{NAMES[dtype]}_{''.join(map(str, order))}", f"glm.transpose %0 {listed(order)} : {{ins}} -> {{out}}",
                 [x], onnx_run("Transpose", [x], perm=order))
    x = np.array(5, f32)
    emit("transpose_rank0", "glm.transpose %0 [] : {ins} -> {out}", [x], onnx_run("Transpose", [x]))
    x = some(f32, 2, 0, 3)
    emit("transpose_empty", "glm.transpose %0 [2, 0, 1] : {ins} -> {out}", [x], onnx_run("Transpose", [x], perm=[2, 0, 1]))
    x = some(f32, 2, 6)
    for shape in ([3, 4], [12], [1, 2, 1, 6]):
        emit(f"reshape_{len(shape)}", "glm.reshape %0 : {ins} to {out}", [x],
             onnx_run("Reshape", [x, np.array(shape, i64)]))
    x = some(f32, 1)
    emit("reshape_rank0", "glm.reshape %0 : {ins} to {out}", [x], onnx_run("Reshape", [x, np.zeros(0, i64)]))
    slice_cases()
    for axis, shapes in [(0, [(2, 3), (1, 3)]), (1, [(2, 3), (2, 1), (2, 4)]), (1, [(2, 0), (2, 3)]), (2, [(2, 2, 1), (2, 2, 2)])]:
        inputs = [some(f32, *shape) for shape in shapes]
        operands = ", ".join(f"%{i}" for i in range(len(inputs)))
        emit(f"concat_{axis}_{len(inputs)}", f"glm.concat {operands} axis {axis} : ({{ins}}) -> {{out}}", inputs,
             onnx_run("Concat", inputs, axis=axis))
    for shape, to in [((1, 3), (2, 1, 3)), ((1, 3), (2, 4, 3)), ((), (2, 2)), ((3, 1), (3, 4)), ((1,), (0,)), ((2,), (2,))]:
        x = some(i64, *shape)
        emit("expand_" + "x".join(map(str, to)), "glm.expand %0 : {ins} to {out}", [x],
             onnx_run("Expand", [x, np.array(to, i64)]))
    for shape, repeats in [((2, 3), (1, 2)), ((2, 3), (2, 2)), ((2,), (0,)), ((), ()), ((1, 2, 1), (3, 1, 2))]:
        x = some(f16, *shape)
        emit("tile_" + "x".join(map(str, repeats)), f"glm.tile %0 {listed(repeats)} : {{ins}} -> {{out}}", [x],
             onnx_run("Tile", [x, np.array(repeats, i64)]))
    for shape, start, end in [((2, 3), 0, 2), ((2, 3, 4), 1, 2), ((), 0, 0), ((5, 0), 0, 2)]:
        x = some(f32, *shape)
        emit(f"shape_{'x'.join(map(str, shape))}_{start}_{end}", f"glm.shape %0 [{start} : {end}] : {{ins}} -> {{out}}", [x],
             onnx_run("Shape", [x], i64, start=start, end=end))


def slice_cases():
    """ONNX's starts, ends and steps; ours are clamped starts and a result type."""
    for i, (shape, slices) in enumerate([
            ((2, 8), [(0, 2, 1), (1, 8, 2)]), ((2, 8), [(1, 2, 1), (7, -100, -3)]), ((5,), [(4, -100, -1)]),
            ((5,), [(-2, 100, 1)]), ((3, 4), [(0, 3, 2), (3, 0, -2)]), ((4, 3), [(2, 2, 1), (0, 3, 1)]),
            ((2, 3, 4), [(1, 2, 1), (0, 3, 1), (-1, -5, -1)])]):
        x = some(f32, *shape)
        starts, ends, steps = (np.array([s[k] for s in slices], i64) for k in range(3))
        expected = onnx_run("Slice", [x, starts, ends, np.arange(len(shape), dtype=i64), steps])
        clamped = [s + dim if s < 0 else s for s, dim in zip(starts, shape)]
        emit(f"slice_{i}", f"glm.slice %0 {listed(clamped)} step {listed(steps)} : {{ins}} to {{out}}", [x], expected)


def gather_cases():
    gather = "glm.gather %0, %1 axis {axis} : {ins} -> {out}"
    for axis, shape, indices in [(0, (4, 3), [[0, -1, 2]]), (1, (4, 3), [2, -3]), (1, (2, 3, 2), 1), (0, (3,), -3),
                                 (2, (2, 1, 5), [[4, 0], [-5, 2]]), (0, (4, 2), []), (1, (0, 3), [0])]:
        for index in (i32, i64):
            x, i = some(f32, *shape), np.array(indices, index)
            emit(f"gather_{axis}_{len(shape)}_{i.size}_{NAMES[index]}", gather.replace("{axis}", str(axis)), [x, i],
                 onnx_run("Gather", [x, i], axis=axis))
    for index in (4, -5, 2**40, -2**63):
        x, i = some(f32, 4, 3), values(i64, 0, index)
        emit(f"gather_outside_{index}", gather.replace("{axis}", "0"), [x, i], "tensor<2x3xf32>")
    gather_nd = "glm.gather_nd %0, %1 batch {batch} : {ins} -> {out}"
    for batch, shape, indices in [(0, (4, 5, 6), [[0], [3], [-4]]), (0, (4, 5, 6), [[0, 1], [3, -1]]),
                                  (0, (2, 2), [[[1, 1]], [[0, -2]]]), (1, (2, 3, 4), [[[1], [0]], [[2], [-1]]]),
                                  (2, (2, 2, 3), [[[0], [1]], [[2], [-3]]]), (1, (2, 3, 4), [[1], [2]]), (1, (2, 3, 2), [[0, 1], [-1, -1]])]:
        x, i = some(i16, *shape, high=99), np.array(indices, i64)
        emit(f"gather_nd_{batch}_{'x'.join(map(str, shape + i.shape))}", gather_nd.replace("{batch}", str(batch)), [x, i],
             onnx_run("GatherND", [x, i], batch_dims=batch))
    x, i = some(f32, 2, 2), np.array([[1, 2]], i64)
    emit("gather_nd_outside", gather_nd.replace("{batch}", "0"), [x, i], "tensor<1xf32>")
    scatter_nd = "glm.scatter_nd %0, %1, %2 : {ins} -> {out}"
    for shape, indices, rest in [((4, 5), [[0], [-1]], (5,)), ((8,), [[4], [3], [1], [7]], ()), ((2, 3, 2), [[0, 1], [1, -1]], (2,)),
                                 ((5,), [[2], [2], [-3]], ()), ((3, 2), [[[0], [2]]], (2,)), ((4,), np.zeros((0, 1)), ())]:
        i = np.array(indices, i64)
        x, u = some(f32, *shape), some(f32, *i.shape[:-1], *rest)
        emit(f"scatter_nd_{'x'.join(map(str, shape + i.shape))}", scatter_nd, [x, i, u], onnx_run("ScatterND", [x, i, u]))
    inputs = [some(f32, 4), np.array([[4]], i64), some(f32, 1)]
    emit("scatter_nd_outside", scatter_nd, inputs, "tensor<4xf32>")


# --- Matmul and reductions -----------------------------------------------------

def matmul_cases():
    text = "glm.matmul %0, %1{how} : {ins} -> {out}"
    for left, right in [((2, 3), (3, 4)), ((1, 7, 8), (8, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 1), (1, 3)), ((2, 0), (0, 3)),
                        ((1, 1), (1, 1)), ((4, 2, 3), (4, 3, 2))]:
        for dtype in [f32, f64, f16, bf16]:
            x, y = some(dtype, *left, low=-1, high=1), some(dtype, *right, low=-1, high=1)
            expected = onnx_run("MatMul", [x.astype(f64), y.astype(f64)]).astype(dtype)
            name = "x".join(map(str, left)) + "_" + "x".join(map(str, right)) + "_" + NAMES[dtype]
            emit("matmul_" + name, text.replace("{how}", ""), [x, y], expected, False)
            turned = np.ascontiguousarray(np.swapaxes(y, -1, -2))
            emit("matmul_transposed_" + name, text.replace("{how}", " transposed"), [x, turned], expected, False)
    for dtype in [i32, i64, u32, u64]:
        x, y = some(dtype, 2, 3, high=2**30), some(dtype, 3, 2, high=2**30)
        emit(f"matmul_{NAMES[dtype]}", text.replace("{how}", ""), [x, y], onnx_run("MatMul", [x, y]))
    x, y = values(f32, nan, 1, inf, 0).reshape(2, 2), values(f32, 1, 2, 3, 4).reshape(2, 2)
    emit("matmul_nan", text.replace("{how}", ""), [x, y], onnx_run("MatMul", [x, y]), False)


def reduction_cases():
    for kind in ["sum", "mean", "max", "min", "prod"]:
        op_type = "Reduce" + kind.capitalize()
        text = f'glm.reduce "{kind}" %0 {{axes}} : {{ins}} -> {{out}}'
        for shape, axes in [((2, 3, 4), [2]), ((2, 3, 4), [0, 2]), ((2, 3, 4), [1]), ((2, 3), [0, 1]), ((3, 1), [1]), ((0, 3), [1])]:
            for dtype in [f32, f16, f64, i32, i64]:
                x = some(dtype, *shape, low=-4, high=5)
                wide = x if dtype.kind == "i" else x.astype(f64)
                expected = onnx_run(op_type, [wide, np.array(axes, i64)], keepdims=1).astype(dtype)
                if kind == "mean" and dtype.kind == "i":
                    # NumPy divides as floats and ONNX's reference then truncates.
                    assert np.array_equal(expected, np.trunc(np.mean(x, axis=tuple(axes), keepdims=True)).astype(dtype))
                emit(f"{kind}_{'x'.join(map(str, shape))}_{'_'.join(map(str, axes))}_{NAMES[dtype]}", text.replace("{axes}", listed(axes)), [x], expected,
                     dtype.kind == "i")
        x = values(f32, 1, nan, 3, inf, -inf, 0).reshape(2, 3)
        emit(f"{kind}_nan", text.replace("{axes}", "[1]"), [x], onnx_run(op_type, [x, values(i64, 1)], keepdims=1), False)
        x = some(f32, 2, 2)
        emit(f"{kind}_no_axes", text.replace("{axes}", "[]"), [x],
             onnx_run(op_type, [x, np.zeros(0, i64)], keepdims=1, noop_with_empty_axes=1), False)
        x = np.array(3.5, f32)
        emit(f"{kind}_rank0", text.replace("{axes}", "[]"), [x], x)
    for kind, op_type in [("sum", "ReduceSum"), ("prod", "ReduceProd"), ("max", "ReduceMax"), ("min", "ReduceMin")]:
        for dtype in [f32, i32] if kind in ("max", "min") else [f32, i64]:
            x = np.zeros((2, 0), dtype)
            emit(f"{kind}_of_nothing_{NAMES[dtype]}", f'glm.reduce "{kind}" %0 [1] : {{ins}} -> {{out}}', [x],
                 onnx_run(op_type, [x, values(i64, 1)], keepdims=1))
    for dtype in [i8, u8, i64, u64]:
        limits = np.iinfo(dtype)
        x = values(dtype, limits.max, 1, limits.min).reshape(1, 3)
        for kind in ["max", "min"]:
            emit(f"{kind}_limits_{NAMES[dtype]}", f'glm.reduce "{kind}" %0 [1] : {{ins}} -> {{out}}', [x],
                 onnx_run("Reduce" + kind.capitalize(), [x, values(i64, 1)], keepdims=1))
    emit("mean_of_nothing_i64", 'glm.reduce "mean" %0 [1] : {ins} -> {out}', [np.zeros((2, 0), i64)], "tensor<2x1xi64>")
    for dtype in FLOATS:
        for axis in (0, 1, 2):
            x = some(dtype, 2, 3, 4)
            expected = onnx_run("Softmax", [x.astype(f64)], axis=axis).astype(dtype)
            emit(f"softmax_{axis}_{NAMES[dtype]}", f"glm.softmax %0 axis {axis} : {{ins}}", [x], expected, False)
    x = values(f32, 1, -inf, 2, -inf, -inf, -inf, 1000, 1001, 1002, nan, 1, 2, inf, 1, 2).reshape(5, 3)
    emit("softmax_infinite", "glm.softmax %0 axis 1 : {ins}", [x], onnx_run("Softmax", [x], axis=1), False)
    x = np.zeros((2, 0), f32)
    emit("softmax_empty", "glm.softmax %0 axis 1 : {ins}", [x], x)


# --- What language models are made of -------------------------------------------

def gated_cases():
    for dtype in FLOATS:
        x = values(dtype, *(n for n in SPECIALS if n != -inf))
        wide = x.astype(f64)
        # The definitions of Gelu-20; NumPy has no erf.
        erf = np.vectorize(math.erf)(wide / np.sqrt(2))
        emit(f"gelu_{NAMES[dtype]}", "glm.gelu %0 : {ins}", [x], (wide / 2 * (1 + erf)).astype(dtype), False)
        tanh = np.tanh(np.sqrt(2 / np.pi) * (wide + 0.044715 * wide**3))
        emit(f"gelu_tanh_{NAMES[dtype]}", "glm.gelu %0 tanh : {ins}", [x], (wide / 2 * (1 + tanh)).astype(dtype), False)
        gate, up = some(dtype, 2, 5), some(dtype, 2, 5)
        expected = onnx_run("Swish", [gate.astype(f64)], opset=24) * up.astype(f64)
        emit(f"swiglu_{NAMES[dtype]}", "glm.swiglu %0, %1 : " + mlir(gate), [gate, up], expected.astype(dtype), False)


def norm_cases():
    # Of f64 the order of a sum shows, which NumPy does not fix.
    for dtype in [f16, bf16, f32]:
        for shape in [(2, 3, 8), (5,), (3, 1), (0, 4)]:
            x, scale, bias = some(dtype, *shape), some(dtype, shape[-1]), some(dtype, shape[-1])
            name = "x".join(map(str, shape)) + "_" + NAMES[dtype]
            wide = [v.astype(f64) for v in (x, scale, bias)]
            for epsilon in [1e-5, 0.25]:
                squares = np.mean(wide[0] ** 2, axis=-1, keepdims=True)
                expected = wide[0] / np.sqrt(squares + epsilon) * wide[1]
                if dtype == f32 and x.size:
                    # ONNX knows the attribute as f32, hence not the expected values themselves.
                    got = onnx_run("RMSNormalization", wide[:2], opset=23, axis=-1, epsilon=epsilon)
                    assert np.allclose(got, expected, rtol=1e-6)
                emit(f"rms_norm_{name}_{epsilon}", f"glm.rms_norm %0, %1 epsilon {epsilon:e} : {{ins}}", [x, scale],
                     expected.astype(dtype), False)
                centred = wide[0] - np.mean(wide[0], axis=-1, keepdims=True)
                deviation = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + epsilon)
                expected = centred / deviation * wide[1] + wide[2]
                if dtype == f32 and x.size:
                    got = onnx_run("LayerNormalization", wide, opset=17, axis=-1, epsilon=epsilon)
                    assert np.allclose(got, expected, rtol=1e-5, atol=1e-5)
                emit(f"layer_norm_{name}_{epsilon}", f"glm.layer_norm %0, %1, %2 epsilon {epsilon:e} : {{ins}}",
                     [x, scale, bias], expected.astype(dtype), False)
    x = values(f32, 0, 0, 0, nan, 1, 2, inf, 1, 2).reshape(3, 3)
    emit("rms_norm_nan", "glm.rms_norm %0, %1 epsilon 0.0 : {ins}", [x, values(f32, 1, 1, 1)],
         values(f32, nan, nan, nan, nan, nan, nan, nan, 0, 0).reshape(3, 3), False)


def rotary_cases():
    for dtype in FLOATS:
        for batch, shared, tokens, heads, features, pairs in [(1, True, 3, 2, 8, 4), (2, True, 3, 4, 6, 2), (2, False, 2, 1, 4, 2),
                                                              (1, True, 1, 2, 3, 1), (2, False, 3, 2, 4, 0), (1, True, 0, 2, 4, 2)]:
            x = some(dtype, batch, tokens, heads * features)
            cos, sin = (some(dtype, 1 if shared else batch, tokens, pairs, low=-1, high=1) for _ in range(2))
            for interleaved in (0, 1):
                if pairs and tokens:
                    # ONNX takes heads out of the middle, and reads 0 as all features.
                    repeated = [np.ascontiguousarray(np.broadcast_to(c, (batch, tokens, pairs))).astype(f64) for c in (cos, sin)]
                    expected = onnx_run("RotaryEmbedding", [x.astype(f64), *repeated], opset=23, num_heads=heads,
                                        interleaved=interleaved, rotary_embedding_dim=2 * pairs)
                else:
                    expected = x
                emit(f"rotary_{batch}_{int(shared)}_{tokens}_{heads}_{features}_{pairs}_{interleaved}_{NAMES[dtype]}",
                     f"glm.rotary %0, %1, %2 heads {heads}{' interleaved' if interleaved else ''} : {{ins}}", [x, cos, sin],
                     expected.astype(dtype).reshape(x.shape), False)


def onnx_attention(q, k, v, mask, heads, kv_heads, scale, causal):
    """ONNX's Attention; causal with more keys than queries is a past of the first keys."""
    def head_major(x, count):
        return x if x.ndim == 4 else np.swapaxes(x.reshape(*x.shape[:2], count, -1), 1, 2)
    q, k, v = (head_major(x.astype(f64), n) for x, n in ((q, heads), (k, kv_heads), (v, kv_heads)))
    inputs = [q, k, v]
    if mask is not None:
        mask = np.ascontiguousarray(np.broadcast_to(mask, (*q.shape[:3], k.shape[2])))
        mask = np.where(mask, 0.0, -inf) if mask.dtype == b1 else mask.astype(f64)
    past = k.shape[2] - q.shape[2]
    if causal and past:
        empty = np.zeros((*q.shape[:3], k.shape[2]))
        inputs = [q, k[:, :, past:], v[:, :, past:], empty if mask is None else mask, k[:, :, :past], v[:, :, :past]]
    elif mask is not None:
        inputs.append(mask)
    y = onnx_run("Attention", [np.ascontiguousarray(x) for x in inputs], opset=23, scale=scale, is_causal=int(causal))
    return np.swapaxes(y, 1, 2).reshape(q.shape[0], q.shape[2], -1)


def attention_cases():
    text = "glm.attention %0, %1, %2{mask} heads {heads} kv_heads {kv} scale {scale}{flags} : ({ins}) -> {out}"
    shapes = [  # batch, queries, keys, heads, kv heads, features, value features
        (1, 3, 3, 2, 2, 4, 4), (2, 2, 5, 4, 2, 3, 2), (1, 1, 6, 6, 2, 4, 4), (2, 4, 4, 3, 1, 2, 5)]
    masks = [lambda b, h, s, t: None, lambda b, h, s, t: some(b1, 1, 1, s, t), lambda b, h, s, t: some(f32, b, h, s, t),
             lambda b, h, s, t: some(f32, b, 1, 1, t), lambda b, h, s, t: some(b1, b, h, 1, 1)]
    for dtype in [f32, f16]:
        for i, (b, s, t, h, g, d, dv) in enumerate(shapes):
            for j, (causal, make_mask) in enumerate((c, m) for c in (False, True) for m in masks):
                q = some(dtype, b, s, h * d, low=-2, high=2)
                k = some(dtype, *((b, t, g * d) if j % 2 else (b, g, t, d)), low=-2, high=2)
                v = some(dtype, *((b, t, g * dv) if j % 3 else (b, g, t, dv)), low=-2, high=2)
                mask = make_mask(b, h, s, t)
                if mask is not None and mask.dtype != b1:
                    mask = mask.astype(dtype)
                expected = onnx_attention(q, k, v, mask, h, g, 0.25, causal)
                inputs = [q, k, v] + ([] if mask is None else [mask])
                filled = (text.replace("{mask}", "" if mask is None else " mask %3").replace("{heads}", str(h))
                          .replace("{kv}", str(g)).replace("{scale}", "0.25"))
                # ONNX's is guarded. Without a guard, softmax of such a row is NaN.
                emit(f"attention_{i}_{j}_{NAMES[dtype]}", filled.replace("{flags}", (" causal" if causal else "") + " guarded"),
                     inputs, expected.astype(dtype), False)
                if mask is not None and mask.dtype == b1:
                    allowed = np.broadcast_to(mask, (b, h, s, t))
                    if causal:
                        allowed = allowed & (np.arange(t) <= np.arange(s)[:, None] + t - s)
                    nothing = ~np.swapaxes(allowed.any(axis=-1), 1, 2)
                    bare = np.where(nothing[..., None], nan, expected.reshape(b, s, h, dv)).reshape(expected.shape)
                    emit(f"attention_bare_{i}_{j}_{NAMES[dtype]}", filled.replace("{flags}", " causal" if causal else ""),
                         inputs, bare.astype(dtype), False)
    # More queries than keys: the first ones come before every key.
    q, k = some(f32, 1, 3, 2), some(f32, 1, 1, 2)
    emit("attention_before", "glm.attention %0, %1, %2 heads 1 kv_heads 1 scale 1.0 causal guarded : ({ins}) -> {out}", [q, k, k],
         np.concatenate([np.zeros((1, 2, 2), f32), k], axis=1), False)


def cache_cases():
    """Attention with room for more keys than there are, and writes to caches."""
    text = "glm.attention %0, %1, %2 past %3 heads 4 kv_heads 2 scale 0.25{flags} : ({ins}) -> {out}"
    for dtype in [f32, f16]:
        for tokens, past, count in [(1, 0, i64), (1, 5, i64), (3, 2, i32), (3, 13, i64), (3, 99, i64), (3, -4, i32)]:
            for causal in (False, True):
                room, at = 16, min(max(past, 0), 16 - tokens)
                q, k, v = some(dtype, 1, tokens, 16), some(dtype, 1, 2, room, 4), some(dtype, 1, 2, room, 4)
                k[:, :, at + tokens:], v[:, :, at + tokens:] = nan, inf  # no key's
                expected = onnx_attention(q, k[:, :, :at + tokens], v[:, :, :at + tokens], None, 4, 2, 0.25, causal)
                emit(f"attention_past_{tokens}_{past}_{NAMES[count]}_{int(causal)}_{NAMES[dtype]}",
                     text.replace("{flags}", " causal" if causal else ""), [q, k, v, np.array([past], count)],
                     expected.astype(dtype), False)
    mask = some(b1, 1, 1, 3, 16) | np.eye(3, 16, 2, dtype=b1)
    q, k, v = some(f32, 1, 3, 16), some(f32, 1, 2, 16, 4), some(f32, 1, 2, 16, 4)
    expected = onnx_attention(q, k[:, :, :5], v[:, :, :5], mask[..., :5], 4, 2, 0.25, True)
    emit("attention_past_mask", "glm.attention %0, %1, %2 mask %3 past %4 heads 4 kv_heads 2 scale 0.25 causal : ({ins}) -> {out}",
         [q, k, v, mask, np.array([2], i64)], expected.astype(f32), False)
    for dtype in [f32, f16, i8, b1]:
        for tokens, at, head_major in [(1, 0, False), (3, 2, False), (3, 5, True), (3, 99, True), (2, -1, False), (8, 0, True)]:
            cache, new = some(dtype, 2, 3, 8, 4), some(dtype, 2, 3, tokens, 4)
            y, first = cache.copy(), min(max(at, 0), 8 - tokens)
            y[:, :, first:first + tokens] = new
            given = new if head_major else np.swapaxes(new, 1, 2).reshape(2, tokens, 12)
            emit(f"cache_write_{tokens}_{at}_{int(head_major)}_{NAMES[dtype]}",
                 "glm.cache_write %0, %1 at %2 : {ins}", [cache, given, np.array([at], i64)], y, True)


def dequantize(q, scales, zeros, axis, group):
    """The op's definition in NumPy, for what DequantizeLinear does not know."""
    def repeated(parameter):
        for d, size in enumerate(q.shape):
            index = np.arange(size) // (group if d == axis else 1)
            parameter = np.take(parameter, np.minimum(index, parameter.shape[d] - 1), axis=d)
        return parameter.astype(f32)
    centred = q.astype(f32) if zeros is None else q.astype(f32) - repeated(zeros)
    return centred * repeated(scales)


def quantized_cases():
    i4, u4 = np.dtype(ml_dtypes.int4), np.dtype(ml_dtypes.uint4)
    text = "glm.dequantize %0, %1{zeros} axis {axis} group {group} : {ins} -> {out}"

    def one(name, q, scales, zeros, axis, group):
        inputs = [q, scales] + ([] if zeros is None else [zeros])
        expected = dequantize(q, scales, zeros, axis, group)
        op = text.replace("{zeros}", "" if zeros is None else " zeros %2")
        emit("dequantize_" + name, op.replace("{axis}", str(axis)).replace("{group}", str(group)), inputs, expected)
        return expected

    for dtype in (i8, u8, i4, u4):
        low, high = (0, 16) if dtype == u4 else (-8, 8) if dtype == i4 else (np.iinfo(dtype).min, np.iinfo(dtype).max + 1)
        q = random.integers(low, high, (8, 3)).astype(dtype)
        scales = random.normal(size=(2, 3)).astype(f16)
        zeros = random.integers(low, high, (2, 3)).astype(dtype)
        one(NAMES[dtype], q, scales, None, 0, 4)
        one(NAMES[dtype] + "_zeros", q, scales, zeros, 0, 4)
        if dtype in (i8, u8):
            scale = scales.astype(f32)
            ours, onnx_says = dequantize(q, scale, zeros, 0, 4), onnx_run(
                "DequantizeLinear", [q, scale, zeros], f32, axis=0, block_size=4)
            assert (ours == onnx_says).all()
    q = random.integers(-128, 128, (2, 7)).astype(i8)
    one("ragged", q, random.normal(size=(2, 3)).astype(f32), None, 1, 3)
    one("channels", q, random.normal(size=(2, 1)).astype(bf16), random.normal(size=(2, 1)).astype(f32), 1, 7)
    one("tensor", q, random.normal(size=(1, 1)).astype(f32), None, 0, 1)
    # Left sides that are rounded: exact products of small integers, so that the
    # order of sums does not matter.
    x = (random.integers(-127, 128, (2, 6)) / 8).astype(f32)
    x[0, 0], x[0, 4], x[1, 3], x[1, 4:] = 127 / 8, -127 / 8, -127 / 8, 0
    y = random.integers(-8, 8, (6, 3)).astype(f32)
    emit("matmul_rounded_exact", "glm.matmul %0, %1 lhs_group 4 : {ins} -> {out}", [x, y], x @ y)
    x = random.normal(size=(3, 10)).astype(f32)
    y = random.normal(size=(2, 10)).astype(f32)
    rounded = np.zeros_like(x)
    for begin in range(0, 10, 4):
        part = x[:, begin:begin + 4]
        scale = np.abs(part).max(1, keepdims=True) / f32.type(127)
        rounded[:, begin:begin + 4] = np.rint(part / scale) * scale
    emit("matmul_rounded", "glm.matmul %0, %1 transposed lhs_group 4 : {ins} -> {out}", [x, y],
         (rounded.astype(f64) @ y.T.astype(f64)).astype(f32), False)


def conv_cases():
    own = np.random.default_rng(30)
    floats = lambda *shape: own.normal(size=shape).astype(f32)

    def attributes(x, kernel, strides=None, dilations=None, pads=None):
        space = x.ndim - 2
        return {"kernel_shape": list(kernel), "strides": strides or [1] * space, "dilations": dilations or [1] * space,
                "pads": pads or [0] * 2 * space}

    def text(op, how, extra=""):
        return (f"glm.{op} kernel {how['kernel_shape']} strides {how['strides']} dilations {how['dilations']} "
                f"pads {how['pads']}{extra} : {{ins}} -> {{out}}")

    def conv(name, x, w, groups=1, **given):
        how = attributes(x, w.shape[2:], **given)
        # Summed in f64 and rounded once, as unary functions are.
        expected = onnx_run("Conv", [x.astype(f64), w.astype(f64)], group=groups, **how).astype(x.dtype)
        emit("conv_" + name, text("conv %0, %1", how, f" groups {groups}"), [x, w.reshape(len(w), -1)], expected, False)
        first, last = np.moveaxis(x, 1, -1), np.moveaxis(w, 1, -1).reshape(len(w), -1)
        emit("conv_last_" + name, text("conv %0, %1", how, f" groups {groups} channels_last"), [first, last],
             np.moveaxis(expected, 1, -1), False)

    conv("plain", floats(2, 3, 5, 6), floats(4, 3, 3, 2), pads=[1, 0, 2, 1], strides=[2, 1])
    conv("dilated", floats(1, 2, 7, 7), floats(3, 2, 3, 3), dilations=[2, 3], pads=[2, 1, 0, 3])
    conv("groups", floats(1, 6, 4, 4), floats(4, 3, 2, 2), groups=2)
    conv("depthwise", floats(1, 3, 4, 4), floats(6, 1, 3, 3), groups=3, pads=[1, 1, 1, 1])
    conv("line", floats(2, 2, 9), floats(3, 2, 4), strides=[2], pads=[3, 1])
    conv("f64", floats(1, 2, 3, 3).astype(f64), floats(2, 2, 2, 2).astype(f64))
    # Integers: padded by hand, and exact in f64.
    for dtype, pad in ((i8, -3), (u8, 200)):
        x = own.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, (1, 4, 5, 4)).astype(dtype)
        w = own.integers(-128, 128, (3, 4, 3, 3)).astype(i8)
        wide = np.pad(x.astype(f64), ((0, 0), (0, 0), (1, 1), (2, 0)), constant_values=pad)
        expected = onnx_run("Conv", [wide, w.astype(f64)], kernel_shape=[3, 3]).astype(i32)
        how = attributes(x, (3, 3), pads=[1, 2, 1, 0])
        emit(f"conv_{NAMES[dtype]}", text("conv %0, %1", how, f" groups 1 pad_value {pad}"), [x, w.reshape(3, -1)], expected)
    x, w = own.integers(-128, 128, (3, 5)).astype(i8), own.integers(-128, 128, (2, 5)).astype(i8)
    emit("conv_without_space", "glm.conv %0, %1 kernel [] strides [] dilations [] pads [] groups 1 : {ins} -> {out}",
         [x, w], x.astype(i32) @ w.astype(i32).T)

    def pool(name, kind, x, kernel, ceil=0, include=0, exact=False, **given):
        how = attributes(x, kernel, **given)
        onnx_attributes = dict(how, ceil_mode=ceil)
        if kind == "average":
            onnx_attributes["count_include_pad"] = include
        # In f64: ONNX's evaluator pads with NaN, which integers do not have.
        expected = onnx_run({"max": "MaxPool", "average": "AveragePool"}[kind], [x.astype(f64)],
                            **onnx_attributes).astype(x.dtype)
        extra = " ceil_mode" * ceil + " count_include_pad" * include
        emit("pool_" + name, text(f'pool "{kind}" %0', how, extra), [x], expected, exact)
        emit("pool_last_" + name, text(f'pool "{kind}" %0', how, extra + " channels_last"), [np.moveaxis(x, 1, -1)],
             np.moveaxis(expected, 1, -1), exact)

    x = floats(1, 2, 6, 7)
    pool("max", "max", x, (3, 2), strides=[2, 2], pads=[1, 0, 1, 1], exact=True)
    pool("max_dilated", "max", x, (2, 2), dilations=[3, 2], exact=True)
    pool("max_ceil", "max", x, (3, 3), strides=[2, 2], ceil=1, exact=True)
    pool("max_i8", "max", own.integers(-128, 128, (1, 2, 5, 5)).astype(i8), (2, 2), pads=[1, 1, 1, 1], exact=True)
    pool("max_u8", "max", own.integers(0, 256, (1, 2, 3, 5)).astype(u8), (2, 3), exact=True)
    pool("average", "average", x, (3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    pool("average_include", "average", x, (3, 3), pads=[1, 1, 1, 1], include=1)
    pool("average_ceil", "average", x, (3, 3), strides=[2, 2], ceil=1)
    x = own.integers(-128, 128, (1, 3, 4, 4)).astype(i8)
    summed = onnx_run("AveragePool", [x.astype(f64)], kernel_shape=[2, 2], strides=[2, 2]) * 4
    emit("pool_sum", text('pool "sum" %0', attributes(x, (2, 2), strides=[2, 2])), [x], summed.astype(i32))


if __name__ == "__main__":
    unary_cases()
    cast_cases()
    binary_cases()
    comparison_cases()
    where_cases()
    movement_cases()
    gather_cases()
    matmul_cases()
    reduction_cases()
    gated_cases()
    norm_cases()
    rotary_cases()
    attention_cases()
    cache_cases()
    quantized_cases()
    conv_cases()
