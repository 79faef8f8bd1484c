#!/usr/bin/env python3
"""Writes a network as the C that one would write by hand: a loop nest an operator, arrays in ONNX's order.
usage: plain.py MODEL.onnx OUT.c          needs onnx and numpy

It is what firmware.py compares generated code with. Nets of QDQ form become what their author means: sums of products of
8-bit integers in 32 bits, then one multiplication, rounding and clamping. The function is
`void plain(const void *input, void *output)`."""
import sys

import numpy as np
import onnx
from onnx import numpy_helper, shape_inference

CTYPE = {"float32": "float", "int8": "int8_t", "uint8": "uint8_t", "int32": "int32_t", "int64": "int64_t"}


def literal(value):
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    text = f"{float(value):.9g}"
    return (text if any(c in text for c in ".en") else text + ".0") + "f"


class Value:
    """A tensor: where it is in C, and its scale and zero point if it holds integers."""

    def __init__(self, c, shape, kind="float", scale=None, zero=0):
        self.c, self.shape, self.kind, self.scale, self.zero = c, list(shape), kind, scale, zero

    def size(self):
        return int(np.prod(self.shape))


class Writer:
    def __init__(self, model):
        self.graph = shape_inference.infer_shapes(model).graph
        self.constants = {i.name: numpy_helper.to_array(i) for i in self.graph.initializer}
        self.shapes = {
            v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
            for v in [*self.graph.value_info, *self.graph.input, *self.graph.output]
        }
        self.values, self.arrays, self.code, self.count = {}, [], [], 0
        self.quantizers = {n.input[0]: n for n in self.graph.node if n.op_type == "QuantizeLinear"}

    # -- names and arrays -------------------------------------------------------------------------------------------
    def name(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def table(self, array):
        c = self.name("w")
        self.arrays.append(
            f"static const {CTYPE[str(array.dtype)]} {c}[{array.size}] = {{{', '.join(map(literal, array.ravel()))}}};"
        )
        return c

    def buffer(self, shape, kind):
        c = self.name("t")
        self.arrays.append(f"static {kind} {c}[{int(np.prod(shape))}];")
        return c

    def emit(self, *lines):
        self.code.extend(lines)

    # -- what an operator reads and writes --------------------------------------------------------------------------
    def read(self, name):
        if name not in self.values:
            array = self.constants[name]
            self.values[name] = Value(self.table(array), array.shape, CTYPE[str(array.dtype)])
        return self.values[name]

    def result(self, node):
        """The value that the operator fills: floats, or integers if it is quantised at once."""
        name = node.output[0]
        shape = self.shapes[name]
        quantizer = self.quantizers.get(name)
        if quantizer is not None:
            scale, zero = self.constants[quantizer.input[1]], self.constants[quantizer.input[2]]
            value = Value(self.buffer(shape, "int8_t"), shape, "int8_t", float(scale), int(zero))
            self.values[quantizer.output[0]] = value
        else:
            value = Value(self.buffer(shape, "float"), shape)
        self.values[name] = value
        return value

    def store(self, value, index, number):
        """Stores the float expression `number`."""
        if value.kind == "float":
            return f"{value.c}[{index}] = {number};"
        return f"{value.c}[{index}] = to_int8(({number}) * {literal(1 / value.scale)}, {value.zero});"

    # -- operators --------------------------------------------------------------------------------------------------
    def dequantize(self, node):
        source, scale = node.input[0], self.constants[node.input[1]]
        zero = self.constants[node.input[2]]
        if source in self.constants:
            array = self.constants[source]
            value = Value(self.table(array), array.shape, CTYPE[str(array.dtype)], scale.astype(np.float64), 0)
        else:
            value = self.read(source)
            if value.kind == "float":
                raise SystemExit(f"{node.name}: what is dequantised was never quantised")
        self.values[node.output[0]] = value

    def quantize(self, node):
        if node.output[0] in self.values:
            return  # Its producer did.
        x = self.read(node.input[0])
        scale, zero = float(self.constants[node.input[1]]), int(self.constants[node.input[2]])
        y = Value(self.buffer(x.shape, "int8_t"), x.shape, "int8_t", scale, zero)
        self.values[node.output[0]] = y
        number = f"{x.c}[i]" if x.kind == "float" else f"({x.c}[i] - {x.zero}) * {literal(x.scale)}"
        self.emit(f"for (int i = 0; i < {x.size()}; ++i)", "  " + self.store(y, "i", number))

    def product(self, y, x, w, bias, terms, index, channel):
        """The lines that store a sum of products: `terms` adds one to `sum`."""
        if x.kind == "float":
            start = f"{bias.c}[{channel}]" if bias else "0"
            return [f"float sum = {start};", *terms, self.store(y, index, "sum")]
        start = f"{bias.c}[{channel}]" if bias else "0"
        scales = np.atleast_1d(np.asarray(w.scale, np.float64)) * x.scale
        if y.kind != "float":
            scales = scales / y.scale
        scale = self.table(scales.astype(np.float32)) + (f"[{channel}]" if scales.size > 1 else "[0]")
        number = f"(float)sum * {scale}"
        last = f"{y.c}[{index}] = " + (f"{number};" if y.kind == "float" else f"to_int8({number}, {y.zero});")
        return [f"int32_t sum = {start};", *terms, last]

    def conv(self, node):
        a = {k.name: onnx.helper.get_attribute_value(k) for k in node.attribute}
        x, w = self.read(node.input[0]), self.read(node.input[1])
        bias = self.read(node.input[2]) if len(node.input) > 2 else None
        y = self.result(node)
        _, channels, height, width = x.shape
        outs, per, kh, kw = w.shape
        _, _, oh, ow = y.shape
        sh, sw = a.get("strides", [1, 1])
        dh, dw = a.get("dilations", [1, 1])
        top, left = a.get("pads", [0, 0, 0, 0])[:2]
        group = outs // a.get("group", 1)
        zero = f" - {x.zero}" if x.zero else ""
        terms = [
            f"for (int c = 0; c < {per}; ++c)",
            f"  for (int i = 0; i < {kh}; ++i)",
            f"    for (int j = 0; j < {kw}; ++j) {{",
            f"      const int r = p * {sh} + i * {dh} - {top}, s = q * {sw} + j * {dw} - {left};",
            f"      if (r >= 0 && r < {height} && s >= 0 && s < {width})",
            f"        sum += ({x.c}[((o / {group}) * {per} + c) * {height * width} + r * {width} + s]{zero}) * "
            f"{w.c}[((o * {per} + c) * {kh} + i) * {kw} + j];",
            "    }",
        ]
        self.emit(f"for (int o = 0; o < {outs}; ++o)", f"  for (int p = 0; p < {oh}; ++p)", f"    for (int q = 0; q < {ow}; ++q) {{")
        self.emit(*("      " + t for t in self.product(y, x, w, bias, terms, f"(o * {oh} + p) * {ow} + q", "o")), "    }")

    def gemm(self, node):
        a = {k.name: onnx.helper.get_attribute_value(k) for k in node.attribute}
        x, w = self.read(node.input[0]), self.read(node.input[1])
        bias = self.read(node.input[2]) if len(node.input) > 2 else None
        y = self.result(node)
        rows = int(np.prod(x.shape[:-1]))
        depth = x.shape[-1]
        columns = y.shape[-1]
        at = f"n * {depth} + k" if a.get("transB", 0) else f"k * {columns} + n"
        zero = f" - {x.zero}" if x.zero else ""
        terms = [f"for (int k = 0; k < {depth}; ++k)", f"  sum += ({x.c}[m * {depth} + k]{zero}) * {w.c}[{at}];"]
        self.emit(f"for (int m = 0; m < {rows}; ++m)", f"  for (int n = 0; n < {columns}; ++n) {{")
        self.emit(*("    " + t for t in self.product(y, x, w, bias, terms, f"m * {columns} + n", "n")), "  }")

    def pool(self, node):
        a = {k.name: onnx.helper.get_attribute_value(k) for k in node.attribute}
        x = self.read(node.input[0])
        y = self.result(node)
        _, channels, height, width = x.shape
        _, _, oh, ow = y.shape
        kh, kw = a["kernel_shape"]
        sh, sw = a["strides"]
        kind, zero = ("float", "") if x.kind == "float" else ("int32_t", f" - {x.zero}")
        scale = literal(1 / (kh * kw) if x.kind == "float" else x.scale / (kh * kw))
        self.emit(
            f"for (int c = 0; c < {channels}; ++c)", f"  for (int p = 0; p < {oh}; ++p)", f"    for (int q = 0; q < {ow}; ++q) {{",
            f"      {kind} sum = 0;", f"      for (int i = 0; i < {kh}; ++i)", f"        for (int j = 0; j < {kw}; ++j)",
            f"          sum += {x.c}[(c * {height} + p * {sh} + i) * {width} + q * {sw} + j]{zero};",
            "      " + self.store(y, f"(c * {oh} + p) * {ow} + q", f"(float)sum * {scale}"), "    }",
        )

    def pointwise(self, node):
        inputs = [self.read(name) for name in node.input]
        y = self.result(node)
        numbers = [f"{x.c}[i]" if x.kind == "float" else f"(float)({x.c}[i] - {x.zero}) * {literal(x.scale)}" for x in inputs]
        number = " + ".join(numbers) if node.op_type == "Add" else f"{numbers[0]} > 0 ? {numbers[0]} : 0"
        self.emit(f"for (int i = 0; i < {y.size()}; ++i)", "  " + self.store(y, "i", number))

    def softmax(self, node):
        x = self.read(node.input[0])
        y = self.result(node)
        columns = x.shape[-1]
        self.emit(
            f"for (int m = 0; m < {x.size() // columns}; ++m) {{", f"  const float *row = {x.c} + m * {columns};",
            "  float most = row[0], sum = 0;", f"  for (int i = 1; i < {columns}; ++i)", "    if (row[i] > most)", "      most = row[i];",
            f"  for (int i = 0; i < {columns}; ++i)", f"    sum += {y.c}[m * {columns} + i] = expf(row[i] - most);",
            f"  for (int i = 0; i < {columns}; ++i)", f"    {y.c}[m * {columns} + i] /= sum;", "}",
        )

    def reshape(self, node):
        x = self.read(node.input[0])
        self.values[node.output[0]] = Value(x.c, self.shapes[node.output[0]], x.kind, x.scale, x.zero)

    # -- the program ------------------------------------------------------------------------------------------------
    def write(self):
        source, result = self.graph.input[0].name, self.graph.output[0].name
        self.values[source] = Value("in", self.shapes[source])
        handlers = {
            "DequantizeLinear": self.dequantize, "QuantizeLinear": self.quantize, "Conv": self.conv, "Gemm": self.gemm,
            "MatMul": self.gemm, "AveragePool": self.pool, "Relu": self.pointwise, "Add": self.pointwise,
            "Softmax": self.softmax, "Reshape": self.reshape,
        }
        for node in self.graph.node:
            if node.op_type not in handlers:
                raise SystemExit(f"plain.py: {node.op_type} is not written here")
            handlers[node.op_type](node)
        y = self.values[result]
        number = f"{y.c}[i]" if y.kind == "float" else f"(float)({y.c}[i] - {y.zero}) * {literal(y.scale)}"
        self.emit(f"for (int i = 0; i < {y.size()}; ++i)", f"  out[i] = {number};")
        return "\n".join(
            [
                "#include <math.h>", "#include <stdint.h>", "",
                "static inline int8_t to_int8(float x, int zero) {",
                "  const int32_t n = (int32_t)lrintf(x) + zero;",
                "  return (int8_t)(n < -128 ? -128 : n > 127 ? 127 : n);", "}", "",
                *self.arrays, "", "void plain(const void *input, void *output) {",
                "  const float *in = (const float *)input;", "  float *out = (float *)output;",
                *("  " + line for line in self.code), "}", "",
            ]
        )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(Writer(onnx.load(sys.argv[1])).write())
