"""Reads the weights of a GLM that make_glm.py exported, one tensor at a time.

A model may be larger than memory: tensors are mapped from the data file. What a
tensor is follows from the graph: norms have names, and of the products with a
weight each layer has six, in the order in which the model computes them.

Usage: glm_weights.py FOLDER prints how many elements they have.
"""

import json
import os
import sys

import numpy
import onnx

PRODUCTS = ("q", "k", "v", "out", "gate_up", "down")
NUMPY = {onnx.TensorProto.FLOAT: numpy.float32, onnx.TensorProto.FLOAT16: numpy.float16}


class GlmWeights:
    """`layers`: of each layer the names of attn_norm, ffn_norm and PRODUCTS;
    `final_norm`, `embedding`, `head` (the embedding itself if they are tied)."""

    def __init__(self, folder):
        self.folder = folder
        self.model = onnx.load(os.path.join(folder, "model.onnx"), load_external_data=False)
        self.tensors = {tensor.name: tensor for tensor in self.model.graph.initializer}
        products, turned = [], {}
        for node in self.model.graph.node:
            if node.op_type == "Transpose" and node.input[0] in self.tensors:
                turned[node.output[0]] = node.input[0]
            elif node.op_type == "MatMul" and (node.input[1] in self.tensors or node.input[1] in turned):
                products.append(node.input[1])
            elif node.op_type == "Gather" and len(self.shape(node.input[0])) == 2 and not hasattr(self, "embedding"):
                self.embedding = node.input[0]
        head = products.pop()
        self.head, self.is_head_turned = turned.get(head, head), head in turned
        count = len(products) // len(PRODUCTS)
        if len(products) != count * len(PRODUCTS) or not count:
            raise SystemExit(f"error: {folder}: has {len(products)} products with weights, expected "
                             f"{len(PRODUCTS)} a layer; was it made by test/bench/make_glm.py?")
        self.layers = []
        for i in range(count):
            layer = dict(zip(PRODUCTS, products[i * len(PRODUCTS):]))
            layer["attn_norm"] = self.named(f"layers.{i}.input_layernorm.weight")
            layer["ffn_norm"] = self.named(f"layers.{i}.post_attention_layernorm.weight")
            self.layers.append(layer)
        self.final_norm = self.named("model.norm.weight")

    def shape(self, name):
        return list(self.tensors[name].dims) if name in self.tensors else []

    def named(self, end):
        found = [name for name in self.tensors if name.endswith(end)]
        if len(found) != 1:
            raise SystemExit(f"error: {self.folder}: has {len(found)} weights '...{end}', expected one")
        return found[0]

    def array(self, name):
        """The tensor, mapped."""
        tensor = self.tensors[name]
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            return onnx.numpy_helper.to_array(tensor)
        entries = {entry.key: entry.value for entry in tensor.external_data}
        return numpy.memmap(os.path.join(self.folder, entries["location"]), NUMPY[tensor.data_type], "r",
                            offset=int(entries.get("offset", 0)), shape=tuple(tensor.dims))

    @property
    def hidden(self):
        return self.shape(self.final_norm)[0]

    @property
    def cache_shape(self):
        """Heads and features of a layer's keys."""
        for each in self.model.graph.input:
            if each.name == "past_key_values.0.key":
                dims = each.type.tensor_type.shape.dim
                return dims[1].dim_value, dims[3].dim_value
        raise SystemExit(f"error: {self.folder}: has no past_key_values.0.key, see make_glm.py --past")

    def elements(self):
        """Of the layers' products, and of the head."""
        size = lambda name: int(numpy.prod(self.shape(name)))
        return {"layers": sum(size(layer[product]) for layer in self.layers for product in PRODUCTS),
                "head": size(self.head)}


if __name__ == "__main__":
    print(json.dumps(GlmWeights(sys.argv[1]).elements()))
