"""Makes the models that test/bench times, seeded, in folders as glmc reads them.

  gemm_M_N_K        y = x W, x [M, K], W constant
  matvec_ELEMENT    a chain of matvecs over weights of a gigabyte in all
  decode_L          L layers of GLM-Edge's shape, 1 token with 128 in the cache
  prefill_L         the same layers, 128 tokens

The layers are written node by node as torch.onnx.export(dynamo=True) writes
them (see test/models/edge.*): what glmc makes of a model that people export is
what is timed. They read hidden states, so that no vocabulary is in the way.

Usage: make_models.py FOLDER NAME... [--small]
  --small   the same graphs with dimensions that compile in a second
"""

import argparse
import os
import sys

from onnx_writer import BOOL, FLOAT, FLOAT16, INT64, Model


class Shape:
    """GLM-Edge-1.5B's layer; or a tiny one of the same kind."""

    def __init__(self, small):
        self.hidden, self.heads, self.kv_heads, self.head, self.intermediate, self.context = (
            (64, 4, 2, 16, 112, 12) if small else (2048, 16, 4, 128, 6144, 128))


def rms_norm(model, x, size, name):
    """As PyTorch takes it apart."""
    square = model.node("Pow", [x, model.scalar(2.0)])
    mean = model.node("ReduceMean", [square, model.ints(-1)], noop_with_empty_axes=0, keepdims=1)
    root = model.node("Sqrt", [model.node("Add", [mean, model.scalar(1e-5)])])
    scaled = model.node("Mul", [x, model.node("Reciprocal", [root])])
    return model.node("Mul", [model.weight(name, [size], 0.1, offset=1.0), scaled])


def rotate(model, x, cos, sin, shape):
    """Interleaved rotary embedding of x [1, heads, tokens, head]."""
    end = model.ints(2 ** 63 - 1)
    even = model.node("Slice", [x, model.ints(0), end, model.ints(3), model.ints(2)])
    odd = model.node("Slice", [x, model.ints(1), end, model.ints(3), model.ints(2)])
    pairs = [model.node("Unsqueeze", [each, model.ints(-1)]) for each in (model.node("Neg", [odd]), even)]
    turned = model.node("Reshape", [model.node("Concat", pairs, axis=-1), model.ints(*shape)], allowzero=1)
    return model.node("Add", [model.node("Mul", [x, cos]), model.node("Mul", [turned, sin])])


class Layers:
    """The graph of `layers` layers for `tokens` tokens after `past` cached ones."""

    def __init__(self, folder, layers, tokens, past, shape):
        self.model, self.shape, self.tokens, self.past = Model(folder), shape, tokens, past
        model = self.model
        hidden = model.input("inputs_embeds", FLOAT, [1, tokens, shape.hidden])
        attention_mask = model.input("attention_mask", INT64, [1, past + tokens])
        position_ids = model.input("position_ids", INT64, [1, tokens])
        self.mask = self.causal_mask(attention_mask)
        self.cos, self.sin = self.angles(position_ids)
        for layer in range(layers):
            hidden = self.layer(hidden, layer)
        hidden = rms_norm(model, hidden, shape.hidden, "m.norm.weight")
        model.node("Identity", [hidden], name="last_hidden_state")
        model.output("last_hidden_state", FLOAT, [1, tokens, shape.hidden])
        for layer in range(layers):
            for what in ("key", "value"):
                model.output(f"present.{layer}.{what}", FLOAT, [1, shape.kv_heads, past + tokens, shape.head])
        model.save()

    def causal_mask(self, attention_mask):
        """[1, 1, tokens, past + tokens]: may be attended, and is no padding."""
        model, length = self.model, self.past + self.tokens
        causal = model.constant(BOOL, [1, 1, self.tokens, length],
                                [t <= s + self.past for s in range(self.tokens) for t in range(length)])
        indices = model.constant(INT64, [1, 1, 1, length, 2], [v for t in range(length) for v in (0, t)])
        kept = model.node("GatherND", [model.node("Cast", [attention_mask], to=BOOL), indices], batch_dims=0)
        return model.node("And", [causal, kept])

    def angles(self, position_ids):
        model, half = self.model, self.shape.head // 2
        inverse = model.constant(FLOAT, [half], [10000.0 ** (-i / half) for i in range(half)])
        positions = model.node("Cast", [model.node("Unsqueeze", [position_ids, model.ints(2)])], to=FLOAT)
        product = model.node("Mul", [positions, inverse])
        both = model.node("Concat", [product, product], axis=-1)
        repeated = []
        for function in ("Cos", "Sin"):
            value = model.node("Unsqueeze", [model.node(function, [both]), model.ints(1)])
            value = model.node("Slice", [value, model.ints(0), model.ints(half), model.ints(3), model.ints(1)])
            value = model.node("Expand", [model.node("Unsqueeze", [value, model.ints(4)]), model.ints(1, 1, 1, 1, 2)])
            repeated.append(model.node("Reshape", [value, model.ints(1, 1, self.tokens, -1)], allowzero=0))
        return repeated

    def linear(self, x, name, rows, columns):
        return self.model.node("MatMul", [x, self.model.weight(name, [rows, columns], (3.0 / rows) ** 0.5)])

    def heads_first(self, x):
        view = self.model.node("Reshape", [x, self.model.ints(1, self.tokens, -1, self.shape.head)], allowzero=1)
        return self.model.node("Transpose", [view], perm=[0, 2, 1, 3])

    def cached(self, value, layer, what):
        model, shape = self.model, self.shape
        name = f"present.{layer}.{what}"
        if not self.past:
            return model.node("Identity", [value], name=name)
        past = model.input(f"past_key_values.{layer}.{what}", FLOAT, [1, shape.kv_heads, self.past, shape.head])
        return model.node("Concat", [past, value], name=name, axis=-2)

    def repeated(self, value, dims):
        """KV heads as often as query heads share them, in `dims` then."""
        model, shape, length = self.model, self.shape, self.past + self.tokens
        wide = model.ints(1, shape.kv_heads, shape.heads // shape.kv_heads, length, shape.head)
        value = model.node("Expand", [model.node("Unsqueeze", [value, model.ints(2)]), wide])
        return model.node("Reshape", [value, model.ints(*dims)], allowzero=1)

    def attention(self, q, k, v):
        model, shape, length = self.model, self.shape, self.past + self.tokens
        scale = model.scalar(shape.head ** -0.25)
        v = self.repeated(v, (1, shape.heads, length, shape.head))
        k = model.node("Transpose", [self.repeated(k, (shape.heads, length, shape.head))], perm=[0, 2, 1])
        k = model.node("Reshape", [k, model.ints(1, shape.heads, shape.head, length)], allowzero=0)
        q, k = model.node("Mul", [q, scale]), model.node("Mul", [k, scale])
        zero = model.scalar(0.0)
        mask = model.node("Where", [self.mask, zero, model.scalar(-3.4028234663852886e38)])
        weights = model.node("Softmax", [model.node("Add", [model.node("MatMul", [q, k]), mask])], axis=-1)
        weights = model.node("Where", [model.node("IsNaN", [weights]), zero, weights])
        out = model.node("MatMul", [weights, v])
        out = model.node("Reshape", [out, model.ints(1, -1, self.tokens, shape.head)], allowzero=1)
        out = model.node("Transpose", [out], perm=[0, 2, 1, 3])
        return model.node("Reshape", [out, model.ints(1, self.tokens, -1)], allowzero=1)

    def layer(self, hidden, layer):
        model, shape, name = self.model, self.shape, f"m.layers.{layer}."
        normed = rms_norm(model, hidden, shape.hidden, name + "input_layernorm.weight")
        wide, narrow = shape.heads * shape.head, shape.kv_heads * shape.head
        q = self.heads_first(self.linear(normed, name + "q_proj.weight", shape.hidden, wide))
        k = self.heads_first(self.linear(normed, name + "k_proj.weight", shape.hidden, narrow))
        v = self.heads_first(self.linear(normed, name + "v_proj.weight", shape.hidden, narrow))
        q = rotate(model, q, self.cos, self.sin, (1, shape.heads, self.tokens, shape.head))
        k = rotate(model, k, self.cos, self.sin, (1, shape.kv_heads, self.tokens, shape.head))
        out = self.attention(q, self.cached(k, layer, "key"), self.cached(v, layer, "value"))
        hidden = model.node("Add", [hidden, self.linear(out, name + "o_proj.weight", wide, shape.hidden)])
        normed = rms_norm(model, hidden, shape.hidden, name + "post_attention_layernorm.weight")
        both = self.linear(normed, name + "gate_up_proj.weight", shape.hidden, 2 * shape.intermediate)
        gate, up = model.node("Split", [both], outputs=2, axis=2, num_outputs=2)
        product = model.node("Mul", [up, model.node("Mul", [gate, model.node("Sigmoid", [gate])])])
        down = self.linear(product, name + "down_proj.weight", shape.intermediate, shape.hidden)
        return model.node("Add", [hidden, down])


def make_gemm(folder, rows, columns, depth):
    model = Model(folder)
    x = model.input("x", FLOAT, [rows, depth])
    model.node("MatMul", [x, model.weight("w", [depth, columns], (3.0 / depth) ** 0.5)], name="y")
    model.output("y", FLOAT, [rows, columns])
    model.save()


def make_matvec(folder, element, small):
    """Weights are stored as `element`; what is computed with is f32."""
    model = Model(folder)
    size, count = (64, 2) if small else (8192, 4 if element == FLOAT else 8)
    value = model.input("x", FLOAT, [1, size])
    for i in range(count):
        weight = model.weight(f"w{i}", [size, size], (3.0 / size) ** 0.5, element)
        if element != FLOAT:
            weight = model.node("Cast", [weight], to=FLOAT)
        value = model.node("MatMul", [value, weight], name="y" if i == count - 1 else None)
    model.output("y", FLOAT, [1, size])
    model.save()


def make(folder, name, small):
    kind, *numbers = name.split("_")
    if kind == "gemm" and len(numbers) == 3:
        make_gemm(folder, *map(int, numbers))
    elif kind == "matvec" and numbers in (["f32"], ["f16"]):
        make_matvec(folder, FLOAT if numbers == ["f32"] else FLOAT16, small)
    elif kind in ("decode", "prefill") and len(numbers) == 1:
        shape = Shape(small)
        tokens, past = (1, shape.context) if kind == "decode" else (shape.context, 0)
        Layers(folder, int(numbers[0]), tokens, past, shape)
    else:
        sys.exit(f"error: there is no model '{name}'; see --help")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.names:
        make(os.path.join(arguments.folder, name), name, arguments.small)


if __name__ == "__main__":
    main()
