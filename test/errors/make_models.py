"""Makes the models of this folder, one a diagnostic; the results are committed.

Needs the onnx package, which glmc's tests do not: run it only to change a model,
then run the tests and commit what changed.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install onnx
    /tmp/venv/bin/python make_models.py
"""

import os

import onnx
from onnx import TensorProto, helper, numpy_helper
import numpy as np

FOLDER = os.path.dirname(os.path.abspath(__file__))
FLOAT = TensorProto.FLOAT


def value(name, shape, dtype=FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def model(nodes, inputs, outputs, initializers=(), opset=18, domains=(), functions=(), ir_version=10):
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1) for domain in domains]
    made = helper.make_model(graph, opset_imports=opsets, functions=list(functions), producer_name="glmc-test")
    made.ir_version = ir_version
    return made


def write(name, made):
    data = made if isinstance(made, bytes) else made.SerializeToString(deterministic=True)
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(data)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def external(name, location, offset=None, length=None, shape=(4,)):
    tensor = TensorProto(name=name, data_type=FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        if text is not None:
            tensor.external_data.add(key=key, value=str(text))
    return tensor


def with_external(tensor):
    return model([node("Add", ["x", "w"], ["y"], name="add")], [value("x", [4])], [value("y", [4])], [tensor])


def files():
    good = model([node("Relu", ["x"], ["y"], name="relu")], [value("x", [4])], [value("y", [4])],
                 [numpy_helper.from_array(np.arange(1024, dtype=np.float32), "w")])
    write("truncated.onnx", good.SerializeToString(deterministic=True)[:-100])
    write("empty.onnx", b"")
    write("not_onnx.onnx", b"This is a letter, not a model.\n")
    write("no_graph.onnx", onnx.ModelProto(ir_version=10, opset_import=[helper.make_opsetid("", 18)]))


def external_data():
    write("external_missing.onnx", with_external(external("w", "no_such_file.data")))
    with open(os.path.join(FOLDER, "external.data"), "wb") as file:
        file.write(np.arange(4, dtype=np.float32).tobytes())
    write("external_size.onnx", with_external(external("w", "external.data", 0, 12)))
    write("external_offset.onnx", with_external(external("w", "external.data", 8, 16)))
    write("external_number.onnx", with_external(external("w", "external.data", "-4", 16)))
    write("external_escape.onnx", with_external(external("w", "../models/README.md")))
    write("external_absolute.onnx", with_external(external("w", "/etc/hostname")))
    write("initializer_size.onnx", with_external(TensorProto(name="w", data_type=FLOAT, dims=[4], raw_data=b"\0" * 12)))


def operators():
    write("unsupported.onnx", model(
        [node("Unique", ["x"], ["a"], name="find"),
         node("MatMulNBitsMlp", ["x", "x"], ["b"], domain="com.microsoft", name="fused"),
         node("Relu", ["x"], ["c"], name="fine"),
         node("Unique", ["c"], ["d"]),
         node("SequenceConstruct", ["x"], ["s"], name="list"),
         node("If", ["p"], ["e"], name="choose",
              then_branch=helper.make_graph([node("Relu", ["x"], ["t"])], "t", [], [value("t", [4, 4])]),
              else_branch=helper.make_graph([node("Neg", ["x"], ["f"])], "f", [], [value("f", [4, 4])]))],
        [value("x", [4, 4]), value("p", [], TensorProto.BOOL)], [value("c", [4, 4])], domains=["com.microsoft"]))
    write("unknown_domain.onnx", model(
        [node("Swirl", ["x"], ["y"], domain="com.example", name="swirl")], [value("x", [4])], [value("y", [4])]))
    write("recursive_function.onnx", model(
        [node("F", ["x"], ["y"], domain="local", name="call")], [value("x", [4])], [value("y", [4])],
        domains=["local"], functions=[helper.make_function(
            "local", "F", ["a"], ["b"], [node("F", ["a"], ["b"], domain="local")],
            [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)])]))
    for name, opset in (("opset_new", 99), ("opset_old", 6)):
        write(name + ".onnx", model([node("Relu", ["x"], ["y"])], [value("x", [4])], [value("y", [4])], opset=opset))
    write("ir_version.onnx", model([node("Relu", ["x"], ["y"])], [value("x", [4])], [value("y", [4])], ir_version=99))


def order():
    write("cycle.onnx", model(
        [node("Add", ["x", "c"], ["a"], name="first"), node("Neg", ["a"], ["b"], name="second"),
         node("Abs", ["b"], ["c"], name="third")], [value("x", [4])], [value("c", [4])]))
    write("unsorted.onnx", model(
        [node("Neg", ["a"], ["y"], name="reader"), node("Abs", ["x"], ["a"], name="writer")],
        [value("x", [4])], [value("y", [4])]))
    write("unknown_tensor.onnx", model([node("Neg", ["nothing"], ["y"], name="neg")], [value("x", [4])], [value("y", [4])]))
    write("duplicate_tensor.onnx", model(
        [node("Neg", ["x"], ["y"], name="one"), node("Abs", ["x"], ["y"], name="two")],
        [value("x", [4])], [value("y", [4])]))
    write("missing_output.onnx", model([node("Neg", ["x"], ["a"])], [value("x", [4])], [value("y", [4])]))


def types():
    for name, dtype in (("type_string", TensorProto.STRING), ("type_complex", TensorProto.COMPLEX64)):
        write(name + ".onnx", model([node("Identity", ["x"], ["y"], name="same")],
                                    [value("x", [4], dtype)], [value("y", [4], dtype)]))
    sequence = helper.make_tensor_sequence_value_info("x", FLOAT, [4])
    write("type_sequence.onnx", model([node("Identity", ["x"], ["y"])], [sequence], [value("y", [4])]))
    write("cast_string.onnx", model([node("Cast", ["x"], ["y"], name="cast", to=TensorProto.STRING)],
                                    [value("x", [4])], [value("y", [4], TensorProto.STRING)]))
    write("output_type.onnx", model([node("Neg", ["x"], ["y"])], [value("x", [4])], [value("y", [4], TensorProto.INT64)]))


def shapes():
    write("matmul_shapes.onnx", model([node("MatMul", ["x", "w"], ["y"], name="mm")],
                                      [value("x", [1, 7, 64]), value("w", [63, 128])], [value("y", [1, 7, 128])]))
    write("broadcast_shapes.onnx", model([node("Add", ["x", "w"], ["y"], name="add")],
                                         [value("x", [2, 3]), value("w", [4])], [value("y", [2, 3])]))
    shape = numpy_helper.from_array(np.array([5, -1], dtype=np.int64), "shape")
    write("reshape_elements.onnx", model([node("Reshape", ["x", "shape"], ["y"], name="view")],
                                         [value("x", [2, 3])], [value("y", [5, 1])], [shape]))
    write("output_shape.onnx", model([node("Neg", ["x"], ["y"])], [value("x", [4])], [value("y", [5])]))
    write("unnamed_dimension.onnx", model([node("Relu", ["x"], ["y"])], [value("x", [None, 4])], [value("y", [None, 4])]))
    write("free_dimension.onnx", model([node("Neg", ["x"], ["y"])], [value("x", ["batch", 4])], [value("y", ["batch", 4])]))
    write("run_time_shape.onnx", model([node("Reshape", ["x", "shape"], ["y"], name="view")],
                                       [value("x", [2, 3]), value("shape", [2], TensorProto.INT64)],
                                       [value("y", ["a", "b"])]))
    huge = numpy_helper.from_array(np.array([1 << 20, 1 << 20], dtype=np.int64), "shape")
    write("too_large.onnx", model([node("Expand", ["x", "shape"], ["y"], name="grow")],
                                  [value("x", [1])], [value("y", [1 << 20, 1 << 20])], [huge]))
    write("attribute.onnx", model([node("Transpose", ["x"], ["y"], name="swap", perm=[0, 0])],
                                  [value("x", [2, 3])], [value("y", [3, 2])]))
    write("attribute_type.onnx", model([node("Concat", ["x"], ["y"], name="join", axis=1.5)],
                                       [value("x", [2, 3])], [value("y", [2, 3])]))


if __name__ == "__main__":
    files()
    external_data()
    operators()
    order()
    types()
    shapes()
