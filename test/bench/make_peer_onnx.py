"""Writes what ONNX Runtime and OpenVINO are given of a GLM that make_glm.py exported.

Both computes logits of the last token alone, as glmc and llama.cpp do: the row is
taken before the head. The weights are those of the exported model, not copies.

Usage: make_peer_onnx.py FOLDER OUT last
       make_peer_onnx.py FOLDER OUT int4   every product as MatMulNBits by ONNX Runtime's
                                           own quantiser: blocks of 32, symmetric, accuracy
                                           level 4 (products of int8)
       make_peer_onnx.py FOLDER OUT int8   the same with 8 bits
       make_peer_onnx.py FOLDER OUT openvino-int4|openvino-int8  OpenVINO's model, compressed by nncf
writes OUT/model.onnx (model.xml) and its data; prints the bytes that one token reads.
"""

import logging
import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from glm_weights import GlmWeights

BLOCK = 32
ALIGNMENT = 4096  # Of tensors in the data file, so that they can be mapped.


def take_last_row(weights):
    """Logits [1, 1, vocabulary]: of the last token."""
    graph = weights.model.graph
    head = next(node for node in graph.node if "logits" in node.output)
    graph.initializer.extend([numpy_helper.from_array(numpy.array([-1]), "glmc_last"),
                              numpy_helper.from_array(numpy.array([2 ** 62]), "glmc_end"),
                              numpy_helper.from_array(numpy.array([1]), "glmc_axis")])
    at = list(graph.node).index(head)
    graph.node.insert(at, helper.make_node("Slice", [head.input[0], "glmc_last", "glmc_end", "glmc_axis"],
                                           ["glmc_last_row"], "glmc_take_last"))
    head.input[0] = "glmc_last_row"
    for output in graph.output:
        if output.name == "logits":
            output.type.tensor_type.shape.dim[1].ClearField("dim_param")
            output.type.tensor_type.shape.dim[1].dim_value = 1
    del graph.value_info[:]  # Shapes that are no longer so.


def share_data(folder, out):
    """The data file of `folder` in `out`; readers refuse one in another folder."""
    os.makedirs(out, exist_ok=True)
    source, path = os.path.join(folder, "model.onnx.data"), os.path.join(out, "model.onnx.data")
    if not os.path.exists(path):
        try:
            os.link(source, path)
        except OSError:  # Another file system.
            os.symlink(os.path.abspath(source), path)


class DataFile:
    def __init__(self, out, name):
        self.name, self.file = name, open(os.path.join(out, name), "wb")

    def place(self, tensor):
        """Moves a tensor's bytes into the file."""
        raw = numpy_helper.to_array(tensor).tobytes()
        offset = -(-self.file.tell() // ALIGNMENT) * ALIGNMENT
        self.file.seek(offset)
        self.file.write(raw)
        for field in ("raw_data", "float_data", "int32_data", "external_data"):
            tensor.ClearField(field)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self.name), ("offset", offset), ("length", len(raw))):
            tensor.external_data.add(key=key, value=str(value))
        return len(raw)


def quantise_product(node, name, array, bits):
    """MatMulNBits and its tensors, for `node` with the weight `array` [K, N]."""
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
    k, n = array.shape
    small = helper.make_graph([helper.make_node("MatMul", [node.input[0], name], list(node.output), node.name)], "one",
                              [helper.make_tensor_value_info(node.input[0], TensorProto.FLOAT, ["rows", k])],
                              [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, ["rows", n])],
                              [numpy_helper.from_array(array, name)])
    model = helper.make_model(small, opset_imports=[helper.make_opsetid("", 20)])
    config = DefaultWeightOnlyQuantConfig(block_size=BLOCK, is_symmetric=True, accuracy_level=4, bits=bits)
    quantiser = MatMulNBitsQuantizer(model, algo_config=config)
    quantiser.process()
    graph = quantiser.model.model.graph
    if [each.op_type for each in graph.node] != ["MatMulNBits"]:
        raise SystemExit(f"error: ONNX Runtime's quantiser left '{node.name}' as it was")
    return graph.node[0], list(graph.initializer)


def make_quantised(weights, out, bits):
    graph = weights.model.graph
    os.makedirs(out, exist_ok=True)
    data, token_bytes = DataFile(out, "model.onnx.data"), 0
    turned = {node.output[0]: node for node in graph.node
              if node.op_type == "Transpose" and node.input[0] in weights.tensors}
    dropped = set()
    for i, node in enumerate(list(graph.node)):
        if node.op_type != "MatMul" or not (node.input[1] in weights.tensors or node.input[1] in turned):
            continue
        if node.input[1] in turned:  # The head is the embedding, turned.
            name = turned[node.input[1]].input[0]
            graph.node.remove(turned[node.input[1]])
            array = numpy.ascontiguousarray(weights.array(name).T)
        else:
            name = node.input[1]
            array = numpy.array(weights.array(name))
            dropped.add(name)
        product, tensors = quantise_product(node, name, array, bits)
        node.CopyFrom(product)
        for tensor in tensors:
            token_bytes += data.place(tensor)
        graph.initializer.extend(tensors)
    for name in dropped:
        graph.initializer.remove(weights.tensors[name])
    for tensor in graph.initializer:  # What is left: the embedding and norms.
        if tensor.data_location == TensorProto.EXTERNAL and tensor.name in weights.tensors:
            array = numpy.array(weights.array(tensor.name))
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
            data.place(tensor)
    if not any(each.domain == "com.microsoft" for each in weights.model.opset_import):
        weights.model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return token_bytes


def product_elements(weights):
    return sum(weights.elements().values())


def make_openvino(weights, folder, out, bits):
    """Of FOLDER, which `last` made: scales a group of 32, or a column."""
    import nncf
    import openvino
    logging.getLogger("nncf").setLevel(logging.ERROR)
    model = openvino.Core().read_model(os.path.join(folder, "model.onnx"))
    if bits == 4:
        model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT4_SYM, group_size=BLOCK, all_layers=True)
    else:
        model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
    os.makedirs(out, exist_ok=True)
    openvino.save_model(model, os.path.join(out, "model.xml"), compress_to_fp16=False)
    return product_elements(weights) * (bits / 8 + (2 / BLOCK if bits == 4 else 0))


def main():
    folder, out, kind = sys.argv[1:4]
    logging.disable(logging.INFO)
    weights = GlmWeights(folder)
    if kind.startswith("openvino"):
        print(int(make_openvino(weights, folder, out, int(kind[-1]))))
        return
    take_last_row(weights)
    if kind == "last":
        share_data(folder, out)
        token_bytes = 4 * product_elements(weights)
    else:
        token_bytes = make_quantised(weights, out, int(kind[-1]))
    with open(os.path.join(out, "model.onnx"), "wb") as file:
        file.write(weights.model.SerializeToString())
    print(token_bytes)


if __name__ == "__main__":
    main()
