"""Writes ONNX models with nothing but Python's standard library.

Enough of ONNX's protobuf for benchmarks: nodes with integer and float
attributes, small constants inside the file, large weights beside it.
"""

import array
import os
import random
import struct

FLOAT, INT64, BOOL, FLOAT16 = 1, 7, 9, 10
element_bytes = {FLOAT: 4, INT64: 8, BOOL: 1, FLOAT16: 2}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    out = data(1, name)
    if isinstance(value, float):
        return out + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return out + number(3, value) + number(20, 2)
    return out + b"".join(number(8, each) for each in value) + number(20, 7)


def tensor_type(name, element, shape):
    dims = b"".join(data(1, number(1, size)) for size in shape)
    return data(1, name) + data(2, data(1, number(1, element) + data(2, dims)))


class RandomWeights:
    """Seeded floats. A gigabyte of them from `random` would take minutes, so a
    block of a prime length is repeated: rows differ, and every run's are the
    same."""

    length = 1000003

    def __init__(self, seed):
        draw = random.Random(seed)
        self.values = [draw.uniform(-1.0, 1.0) for _ in range(self.length)]
        self.position = 0

    def write(self, file, element, count, scale, offset=0.0):
        if element == FLOAT16:
            block = struct.pack(f"<{self.length}e", *(scale * value + offset for value in self.values))
        else:
            block = array.array("f", (scale * value + offset for value in self.values)).tobytes()
        size = element_bytes[element]
        left = count
        while left > 0:
            part = min(left, self.length - self.position)
            file.write(block[self.position * size:(self.position + part) * size])
            self.position = (self.position + part) % self.length
            left -= part


class Model:
    """A graph as it is written down; `save` writes model.onnx and its data."""

    def __init__(self, folder, seed=0, opset=20):
        self.folder, self.opset = folder, opset
        self.random = RandomWeights(seed)
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.constants = {}
        self.names = 0
        os.makedirs(folder, exist_ok=True)
        self.weights = open(os.path.join(folder, "model.onnx.data"), "wb")

    def name(self, stem="val"):
        self.names += 1
        return f"{stem}_{self.names}"

    def input(self, name, element, shape):
        self.inputs.append(tensor_type(name, element, shape))
        return name

    def output(self, name, element, shape):
        self.outputs.append(tensor_type(name, element, shape))

    def node(self, op, inputs, name=None, outputs=1, **attributes):
        names = name if isinstance(name, list) else [name or self.name() if outputs == 1 else self.name()]
        while len(names) < outputs:
            names.append(self.name())
        self.nodes.append(b"".join(data(1, each) for each in inputs) + b"".join(data(2, each) for each in names) +
                          data(3, f"node_{op}_{len(self.nodes)}") + data(4, op) +
                          b"".join(data(5, attribute(key, value)) for key, value in attributes.items()))
        return names[0] if outputs == 1 else names

    def constant(self, element, shape, values):
        """A small tensor; equal ones are one."""
        key = (element, tuple(shape), tuple(values))
        if key not in self.constants:
            name = self.name()
            code = {FLOAT: "f", INT64: "q", BOOL: "?"}[element]
            raw = struct.pack(f"<{len(values)}{code}", *values)
            self.initializers.append(b"".join(number(1, size) for size in shape) + number(2, element) +
                                     data(8, name) + data(9, raw))
            self.constants[key] = name
        return self.constants[key]

    def ints(self, *values):
        return self.constant(INT64, [len(values)], values)

    def scalar(self, value):
        return self.constant(FLOAT, [], [value])

    def weight(self, name, shape, scale, element=FLOAT, offset=0.0):
        count = 1
        for size in shape:
            count *= size
        # Readers map external data by pages.
        start = -(-self.weights.tell() // 4096) * 4096
        self.weights.seek(start)
        self.random.write(self.weights, element, count, scale, offset)
        entries = {"location": "model.onnx.data", "offset": str(start), "length": str(self.weights.tell() - start)}
        self.initializers.append(b"".join(number(1, size) for size in shape) + number(2, element) + data(8, name) +
                                 b"".join(data(13, data(1, key) + data(2, value)) for key, value in entries.items()) +
                                 number(14, 1))
        return name

    def save(self):
        self.weights.close()
        graph = (b"".join(data(1, each) for each in self.nodes) + data(2, "bench") +
                 b"".join(data(5, each) for each in self.initializers) +
                 b"".join(data(11, each) for each in self.inputs) + b"".join(data(12, each) for each in self.outputs))
        with open(os.path.join(self.folder, "model.onnx"), "wb") as file:
            file.write(number(1, 10) + data(2, "glmc test/bench") + data(7, graph) + data(8, number(2, self.opset)))
