"""Makes the models beside it, with ONNX and ONNX Runtime: python3 make.py

tiny     y = relu(x @ w + b), s = y's mean; ids chooses rows; a data set
plain    the same model without data
free     the same, x's first dimension is "batch"
blocked  two nodes that glmc has no import for
dynamic  y = table[input_ids] @ w + b, m = the mask's sum; free dimensions with
         torch's names; data sets of two sizes
shaped   y = 2 x in the shape that is an input; two data sets, two shapes
cached   a cache to which the rows of tokens are joined
"""
import os
import shutil

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

os.chdir(os.path.dirname(os.path.abspath(__file__)))
random = numpy.random.default_rng(1)
w = numpy_helper.from_array(random.standard_normal((8, 16), dtype="float32"), "w")
b = numpy_helper.from_array(random.standard_normal((16,), dtype="float32"), "b")


def save(folder, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, folder, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, producer_name="make.py")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    onnx.save(model, folder + "/model.onnx")


def small(folder, rows):
    save(
        folder,
        [
            helper.make_node("Gather", ["x", "ids"], ["rows"], "pick", axis=0),
            helper.make_node("MatMul", ["rows", "w"], ["product"], "project"),
            helper.make_node("Add", ["product", "b"], ["sum"], "bias"),
            helper.make_node("Relu", ["sum"], ["y"], "activate"),
            helper.make_node("ReduceMean", ["y"], ["s"], "average", keepdims=0),
        ],
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 8]),
            helper.make_tensor_value_info("ids", TensorProto.INT64, [3]),
            helper.make_tensor_value_info("unused", TensorProto.FLOAT, [2]),
        ],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, 16]),
            helper.make_tensor_value_info("s", TensorProto.FLOAT, []),
        ],
        [w, b],
    )


small("tiny", 4)
small("plain", 4)
small("free", "batch")
save(
    "blocked",
    [helper.make_node("Det", ["x"], ["d"], "determinant"), helper.make_node("StringNormalizer", ["t"], ["n"], "words")],
    [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 3]),
        helper.make_tensor_value_info("t", TensorProto.STRING, [3]),
    ],
    [helper.make_tensor_value_info("d", TensorProto.FLOAT, []), helper.make_tensor_value_info("n", TensorProto.STRING, [3])],
)

x = random.standard_normal((4, 8), dtype="float32")
ids = numpy.array([2, 0, 3], "int64")
session = onnxruntime.InferenceSession("tiny/model.onnx")
y, s = session.run(["y", "s"], {"x": x, "ids": ids, "unused": numpy.zeros(2, "float32")})


def save_set(folder, number, inputs, outputs):
    os.makedirs(f"{folder}/test_data_set_{number}")
    for kind, tensors in (("input", inputs), ("output", outputs)):
        for i, (name, value) in enumerate(tensors.items()):
            with open(f"{folder}/test_data_set_{number}/{kind}_{i}.pb", "wb") as file:
                file.write(numpy_helper.from_array(numpy.asarray(value), name).SerializeToString())


save_set("tiny", 0, {"x": x, "ids": ids}, {"y": y, "s": s})
numpy.save("x.npy", x)
numpy.save("ids.npy", ids)
numpy.save("y.npy", y)

table = numpy_helper.from_array(random.standard_normal((32, 8), dtype="float32"), "table")
tokens = [
    helper.make_node("Gather", ["table", "input_ids"], ["rows"], "embed"),
    helper.make_node("MatMul", ["rows", "w"], ["product"], "project"),
    helper.make_node("Add", ["product", "b"], ["y"], "bias"),
]
save(
    "dynamic",
    tokens + [helper.make_node("ReduceSum", ["attention_mask"], ["m"], "count", keepdims=0)],
    [
        helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["s33", "s70"]),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["s43", "s53"]),
    ],
    [
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["s33", "s70", 16]),
        helper.make_tensor_value_info("m", TensorProto.INT64, []),
    ],
    [table, w, b],
)
save(
    "shaped",
    [
        helper.make_node("Add", ["x", "x"], ["doubled"], "double"),
        helper.make_node("Reshape", ["doubled", "shape"], ["y"], "view"),
    ],
    [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6]),
        helper.make_tensor_value_info("shape", TensorProto.INT64, ["rank"]),
    ],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", "columns"])],
)
save(
    "cached",
    tokens
    + [
        helper.make_node("Reshape", ["rows", "heads"], ["split"], "split"),
        helper.make_node("Transpose", ["split"], ["new"], "turn", perm=[0, 2, 1, 3]),
        helper.make_node("Concat", ["past_key_values.0.key", "new"], ["present.0.key"], "join", axis=2),
    ],
    [
        helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch_size", "sequence_length"]),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT64,
                                      ["batch_size", "past_sequence_length + sequence_length"]),
        helper.make_tensor_value_info("past_key_values.0.key", TensorProto.FLOAT,
                                      ["batch_size", 2, "past_sequence_length", 4]),
    ],
    [
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch_size", "sequence_length", 16]),
        helper.make_tensor_value_info("present.0.key", TensorProto.FLOAT,
                                      ["batch_size", 2, "past_sequence_length + sequence_length", 4]),
    ],
    [table, w, b, numpy_helper.from_array(numpy.array([0, 0, 2, 4], "int64"), "heads")],
)


def run_set(folder, number, inputs):
    session = onnxruntime.InferenceSession(folder + "/model.onnx")
    names = [output.name for output in session.get_outputs()]
    save_set(folder, number, inputs, dict(zip(names, session.run(names, inputs))))


for number, (batch, length) in enumerate(((1, 3), (2, 5))):
    run_set("dynamic", number, {"input_ids": random.integers(0, 32, (batch, length)),
                                "attention_mask": numpy.ones((batch, length + 4), "int64")})
    numpy.save(f"ids_{batch}_{length}.npy", random.integers(0, 32, (batch, length)))
for number, shape in enumerate(([3, 4], [2, 6])):
    run_set("shaped", number, {"x": random.standard_normal((2, 6), dtype="float32"), "shape": numpy.array(shape)})
