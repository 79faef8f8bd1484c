"""Makes the models beside it, with ONNX and ONNX Runtime: python3 make.py

tiny     y = relu(x @ w + b), s = y's mean; ids chooses rows; a data set
plain    the same model without data
free     the same, x's first dimension is "batch"
blocked  two nodes that glmc has no import for
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
os.makedirs("tiny/test_data_set_0")
for name, tensor in (("input_0", (x, "x")), ("input_1", (ids, "ids")), ("output_0", (y, "y")), ("output_1", (s, "s"))):
    with open(f"tiny/test_data_set_0/{name}.pb", "wb") as file:
        file.write(numpy_helper.from_array(numpy.asarray(tensor[0]), tensor[1]).SerializeToString())
numpy.save("x.npy", x)
numpy.save("ids.npy", ids)
numpy.save("y.npy", y)
