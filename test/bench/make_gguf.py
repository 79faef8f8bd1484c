"""Writes a GLM that make_glm.py exported as GGUF, with the same weights, for llama.cpp.

Every matrix gets the same type, by gguf's own quantiser; norms stay f32. A tensor
at a time, since the model may be larger than memory.

Usage: make_gguf.py FOLDER OUT.gguf F16|Q8_0|Q4_0
prints the bytes that one token reads.
"""

import sys

import gguf
import numpy

from glm_weights import GlmWeights

EPSILON, BASE, ROOM = 1e-5, 10000.0, 8192  # As make_glm.py exports them.
ROWS = 2048  # Of a matrix that are quantised at once.


class Writer:
    def __init__(self, weights, path, kind):
        self.weights, self.type = weights, gguf.GGMLQuantizationType[kind]
        self.writer = gguf.GGUFWriter(path, "chatglm")
        self.entries = []  # What is written once the table is.
        self.token_bytes = 0

    def describe(self):
        weights, writer = self.weights, self.writer
        kv_heads, features = weights.cache_shape
        writer.add_name("glm")
        writer.add_context_length(ROOM)
        writer.add_embedding_length(weights.hidden)
        writer.add_feed_forward_length(weights.shape(weights.layers[0]["down"])[0])
        writer.add_block_count(len(weights.layers))
        writer.add_head_count(weights.shape(weights.layers[0]["q"])[1] // features)
        writer.add_head_count_kv(kv_heads)
        writer.add_layer_norm_rms_eps(EPSILON)
        writer.add_rope_dimension_count(features)
        writer.add_rope_freq_base(BASE)
        writer.add_vocab_size(weights.shape(weights.embedding)[0])
        writer.add_tokenizer_model("no_vocab")
        writer.add_add_bos_token(False)

    def norm(self, name, weight):
        array = numpy.asarray(self.weights.array(weight), numpy.float32)
        self.writer.add_tensor_info(name, array.shape, array.dtype, array.nbytes)
        self.entries.append(lambda: array)

    def matrix(self, name, weight, transpose, is_read=True):
        """`transpose`: it is [inputs, outputs], and GGUF wants a row an output."""
        shape = self.weights.shape(weight)
        rows, columns = reversed(shape) if transpose else shape
        row = gguf.quant_shape_to_byte_shape((columns,), self.type)[0] if self.is_packed else 2 * columns
        kind = numpy.dtype(numpy.uint8 if self.is_packed else numpy.float16)
        self.writer.add_tensor_info(name, (rows, row if self.is_packed else columns), kind, rows * row,
                                    self.type if self.is_packed else None)
        self.token_bytes += rows * row if is_read else 0
        self.entries.append(lambda: self.stored(weight, transpose, rows))

    @property
    def is_packed(self):
        return self.type != gguf.GGMLQuantizationType.F16

    def stored(self, weight, transpose, rows):
        array = self.weights.array(weight)
        array = array.T if transpose else array
        parts = (numpy.ascontiguousarray(array[first:first + ROWS], numpy.float32) for first in range(0, rows, ROWS))
        return numpy.concatenate([gguf.quants.quantize(part, self.type) if self.is_packed else part.astype("float16")
                                  for part in parts])

    def write(self):
        self.describe()
        weights = self.weights
        # One tensor where input and output embedding are one; else a token reads a row of the former.
        tied = weights.embedding == weights.head
        self.matrix("token_embd.weight", weights.embedding, False, is_read=tied)
        if not tied:
            self.matrix("output.weight", weights.head, not weights.is_head_turned)
        self.norm("output_norm.weight", weights.final_norm)
        for i, layer in enumerate(weights.layers):
            self.norm(f"blk.{i}.attn_norm.weight", layer["attn_norm"])
            self.norm(f"blk.{i}.ffn_norm.weight", layer["ffn_norm"])
            for name, product in (("attn_q", "q"), ("attn_k", "k"), ("attn_v", "v"), ("attn_output", "out"),
                                  ("ffn_up", "gate_up"), ("ffn_down", "down")):
                self.matrix(f"blk.{i}.{name}.weight", layer[product], True)
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_ti_data_to_file()
        for entry in self.entries:
            self.writer.write_tensor_data(entry())
        self.writer.close()


def main():
    folder, path, kind = sys.argv[1:4]
    writer = Writer(GlmWeights(folder), path, kind)
    writer.write()
    print(writer.token_bytes)


if __name__ == "__main__":
    main()
