"""Makes the models of this folder, one a form of an operator, and what they give.

Expected outputs are ONNX Runtime's, or ONNX's reference evaluator's for forms
that ONNX Runtime's CPU provider lacks (`by=reference`). The results are
committed; run this only to change or add a model.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install onnx onnxruntime
    /tmp/venv/bin/python make_operators.py [NAME...]
"""

import os
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FOLDER = os.path.dirname(os.path.abspath(__file__))
MICROSOFT = "com.microsoft"
MADE = []


def random(*shape, seed=0, scale=1.0):
    return (np.random.default_rng(seed + sum(shape)).standard_normal(shape) * scale).astype(np.float32)


def int4(name, values, kind):
    """A 4-bit initializer, two elements a byte."""
    flat = np.asarray(values).reshape(-1).astype(np.int64) & 15
    flat = np.concatenate([flat, np.zeros(len(flat) % 2, np.int64)])
    packed = (flat[0::2] | flat[1::2] << 4).astype(np.uint8)
    return TensorProto(name=name, data_type=kind, dims=np.shape(values), raw_data=packed.tobytes())


def case(name, nodes, inputs, outputs, constants=(), opset=21, by=onnxruntime, sets=None, free=None,
         means=None):
    """A model of `nodes` on `inputs` (name: array), run on each of `sets`. Where
    nobody computes them right, `means` is what they stand for."""
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return
    sets = sets or [inputs]
    value = lambda key, array: helper.make_tensor_value_info(
        key, helper.np_dtype_to_tensor_dtype(array.dtype), (free or {}).get(key, array.shape))
    initializers = [each if isinstance(each, TensorProto) else numpy_helper.from_array(*each[::-1])
                    for each in (constants.items() if isinstance(constants, dict) else constants)]
    domains = {node.domain for node in nodes} - {""}
    # Types of outputs are inferred by whoever computes them.
    graph = helper.make_graph(means or nodes, name, [value(*item) for item in inputs.items()],
                              [onnx.ValueInfoProto(name=output) for output in outputs], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)] +
                              [helper.make_opsetid(domain, 1) for domain in sorted(domains)], producer_name="glmc-test")
    model.ir_version = 10 if opset <= 22 else 11
    results = []
    for data in sets:
        if by is onnxruntime:
            options = onnxruntime.SessionOptions()
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                                   providers=["CPUExecutionProvider"])
            results.append(session.run(outputs, data))
        else:
            results.append([np.asarray(each) for each in ReferenceEvaluator(model).run(outputs, data)])
    del graph.output[:]
    for output, result in zip(outputs, results[0]):
        graph.output.append(helper.make_tensor_value_info(
            output, helper.np_dtype_to_tensor_dtype(result.dtype), None if free else result.shape))
    if means:
        del graph.node[:], graph.initializer[:]
        graph.node.extend(nodes)
    model.graph.CopyFrom(graph)
    folder = os.path.join(FOLDER, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    for number, (data, result) in enumerate(zip(sets, results)):
        path = os.path.join(folder, f"test_data_set_{number}")
        os.makedirs(path)
        tensors = [("input", i, key, array) for i, (key, array) in enumerate(data.items())]
        tensors += [("output", i, key, array) for i, (key, array) in enumerate(zip(outputs, result))]
        for kind, i, key, array in tensors:
            with open(os.path.join(path, f"{kind}_{i}.pb"), "wb") as file:
                file.write(numpy_helper.from_array(array, key).SerializeToString(deterministic=True))
        finite = [float(np.abs(np.nan_to_num(each.astype(np.float64))).max(initial=0)) for each in result]
        print(f"{name}/{number}: {[each.shape for each in result]} largest {finite}"
              f"{' NaN' if any(np.isnan(each.astype(np.float64)).any() for each in result) else ''}")
    MADE.append(name)


def node(op, inputs, outputs, domain="", **attributes):
    return helper.make_node(op, inputs, outputs, name=f"{op.lower()}_{outputs[0]}", domain=domain, **attributes)


def norms():
    x, g = random(2, 3, 8), random(8, seed=1)
    case("rms_norm", [node("RMSNormalization", ["x", "g"], ["y"], epsilon=1e-3)], {"x": x, "g": g}, ["y"], opset=23)
    case("rms_norm_two_axes", [node("RMSNormalization", ["x", "g"], ["y"], axis=-2)],
         {"x": x, "g": random(3, 8, seed=2)}, ["y"], opset=23)
    # Normalised in f32, rounded, then scaled in f16.
    # ONNX's own is rounded before it is scaled, which ONNX Runtime forgets.
    case("rms_norm_f16", [node("RMSNormalization", ["x", "g"], ["y"])],
         {"x": x.astype(np.float16), "g": g.astype(np.float16)}, ["y"], opset=23,
         means=[node("Cast", ["x"], ["f"], to=TensorProto.FLOAT), node("Mul", ["f", "f"], ["squares"]),
                node("ReduceMean", ["squares", "axis"], ["mean"]), node("Add", ["mean", "epsilon"], ["sum"]),
                node("Sqrt", ["sum"], ["rms"]), node("Div", ["f", "rms"], ["n"]),
                node("Cast", ["n"], ["h"], to=TensorProto.FLOAT16), node("Mul", ["h", "g"], ["y"])],
         constants={"axis": np.array([-1]), "epsilon": np.float32(1e-5)}, by=ReferenceEvaluator)
    case("simplified_layer_norm_f16", [node("SimplifiedLayerNormalization", ["x", "g"], ["y"])],
         {"x": x.astype(np.float16), "g": g.astype(np.float16)}, ["y"])
    case("simplified_layer_norm", [node("SimplifiedLayerNormalization", ["x", "g"], ["y"], axis=-1, epsilon=1e-2)],
         {"x": x, "g": g}, ["y"])
    case("skip_simplified_layer_norm",
         [node("SkipSimplifiedLayerNormalization", ["x", "s", "g"], ["y", "", "", "sum"], MICROSOFT, epsilon=1e-2)],
         {"x": x, "s": random(2, 3, 8, seed=3), "g": g}, ["y", "sum"])
    case("skip_simplified_layer_norm_bias",
         [node("SkipSimplifiedLayerNormalization", ["x", "s", "g", "b"], ["y", "", "", "sum"], MICROSOFT)],
         {"x": x, "s": random(2, 3, 8, seed=3), "g": g, "b": random(8, seed=4)}, ["y", "sum"])


def angles(tokens, columns, seed=5):
    table = random(tokens, columns, seed=seed)
    return np.cos(table), np.sin(table)


def rotaries():
    cos, sin = angles(10, 4)
    positions = np.array([[3, 1, 9], [0, 2, 4]], np.int64)
    for interleaved in (0, 1):
        case(f"microsoft_rotary_{interleaved}",
             [node("RotaryEmbedding", ["x", "p", "c", "s"], ["y"], MICROSOFT, interleaved=interleaved, num_heads=2,
                   rotary_embedding_dim=8)],
             {"x": random(2, 3, 24), "p": positions, "c": cos, "s": sin}, ["y"])
        case(f"rotary_{interleaved}",
             [node("RotaryEmbedding", ["x", "c", "s", "p"], ["y"], interleaved=interleaved, num_heads=2,
                   rotary_embedding_dim=8)],
             {"x": random(2, 3, 24), "c": cos, "s": sin, "p": positions}, ["y"], opset=23)
    # Whole heads, as many as the tables are wide; the first token's position.
    case("microsoft_rotary_from_table", [node("RotaryEmbedding", ["x", "p", "c", "s"], ["y"], MICROSOFT)],
         {"x": random(1, 3, 24), "p": np.array([5], np.int64), "c": cos, "s": sin}, ["y"])
    case("microsoft_rotary_heads_first",
         [node("RotaryEmbedding", ["x", "p", "c", "s"], ["y"], MICROSOFT, interleaved=1)],
         {"x": random(2, 5, 3, 8), "p": positions, "c": cos, "s": sin}, ["y"])
    case("rotary_heads_first", [node("RotaryEmbedding", ["x", "c", "s", "p"], ["y"])],
         {"x": random(2, 5, 3, 8), "c": cos, "s": sin, "p": positions}, ["y"], opset=23)
    case("rotary_without_positions", [node("RotaryEmbedding", ["x", "c", "s"], ["y"], num_heads=3, interleaved=1)],
         {"x": random(2, 3, 24), "c": random(2, 3, 4), "s": random(2, 3, 4, seed=7)}, ["y"], opset=23)


def products():
    case("fused_matmul", [node("FusedMatMul", ["a", "b"], ["y"], MICROSOFT, transA=1, transB=1, alpha=0.5)],
         {"a": random(2, 5, 3), "b": random(4, 5)}, ["y"])
    case("fused_matmul_vector", [node("FusedMatMul", ["a", "b"], ["y"], MICROSOFT, transB=1)],
         {"a": random(3, 5), "b": random(5)}, ["y"])
    generator = np.random.default_rng(8)
    a, b = generator.integers(0, 256, (2, 3, 300), np.uint8), generator.integers(-128, 128, (300, 5), np.int8)
    # ONNX Runtime's sums of two products saturate at 16 bits on AVX2.
    case("matmul_integer", [node("MatMulInteger", ["a", "b"], ["y"])], {"a": a, "b": b}, ["y"], by=ReferenceEvaluator)
    case("matmul_integer_zero_points", [node("MatMulInteger", ["a", "b", "za", "zb"], ["y"])],
         {"a": a, "b": b}, ["y"], {"za": np.uint8(7), "zb": np.array([1, -2, 3, 0, 127], np.int8)},
         by=ReferenceEvaluator)


def n_bits(bits, n, k, block, zero=None, bias=False, level=1, rank=3, suffix="", kind=np.float32, size=0.1):
    generator = np.random.default_rng(bits + k)
    blocks, per_byte = -(-k // block), 8 // bits
    constants = {"b": generator.integers(0, 256, (n, blocks, block // per_byte), np.uint8),
                 "s": (generator.random((n, blocks)) * size).astype(kind)}
    inputs = ["a", "b", "s"]
    if zero == "packed":
        constants["z"] = generator.integers(0, 256, (n, -(-blocks // per_byte)), np.uint8)
    elif zero == "float":
        constants["z"] = (generator.random((n, blocks)) * 15).astype(kind)
    if zero or bias:
        inputs.append("z" if zero else "")
    if bias:
        inputs += ["", "bias"]
        constants["bias"] = random(n)
    name = f"matmul_{bits}_bits" + (f"_{zero}_zero" if zero else "") + ("_bias" if bias else "") + suffix
    case(name, [node("MatMulNBits", inputs, ["y"], MICROSOFT, K=k, N=n, bits=bits, block_size=block,
                     accuracy_level=level)], {"a": random(*(2, 3, k)[3 - rank:]).astype(kind)}, ["y"], constants)


def quantised():
    n_bits(4, 6, 40, 16, bias=True)  # The last block is half empty.
    n_bits(4, 6, 80, 16, "packed")  # 5 blocks: the last zero point has a byte alone.
    n_bits(4, 6, 64, 32, "float", rank=2)
    n_bits(8, 6, 64, 32)
    n_bits(8, 6, 48, 32, "packed")
    # Large enough to stay in the file: whole blocks, an odd number of them, half a one.
    n_bits(4, 33, 128, 32, suffix="_stored")
    n_bits(4, 33, 96, 32, "packed", bias=True, suffix="_stored")
    n_bits(4, 64, 72, 32, suffix="_stored_ragged")
    n_bits(8, 17, 96, 32, "packed", suffix="_stored")
    n_bits(4, 33, 64, 16, suffix="_f16", kind=np.float16)
    # Scales and zero points, too: all that is read in panels.
    n_bits(4, 70, 256, 16, suffix="_panels")
    n_bits(8, 70, 256, 16, "packed", suffix="_panels", size=0.01)
    generator = np.random.default_rng(9)
    indices = np.array([[3, 0], [9, -1]], np.int64)
    gather = lambda inputs, **attributes: [node("GatherBlockQuantized", inputs, ["y"], MICROSOFT, **attributes)]
    scales = (generator.random((10, 3)) * 0.1).astype(np.float32)
    rows = generator.integers(-8, 8, (10, 48))
    case("gather_int4", gather(["d", "i", "s"], block_size=16), {"i": indices}, ["y"],
         [int4("d", rows, TensorProto.INT4), ("s", scales)])
    case("gather_uint4", gather(["d", "i", "s", "z"], block_size=16), {"i": indices}, ["y"],
         [int4("d", rows + 8, TensorProto.UINT4), ("s", scales),
          int4("z", generator.integers(0, 16, (10, 3)), TensorProto.UINT4)])
    packed = generator.integers(0, 256, (10, 32), np.uint8)
    case("gather_uint8_of_4_bits", gather(["d", "i", "s"], block_size=16, bits=4, quantize_axis=-1), {"i": indices},
         ["y"], [("d", packed), ("s", (generator.random((10, 4)) * 0.1).astype(np.float32))])
    case("gather_uint8_of_4_bits_zero", gather(["d", "i", "s", "z"], block_size=32, bits=4), {"i": indices},
         ["y"], [("d", packed), ("s", (generator.random((10, 2)) * 0.1).astype(np.float32)),
                 ("z", generator.integers(0, 256, (10, 1), np.uint8))])
    case("gather_uint8", gather(["d", "i", "s"], block_size=16, bits=8), {"i": indices}, ["y"],
         [("d", packed), ("s", (generator.random((10, 2)) * 0.1).astype(np.float32))])
    linear = lambda op, inputs, **attributes: [node(op, inputs, ["y"], **attributes)]
    bytes_ = generator.integers(-128, 128, (3, 8, 4), np.int8)
    per_axis = (generator.random(8) * 0.1).astype(np.float32)
    dequantize = lambda inputs, **attributes: linear("DequantizeLinear", inputs, **attributes)
    case("dequantize", dequantize(["x", "s", "z"]), {"x": bytes_.view(np.uint8)}, ["y"],
         {"s": np.float32(0.3), "z": np.uint8(100)})
    case("dequantize_axis", dequantize(["x", "s", "z"], axis=-2), {"x": bytes_}, ["y"],
         {"s": per_axis, "z": generator.integers(-128, 128, 8, np.int8)})
    # ONNX's own zero point is 0, whatever the type.
    case("dequantize_uint8_without_zero", dequantize(["x", "s"]), {"x": bytes_.view(np.uint8)}, ["y"],
         {"s": per_axis})
    case("dequantize_blocks", dequantize(["x", "s", "z"], axis=0, block_size=16), {"i": indices[:1]}, ["y"],
         [int4("x", generator.integers(-8, 8, (32, 5)), TensorProto.INT4),
          ("s", (generator.random((2, 5)) * 0.1).astype(np.float32)),
          int4("z", generator.integers(-8, 8, (2, 5)), TensorProto.INT4)])
    case("dequantize_blocks_ragged", dequantize(["x", "s"], axis=1, block_size=3), {"x": bytes_}, ["y"],
         {"s": (generator.random((3, 3, 4)) * 0.1).astype(np.float32)}, by=ReferenceEvaluator)
    case("dequantize_odd_int4", dequantize(["x", "s"], axis=0), {"i": indices[:1]}, ["y"],
         [int4("x", [7, -8, -1, 0, 3], TensorProto.INT4), ("s", np.arange(1, 6, dtype=np.float32))])
    # Per axis, odd in every dimension; one zero point for all; 16 and 32 bits; 16-bit floats.
    four = generator.integers(-8, 8, (3, 7))
    case("dequantize_int4_axis", dequantize(["x", "s", "z"], axis=1), {"i": indices[:1]}, ["y"],
         [int4("x", four, TensorProto.INT4), ("s", np.arange(1, 8, dtype=np.float32)),
          int4("z", generator.integers(-8, 8, 7), TensorProto.INT4)])
    case("dequantize_uint4", dequantize(["x", "s", "z"]), {"i": indices[:1]}, ["y"],
         [int4("x", four + 8, TensorProto.UINT4), ("s", np.float32(0.25)), int4("z", 5, TensorProto.UINT4)])
    for kind in (np.int16, np.uint16):
        limits = np.iinfo(kind)
        case(f"dequantize_{np.dtype(kind)}", dequantize(["x", "s", "z"]),
             {"x": generator.integers(limits.min, limits.max, (3, 5), kind)}, ["y"],
             {"s": np.float32(1e-3), "z": np.array(limits.max // 3, kind)})
    case("dequantize_int32_axis", dequantize(["x", "s"], axis=0),
         {"x": generator.integers(-2**20, 2**20, (5, 3), np.int32)}, ["y"], {"s": np.arange(1, 6, dtype=np.float32)})
    case("dequantize_f16", dequantize(["x", "s"], axis=-1), {"x": bytes_}, ["y"],
         {"s": np.array([0.5, 1.5, 0.1, 3], np.float16)})
    case("dequantize_to_f32", dequantize(["x", "s"], output_dtype=TensorProto.FLOAT), {"x": bytes_}, ["y"],
         {"s": np.float16(0.1)}, opset=23, by=ReferenceEvaluator)
    case("dequantize_scalar", dequantize(["x", "s", "z"]), {"x": np.array(-7, np.int8)}, ["y"],
         {"s": np.float32(0.5), "z": np.int8(3)})
    quantize = lambda inputs, **attributes: linear("QuantizeLinear", inputs, **attributes)
    halves = np.array([[-0.5, 0.5, 1.5, 2.5, 1e9, -1e9, 3.49, -3.51]], np.float32)
    case("quantize_halves", quantize(["x", "s"]), {"x": halves}, ["y"], {"s": np.float32(1)})
    case("quantize_int8", quantize(["x", "s", "z"]), {"x": random(3, 4, scale=100)}, ["y"],
         {"s": np.array([0.5, 1, 2, 4], np.float32), "z": np.array([0, 10, -20, 127], np.int8)})
    case("quantize_int16", quantize(["x", "s"], output_dtype=TensorProto.INT16), {"x": halves * 1e-4}, ["y"],
         {"s": np.float32(1e-3)})
    case("quantize_blocks", quantize(["x", "s", "z"], axis=1, block_size=4), {"x": random(3, 10, 2, scale=100)}, ["y"],
         {"s": (random(3, 3, 2) ** 2 + 0.5).astype(np.float32), "z": generator.integers(-9, 9, (3, 3, 2), np.int8)},
         by=ReferenceEvaluator)
    case("dynamic_quantize", [node("DynamicQuantizeLinear", ["x"], ["y", "s", "z"])], {"x": random(3, 4)},
         ["y", "s", "z"])


def dequantised_products():
    """Weights that come quantised, as exporters leave them for a product."""
    generator = np.random.default_rng(10)
    scales = lambda *shape: (generator.random(shape) * 0.1 + 0.01).astype(np.float32)
    x = random(1, 3, 64)
    multiply = lambda weight: node("MatMul", ["x", weight], ["y"])
    dequantize = lambda inputs, output, **attributes: node("DequantizeLinear", inputs, [output], **attributes)
    four, eight = generator.integers(-8, 8, (64, 37)), generator.integers(-128, 128, (64, 37), np.int8)
    case("product_int4_blocks", [dequantize(["q", "s"], "w", axis=0, block_size=32), multiply("w")], {"x": x}, ["y"],
         [int4("q", four, TensorProto.INT4), ("s", scales(2, 37))])
    case("product_uint4_blocks", [dequantize(["q", "s", "z"], "w", axis=0, block_size=16), multiply("w")], {"x": x},
         ["y"], [int4("q", four + 8, TensorProto.UINT4), ("s", scales(4, 37)),
                 int4("z", generator.integers(0, 16, (4, 37)), TensorProto.UINT4)])
    case("product_uint4_panels", [dequantize(["q", "s", "z"], "w", axis=0, block_size=16), multiply("w")],
         {"x": random(1, 3, 512)}, ["y"],
         [int4("q", generator.integers(0, 16, (512, 70)), TensorProto.UINT4), ("s", scales(32, 70)),
          int4("z", generator.integers(0, 16, (32, 70)), TensorProto.UINT4)])
    case("product_int4_axis", [dequantize(["q", "s"], "w", axis=1), multiply("w")], {"x": x}, ["y"],
         [int4("q", four, TensorProto.INT4), ("s", scales(37))])
    case("product_int8_tensor", [dequantize(["q", "s", "z"], "w"), multiply("w")], {"x": x}, ["y"],
         {"q": eight, "s": np.float32(0.02), "z": np.int8(-3)})
    # The transpose after the numbers, and before them.
    case("product_int8_transposed",
         [dequantize(["q", "s"], "n", axis=0), node("Transpose", ["n"], ["w"], perm=[1, 0]), multiply("w")], {"x": x},
         ["y"], {"q": np.ascontiguousarray(eight.T), "s": scales(37)})
    case("product_int4_transposed_integers",
         [node("Transpose", ["q"], ["t"], perm=[1, 0]), dequantize(["t", "s", "z"], "w", axis=0, block_size=32),
          multiply("w")], {"x": x}, ["y"],
         [int4("q", four.T, TensorProto.INT4), ("s", scales(2, 37)),
          int4("z", generator.integers(-8, 8, (2, 37)), TensorProto.INT4)])
    # Groups as a dimension of their own.
    case("product_int8_groups",
         [dequantize(["q", "s"], "n", axis=2, block_size=32), node("Reshape", ["n", "shape"], ["m"]),
          node("Transpose", ["m"], ["w"]), multiply("w")], {"x": x}, ["y"],
         {"q": eight.T.reshape(37, 2, 32).copy(), "s": scales(37, 2, 1), "shape": np.array([37, 64])})
    # Three projections that are stored as one.
    pieces = ["w0", "w1", "w2"]
    case("product_int4_split",
         [dequantize(["q", "s"], "w", axis=0, block_size=32), node("Split", ["w"], pieces, axis=1, num_outputs=3)] +
         [node("MatMul", ["x", piece], [f"y{i}"]) for i, piece in enumerate(pieces)], {"x": x}, ["y0", "y1", "y2"],
         [int4("q", generator.integers(-8, 8, (64, 48)), TensorProto.INT4), ("s", scales(2, 48))])
    # A table of embeddings that is the head, too.
    case("product_int4_tied",
         [dequantize(["q", "s"], "w", axis=1, block_size=32), node("Gather", ["w", "i"], ["x"]),
          node("Transpose", ["w"], ["t"]), node("MatMul", ["x", "t"], ["y"])],
         {"i": np.array([[3, 0, 49]])}, ["y", "x"],
         [int4("q", generator.integers(-8, 8, (50, 64)), TensorProto.INT4), ("s", scales(50, 2))])


def integer_products():
    """Products of integers: activations are quantised, too."""
    generator = np.random.default_rng(11)
    a, b = generator.integers(0, 256, (2, 5, 70), np.uint8), generator.integers(0, 256, (70, 6), np.uint8)
    multiply = node("QLinearMatMul", ["a", "sa", "za", "b", "sb", "zb", "sy", "zy"], ["y"])
    constants = {"sa": np.float32(0.02), "za": np.uint8(120), "b": b, "sb": np.float32(0.01), "zb": np.uint8(131),
                 "sy": np.float32(0.05), "zy": np.uint8(128)}
    case("qlinear_matmul", [multiply], {"a": a}, ["y"], constants)
    # ONNX Runtime's sums of two products saturate at 16 bits on AVX2.
    case("qlinear_matmul_columns", [multiply], {"a": a}, ["y"],
         constants | {"b": (b.astype(np.int16) - 128).astype(np.int8),
                      "sb": (generator.random(6) * 0.01).astype(np.float32),
                      "zb": generator.integers(-9, 9, 6).astype(np.int8), "sy": np.float32(0.02)},
         by=ReferenceEvaluator)
    x = random(1, 5, 70)
    case("dynamic_matmul_integer",
         [node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]), node("MatMulInteger", ["q", "b", "z", "zb"], ["i"]),
          node("Cast", ["i"], ["f"], to=TensorProto.FLOAT), node("Mul", ["s", "sb"], ["m"]),
          node("Mul", ["f", "m"], ["y"])], {"x": x}, ["y"],
         {"b": b, "zb": np.uint8(127), "sb": (generator.random(6) * 0.01).astype(np.float32)})
    pair = lambda name, data: [node("QuantizeLinear", [data, f"s{name}", f"z{name}"], [f"q{name}"]),
                               node("DequantizeLinear", [f"q{name}", f"s{name}", f"z{name}"], [f"d{name}"])]
    case("static_int8",
         pair("x", "x") + [node("DequantizeLinear", ["w", "sw", "zw"], ["dw"], axis=1),
                           node("MatMul", ["dx", "dw"], ["p"]), node("Add", ["p", "bias"], ["y"])] , {"x": x}, ["y"],
         {"sx": np.float32(0.02), "zx": np.uint8(121), "w": (b.astype(np.int16) - 128).astype(np.int8),
          "sw": (generator.random(6) * 0.01).astype(np.float32), "zw": generator.integers(-9, 9, 6).astype(np.int8),
          "bias": random(6)})
    case("static_int8_transposed",
         pair("x", "x") + [node("DequantizeLinear", ["w", "sw"], ["dw"], axis=0), node("Transpose", ["dw"], ["t"]),
                           node("MatMul", ["dx", "t"], ["p"])] + pair("p", "p"), {"x": x}, ["dp"],
         {"sx": np.float32(0.02), "zx": np.int8(-3), "w": np.ascontiguousarray((b.astype(np.int16) - 128).astype(np.int8).T),
          "sw": (generator.random(6) * 0.01).astype(np.float32), "sp": np.float32(0.03), "zp": np.int8(5)})


def group_query(name, batch, tokens, past, total=None, lengths=None, packed=True, rotary=None, bias=None, room=None,
                positions=None, heads=4, groups=2, size=16, **attributes):
    """GroupQueryAttention; past tokens in a cache with room for `room`."""
    total = total or past + tokens
    room = past if room is None else room
    data = {}
    names = ["q"] + ([""] * 2 if packed else ["k", "v"])
    data["q"] = random(batch, tokens, (heads + (2 * groups if packed else 0)) * size)
    if not packed:
        data["k"], data["v"] = (random(batch, tokens, groups * size, seed=seed) for seed in (1, 2))
    if room:
        names += ["pk", "pv"]
        data["pk"], data["pv"] = (random(batch, groups, room, size, seed=seed) for seed in (3, 4))
    else:
        names += ["", ""]
    names += ["lengths", "total"]
    data["lengths"] = np.array(lengths or [total - 1] * batch, np.int32)
    constants = {"total": np.array(total, np.int32)}
    if rotary:
        names += ["cos", "sin"]
        constants["cos"], constants["sin"] = angles(64, rotary)
    else:
        names += ["", ""]
    names.append("p" if positions is not None else "")
    if positions is not None:
        data["p"] = positions
    if bias is not None:
        names.append("bias")
        data["bias"] = bias
    # What a prompt's padding gives is nobody's business.
    constants["kept"] = (np.arange(tokens)[:, None] <= data["lengths"][:, None, None]).astype(np.float32)
    # And what is in a cache behind the last token.
    constants.update(zero=np.array([0]), end=np.array([total]), axis=np.array([2]))
    case(name, [node("GroupQueryAttention", names, ["all", "wholek", "wholev"], MICROSOFT, num_heads=heads,
                     kv_num_heads=groups, do_rotary=int(bool(rotary)), **attributes),
                node("Mul", ["all", "kept"], ["y"])] +
         [node("Slice", ["whole" + each, "zero", "end", "axis"], ["present" + each]) for each in "kv"],
         data, ["y", "presentk", "presentv"], constants)


def group_queries():
    # ONNX Runtime wants heads of 16 features or a multiple, and as many rotated.
    group_query("gqa_prompt", 2, 5, 0, rotary=8, size=32, rotary_interleaved=1)
    group_query("gqa_prompt_padded", 2, 5, 0, lengths=[4, 2], packed=False)
    group_query("gqa_decode", 1, 1, 6, rotary=8, size=32, rotary_interleaved=1)
    group_query("gqa_decode_batch", 3, 1, 6, rotary=8)
    group_query("gqa_chunk", 1, 3, 6, rotary=8, packed=False, scale=0.5)
    group_query("gqa_bias", 1, 3, 6, packed=False, bias=random(1, 4, 3, 9))
    group_query("gqa_bias_shared_heads", 2, 5, 0, packed=False, bias=random(1, 1, 5, 5))
    masked = random(1, 1, 3, 9, seed=6)
    masked[0, 0, 1] = -np.inf
    group_query("gqa_masked_row", 1, 3, 6, packed=False, bias=masked)
    group_query("gqa_ragged", 3, 1, 6, lengths=[6, 3, 4], rotary=8)
    group_query("gqa_ragged_bias", 2, 1, 6, lengths=[4, 6], packed=False, bias=random(2, 1, 1, 7))
    group_query("gqa_positions", 1, 1, 6, rotary=8, positions=np.array([[9]], np.int64))
    group_query("gqa_positions_prompt", 1, 3, 0, rotary=8, positions=np.array([[2, 9, 9]], np.int64))
    group_query("gqa_shared_cache", 1, 2, 3, room=8, rotary=8)


def attention(name, inputs, opset=23, outputs=("y",), constants=(), **attributes):
    names = ["q", "k", "v", "mask", "pk", "pv", "n"]
    used = [each if each in inputs or each in constants else "" for each in names]
    while not used[-1]:
        used.pop()
    case(name, [node("Attention", used, list(outputs), **attributes)], inputs,
         [each for each in outputs if each], constants, opset=opset, by=ReferenceEvaluator)


def attentions():
    three = {"q": random(2, 3, 32), "k": random(2, 5, 16), "v": random(2, 5, 12)}
    four = {"q": random(2, 4, 3, 8), "k": random(2, 2, 3, 8), "v": random(2, 2, 3, 8, seed=1)}
    past = {"pk": random(2, 2, 4, 8, seed=2), "pv": random(2, 2, 4, 8, seed=3)}
    attention("attention_three_dimensions", three, q_num_heads=4, kv_num_heads=2, scale=0.4)
    attention("attention_causal", four, is_causal=1)
    # Without a past the first query sees the first key alone, however many keys.
    attention("attention_causal_longer_keys", {**four, "k": random(2, 2, 5, 8), "v": random(2, 2, 5, 8, seed=1)},
              is_causal=1)
    attention("attention_causal_past", {**four, **past}, outputs=("y", "presentk", "presentv"), is_causal=1)
    mask = np.random.default_rng(4).random((3, 7)) < 0.5
    mask[1] = False
    attention("attention_masked_row", {**four, "mask": mask, **past}, outputs=("y", "presentk", "presentv"))
    attention("attention_masked_row_causal", {**four, "mask": mask, **past}, is_causal=1)
    attention("attention_constant_mask", {**four, **past}, constants={"mask": mask})
    infinite = np.where(mask, 0, -np.inf).astype(np.float32)
    attention("attention_infinite_row", {**four, "mask": infinite[None], **past})
    attention("attention_softcap", {**four, "mask": random(2, 1, 3, 7), **past}, softcap=0.8)
    # -24 counts what is in a cache of fixed length; its last query is the last token.
    lengths = {"n": np.array([4, 2], np.int64)}
    cache = {**four, "k": random(2, 2, 6, 8), "v": random(2, 2, 6, 8, seed=1)}
    attention("attention_short_mask", {**four, "mask": random(2, 1, 3, 5), **past}, opset=24)
    attention("attention_lengths", {**cache, **lengths}, opset=24)
    attention("attention_lengths_causal", {**cache, **lengths}, opset=24, is_causal=1)
    attention("attention_scores", four, outputs=("y", "", "", "scores"), qk_matmul_output_mode=3)


def movements():
    x, update = random(2, 3, 6, 4), random(2, 3, 2, 4, seed=1)
    at = np.array([4, 1], np.int64)
    scatter = lambda inputs, **attributes: [node("TensorScatter", inputs, ["y"], **attributes)]
    case("tensor_scatter", scatter(["x", "u", "at"]), {"x": x, "u": update, "at": at}, ["y"], opset=24,
         by=ReferenceEvaluator)
    case("tensor_scatter_circular", scatter(["x", "u", "at"], mode="circular"),
         {"x": x, "u": update, "at": np.array([5, 3], np.int64)}, ["y"], opset=24, by=ReferenceEvaluator)
    case("tensor_scatter_start", scatter(["x", "u"], axis=1),
         {"x": x, "u": random(2, 1, 6, 4)}, ["y"], opset=24, by=ReferenceEvaluator)
    case("non_zero", [node("NonZero", ["c"], ["i"]), node("Transpose", ["i"], ["t"]),
                      node("GatherND", ["x", "t"], ["y"])],
         {"x": random(3, 4)}, ["y"], {"c": np.array([[0, 1, 0, 2], [0, 0, 0, 0], [-3, 0, 0, 4]], np.float32)})
    pad = lambda inputs, **attributes: [node("Pad", inputs, ["y"], **attributes)]
    case("pad", pad(["x", "p", "v"]), {"x": random(2, 3)}, ["y"],
         {"p": np.array([1, -1, 0, 2]), "v": np.array(7, np.float32)})
    case("pad_axes", pad(["x", "p", "", "a"]), {"x": random(2, 3, 4)}, ["y"],
         {"p": np.array([2, 0, 1, -2]), "a": np.array([-1, 1])})
    integers = np.random.default_rng(5).integers(-2**40, 2**40, (3, 7))
    for exclusive in (0, 1):
        for reverse in (0, 1):
            case(f"cumsum_{exclusive}{reverse}",
                 [node("CumSum", ["x", "axis"], ["y"], exclusive=exclusive, reverse=reverse)], {"x": integers}, ["y"],
                 {"axis": np.array(-1, np.int64)})
    case("cumsum_floats", [node("CumSum", ["x", "axis"], ["y"])], {"x": random(5, 3)}, ["y"],
         {"axis": np.array(0, np.int32)})


def windows():
    """Convolutions and pools."""
    def conv(name, x, weights, bias=True, **attributes):
        constants = {"w": random(*weights, seed=3)}
        if bias:
            constants["b"] = random(weights[0], seed=4)
        case(name, [node("Conv", ["x", "w"] + ["b"] * bias, ["y"], **attributes)], {"x": random(*x)}, ["y"], constants)
    conv("conv_2d", (1, 5, 9, 11), (7, 5, 3, 3), pads=[1, 0, 2, 1], strides=[2, 1], dilations=[1, 2])
    conv("conv_even", (2, 16, 8, 8), (32, 16, 3, 3), bias=False, pads=[1, 1, 1, 1])
    conv("conv_wide_kernel", (1, 1, 49, 10), (24, 1, 10, 4), pads=[4, 1, 5, 1], strides=[2, 2])
    conv("conv_elements", (1, 12, 5, 6), (20, 12, 1, 1))
    conv("conv_elements_strided", (1, 12, 5, 6), (20, 12, 1, 1), strides=[2, 2])
    conv("conv_depthwise", (1, 24, 7, 5), (24, 1, 3, 3), group=24, pads=[1, 1, 1, 1])
    conv("conv_depthwise_strided", (1, 16, 9, 9), (16, 1, 3, 3), group=16, pads=[0, 0, 1, 1], strides=[2, 2])
    conv("conv_depthwise_twice", (1, 6, 5, 5), (12, 1, 3, 3), group=6, pads=[1, 1, 1, 1])
    conv("conv_groups", (1, 12, 6, 6), (16, 3, 3, 3), group=4, pads=[1, 1, 1, 1])
    conv("conv_1d", (2, 6, 19), (10, 6, 5), pads=[2, 2], strides=[2])
    conv("conv_3d", (1, 3, 4, 5, 6), (8, 3, 2, 3, 3), pads=[1, 1, 0, 0, 1, 1])
    conv("conv_far_pads", (1, 4, 3, 2), (8, 4, 3, 3), pads=[4, 3, 4, 5], dilations=[2, 2])
    for mode in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        conv(f"conv_{mode.lower()}", (1, 4, 7, 8), (8, 4, 3, 4), auto_pad=mode, strides=[2, 3])
    relu = lambda x, y: node("Relu", [x], [y])
    norm = {"w": random(8, 4, 3, 3), "s": random(8, seed=1) + 2, "o": random(8, seed=2), "m": random(8, seed=3),
            "v": np.abs(random(8, seed=4)) + 0.5}
    case("conv_batch_norm", [node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
                             node("BatchNormalization", ["c", "s", "o", "m", "v"], ["n"]), relu("n", "y")],
         {"x": random(1, 4, 6, 6)}, ["y"], norm)
    case("batch_norm", [node("BatchNormalization", ["x", "s", "o", "m", "v"], ["y"], epsilon=1e-3)],
         {"x": random(2, 8, 3)}, ["y"], norm)
    case("gemm_batch_norm", [node("Gemm", ["x", "w", "b"], ["c"]), node("BatchNormalization", ["c", "s", "o", "m", "v"], ["y"])],
         {"x": random(3, 5)}, ["y"], {**norm, "w": random(5, 8), "b": random(8, seed=9)})
    case("conv_pad_before", [node("Pad", ["x", "p"], ["z"]), node("Conv", ["z", "w"], ["y"], strides=[2, 2])],
         {"x": random(1, 4, 6, 7)}, ["y"], {"w": random(8, 4, 3, 3), "p": np.array([0, 0, 1, 2, 0, 0, 1, 0])})
    case("conv_residual", [node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), node("Add", ["c", "x"], ["a"]),
                           node("Clip", ["a", "low", "high"], ["y"])],
         {"x": random(1, 16, 6, 6)}, ["y"], {"w": random(16, 16, 3, 3, scale=0.2), "b": random(16),
                                             "low": np.array(0, np.float32), "high": np.array(1.5, np.float32)})
    case("conv_concat", [node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]), node("MaxPool", ["x"], ["p"], kernel_shape=[3, 3],
                         pads=[1, 1, 1, 1]), node("Concat", ["c", "p"], ["j"], axis=1), node("Conv", ["j", "v"], ["y"])],
         {"x": random(1, 4, 5, 5)}, ["y"], {"w": random(8, 4, 3, 3), "v": random(6, 12, 1, 1)})
    case("conv_flatten", [node("Conv", ["x", "w"], ["c"]), node("Flatten", ["c"], ["f"]), node("Gemm", ["f", "v", "b"], ["g"], transB=1),
                          node("Softmax", ["g"], ["y"])],
         {"x": random(1, 2, 5, 5)}, ["y"], {"w": random(4, 2, 3, 3), "v": random(5, 36, scale=0.2), "b": random(5)})

    def pool(kind, name, x, **attributes):
        case(name, [node(kind, ["x"], ["y"], **attributes)], {"x": x}, ["y"], opset=22)
    pool("MaxPool", "max_pool", random(1, 5, 9, 8), kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])
    pool("MaxPool", "max_pool_dilated", random(1, 16, 9, 9), kernel_shape=[3, 3], dilations=[2, 2])
    pool("MaxPool", "max_pool_ceil", random(2, 3, 10, 10), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    pool("MaxPool", "max_pool_bytes", np.random.default_rng(1).integers(-128, 128, (1, 6, 5, 5)).astype(np.int8),
         kernel_shape=[2, 2], pads=[1, 1, 1, 1])
    pool("MaxPool", "max_pool_1d", random(1, 3, 9), kernel_shape=[3], auto_pad="SAME_UPPER", strides=[2])
    pool("AveragePool", "average_pool", random(1, 5, 9, 8), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    pool("AveragePool", "average_pool_include", random(1, 8, 7, 7), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    pool("AveragePool", "average_pool_ceil", random(1, 4, 8, 8), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    pool("GlobalAveragePool", "global_average_pool", random(2, 20, 5, 4))
    pool("GlobalMaxPool", "global_max_pool", random(2, 6, 7))

    bytes_of = lambda low, high, *shape: np.random.default_rng(sum(shape)).integers(low, high, shape)
    case("conv_integer", [node("ConvInteger", ["x", "w", "zx"], ["y"], pads=[1, 1, 1, 1])],
         {"x": bytes_of(0, 256, 1, 3, 6, 6).astype(np.uint8)}, ["y"],
         {"w": bytes_of(0, 256, 5, 3, 3, 3).astype(np.uint8), "zx": np.array(131, np.uint8)})
    case("conv_integer_weights_zero", [node("ConvInteger", ["x", "w", "zx", "zw"], ["y"], strides=[2, 2])],
         {"x": bytes_of(0, 256, 1, 3, 6, 6).astype(np.uint8)}, ["y"],
         {"w": bytes_of(0, 256, 5, 3, 3, 3).astype(np.uint8), "zx": np.array(7, np.uint8), "zw": np.array(119, np.uint8)})
    inputs = ["x", "sx", "zx", "w", "sw", "zw", "sy", "zy", "b"]
    def qlinear(name, kind, x, w, **attributes):
        signed = np.dtype(kind).kind == "i"
        low = -128 if signed else 0
        case(name, [node("QLinearConv", inputs, ["y"], **attributes)],
             {"x": bytes_of(low, low + 256, *x).astype(kind)}, ["y"],
             {"sx": np.array(0.02, np.float32), "zx": np.array(low + 120, kind), "w": bytes_of(-127, 128, *w).astype(np.int8),
              "sw": (0.001 + 0.0001 * np.arange(w[0])).astype(np.float32), "zw": np.zeros(w[0], np.int8),
              "sy": np.array(0.011, np.float32), "zy": np.array(low + 100, kind),
              "b": bytes_of(-3000, 3000, w[0]).astype(np.int32)})
    qlinear("qlinear_conv", np.uint8, (1, 8, 9, 7), (20, 8, 3, 3), pads=[1, 1, 1, 1], strides=[2, 1])
    qlinear("qlinear_conv_signed", np.int8, (1, 8, 6, 5), (16, 8, 3, 3), pads=[1, 1, 1, 1])
    qlinear("qlinear_conv_depthwise", np.int8, (1, 16, 6, 5), (16, 1, 3, 3), group=16, pads=[1, 1, 1, 1])


def quantised_windows():
    """Integers, numbers of them, an operator on these, and integers again."""
    def model(name, kind, x, make, constants, scale=0.05, opset=21):
        low = -128 if kind == np.int8 else 0
        shared = {"sx": np.array(0.02, np.float32), "zx": np.array(low + 117, kind), "sy": np.array(scale, np.float32),
                  "zy": np.array(low + 90, kind)}
        nodes = [node("QuantizeLinear", ["x", "sx", "zx"], ["q"]), node("DequantizeLinear", ["q", "sx", "zx"], ["d"]),
                 *make("d", "r"), node("QuantizeLinear", ["r", "sy", "zy"], ["y"])]
        case(name, nodes, {"x": random(*x)}, ["y"], {**shared, **constants}, opset=opset)
    def weights(*shape):
        generator = np.random.default_rng(sum(shape))
        scales = (0.003 + 0.0005 * generator.random(shape[0])).astype(np.float32)
        return {"w": generator.integers(-127, 128, shape).astype(np.int8), "sw": scales, "zw": np.zeros(shape[0], np.int8),
                "b": generator.integers(-900, 900, shape[0]).astype(np.int32), "sb": (np.float32(0.02) * scales).astype(np.float32)}
    def conv(**attributes):
        return lambda x, y: [node("DequantizeLinear", ["w", "sw", "zw"], ["f"], axis=0),
                             node("DequantizeLinear", ["b", "sb"], ["g"], axis=0),
                             node("Conv", [x, "f", "g"], [y + "c"], **attributes), node("Relu", [y + "c"], [y])]
    for kind, suffix in ((np.int8, ""), (np.uint8, "_unsigned")):
        model("qdq_conv" + suffix, kind, (1, 8, 9, 7), conv(pads=[1, 1, 1, 1]), weights(20, 8, 3, 3))
        model("qdq_conv_strided" + suffix, kind, (1, 16, 9, 8), conv(pads=[1, 1, 0, 0], strides=[2, 2]), weights(32, 16, 3, 3))
    model("qdq_conv_odd", np.int8, (1, 3, 9, 7), conv(pads=[1, 0, 1, 2]), weights(9, 3, 3, 3))
    model("qdq_conv_elements", np.int8, (1, 16, 5, 5), conv(), weights(24, 16, 1, 1), scale=0.02)
    model("qdq_conv_depthwise", np.int8, (1, 16, 9, 7), conv(group=16, pads=[1, 1, 1, 1]), weights(16, 1, 3, 3), scale=0.02)
    gemm = weights(10, 32)
    model("qdq_gemm", np.int8, (3, 32), lambda x, y: [
        node("DequantizeLinear", ["w", "sw", "zw"], ["f"], axis=0), node("DequantizeLinear", ["b", "sb"], ["g"], axis=0),
        node("Gemm", [x, "f", "g"], [y], transB=1)], gemm, scale=0.02)
    model("qdq_average", np.int8, (1, 20, 5, 5), lambda x, y: [node("AveragePool", [x], [y], kernel_shape=[5, 5])], {},
          scale=0.01)
    model("qdq_max", np.int8, (1, 20, 5, 5), lambda x, y: [node("MaxPool", [x], [y], kernel_shape=[2, 2], strides=[2, 2])],
          {}, scale=0.02)
    residual = weights(16, 16, 3, 3)
    model("qdq_residual", np.int8, (1, 16, 6, 6), lambda x, y: [
        *conv(pads=[1, 1, 1, 1])(x, "n"), node("QuantizeLinear", ["n", "sn", "zn"], ["nq"]),
        node("DequantizeLinear", ["nq", "sn", "zn"], ["nd"]), node("Add", ["nd", x], [y])],
        {**residual, "sn": np.array(0.031, np.float32), "zn": np.array(-128, np.int8)})


def functions():
    """Every exponent of f32, with either sign and some fraction."""
    generator = np.random.default_rng(9)
    bits = (np.arange(1, 255, dtype=np.uint32) << 23) | generator.integers(0, 1 << 23, 254, dtype=np.uint32)
    x = (bits | generator.integers(0, 2, 254, dtype=np.uint32) << 31).view(np.float32)
    one = lambda op, y, x="x", **attributes: node(op, [x], [y], **attributes)
    case("functions", [one("Abs", "a"), node("Clip", ["x", "low", "high"], ["c"]), one("Exp", "exp"), one("Tanh", "tanh"),
                       one("Erf", "erf"), one("Sigmoid", "sigmoid"), one("Log", "log", "a"), one("Sqrt", "sqrt", "a"),
                       one("Reciprocal", "root", "sqrt"), one("Sin", "sin", "c"), one("Cos", "cos", "c"),
                       one("Floor", "floor"), one("Ceil", "ceil"), one("Round", "round")],
         {"x": x}, ["exp", "tanh", "erf", "sigmoid", "log", "sqrt", "root", "sin", "cos", "floor", "ceil", "round"],
         {"low": np.array(-1000, np.float32), "high": np.array(1000, np.float32)})


if __name__ == "__main__":
    functions()
    norms()
    rotaries()
    products()
    quantised()
    dequantised_products()
    integer_products()
    group_queries()
    attentions()
    movements()
    windows()
    quantised_windows()
    print(len(MADE), "models")
