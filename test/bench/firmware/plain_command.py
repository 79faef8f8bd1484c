#!/usr/bin/env python3
"""Writes the command model (examples/command) as the C that one would write by hand, with the interface that glmc's
command.h has, so that examples/firmware/command/main.c runs on it.
usage: plain_command.py MODEL.onnx f32|int8 OUTDIR       needs onnx and numpy

f32: a loop nest a layer, weights as the model has them. int8: weights and left sides of products rounded to 8 bits in
groups of 32, as `glmc --weights int8 --activations int8` does it; sums of products in 32 bits. firmware.py compares
generated code with it."""
import os
import sys

import numpy as np
import onnx
from onnx import numpy_helper

GROUP = 32
HIDDEN, HEADS, KV, WIDTH, INNER, VOCABULARY, LAYERS, CONTEXT, ROTARY = 160, 4, 2, 32, 320, 260, 4, 160, 16

HEADER = """#ifndef COMMAND_H
#define COMMAND_H
#include <stdint.h>
#define COMMAND_VOCABULARY %d
#define COMMAND_CONTEXT_TOKENS %d
typedef struct { float keys[%d][%d][%d], values[%d][%d][%d]; int64_t length; } command_context;
#define COMMAND_CONTEXT_BYTES sizeof(command_context)
extern command_context command_default;
int command_init(command_context *context);
int command_reset(command_context *context);
int command_prefill(command_context *context, const int64_t *tokens, int64_t count, float *logits);
int command_decode(command_context *context, int64_t token, float *logits);
const char *command_status_text(int status);
#endif
""" % (VOCABULARY, CONTEXT, LAYERS, CONTEXT, KV * WIDTH, LAYERS, CONTEXT, KV * WIDTH)

PRODUCT = {
    "f32": """
/* y[n] = sum of x[k] * w[k][n], which lies column by column. */
static void product(const float *x, const float *w, const float *unused, int depth, int columns, float *y) {
  (void)unused;
  for (int n = 0; n < columns; ++n) {
    float sum = 0;
    for (int k = 0; k < depth; ++k)
      sum += x[k] * w[n * depth + k];
    y[n] = sum;
  }
}
""",
    "int8": """
/* y[n] = sum of x[k] * w[k][n], which lies column by column, with a scale for each group of k. */
static void product(const float *x, const int8_t *w, const float *scales, int depth, int columns, float *y) {
  static int8_t rounded[INNER];
  static float lengths[INNER / GROUP];
  for (int g = 0; g < depth / GROUP; ++g) {
    float most = 0;
    for (int k = g * GROUP; k < (g + 1) * GROUP; ++k)
      most = fabsf(x[k]) > most ? fabsf(x[k]) : most;
    lengths[g] = most / 127;
    for (int k = g * GROUP; k < (g + 1) * GROUP; ++k)
      rounded[k] = lengths[g] > 0 ? (int8_t)lrintf(x[k] / lengths[g]) : 0;
  }
  for (int n = 0; n < columns; ++n) {
    float total = 0;
    for (int g = 0; g < depth / GROUP; ++g) {
      int32_t sum = 0;
      for (int k = g * GROUP; k < (g + 1) * GROUP; ++k)
        sum += rounded[k] * w[n * depth + k];
      total += (float)sum * (lengths[g] * scales[n * (depth / GROUP) + g]);
    }
    y[n] = total;
  }
}
""",
}

BODY = """
command_context command_default;

static void norm(const float *x, const float *scale, float *y) {
  float sum = 0;
  for (int i = 0; i < HIDDEN; ++i)
    sum += x[i] * x[i];
  const float factor = 1 / sqrtf(sum / HIDDEN + 1e-5f);
  for (int i = 0; i < HIDDEN; ++i)
    y[i] = x[i] * factor * scale[i];
}

static void rotate(float *x, const float *cosines, const float *sines) {
  for (int i = 0; i < ROTARY / 2; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cosines[i] - b * sines[i];
    x[2 * i + 1] = b * cosines[i] + a * sines[i];
  }
}

static void step(command_context *c, int64_t token, float *logits) {
  static float x[HIDDEN], y[HIDDEN], q[HEADS * WIDTH], mixed[HEADS * WIDTH], inner[2 * INNER], more[HIDDEN], scores[CONTEXT];
  float cosines[ROTARY / 2], sines[ROTARY / 2];
  const int position = (int)c->length++;
  for (int i = 0; i < ROTARY / 2; ++i) {
    cosines[i] = cosf(position * frequencies[i]);
    sines[i] = sinf(position * frequencies[i]);
  }
  for (int i = 0; i < HIDDEN; ++i)
    x[i] = embedding[token * HIDDEN + i];
  for (int l = 0; l < LAYERS; ++l) {
    const struct layer *w = &layers[l];
    float *key = c->keys[l][position], *value = c->values[l][position];
    norm(x, w->first, y);
    product(y, w->q, w->qs, HIDDEN, HEADS * WIDTH, q);
    product(y, w->k, w->ks, HIDDEN, KV * WIDTH, key);
    product(y, w->v, w->vs, HIDDEN, KV * WIDTH, value);
    for (int i = 0; i < HEADS * WIDTH; ++i)
      q[i] += w->qb[i];
    for (int i = 0; i < KV * WIDTH; ++i) {
      key[i] += w->kb[i];
      value[i] += w->vb[i];
    }
    for (int h = 0; h < HEADS; ++h)
      rotate(q + h * WIDTH, cosines, sines);
    for (int h = 0; h < KV; ++h)
      rotate(key + h * WIDTH, cosines, sines);
    for (int h = 0; h < HEADS; ++h) {
      const int kv = h / (HEADS / KV) * WIDTH;
      float most = -1e30f, sum = 0;
      for (int t = 0; t <= position; ++t) {
        float dot = 0;
        for (int i = 0; i < WIDTH; ++i)
          dot += q[h * WIDTH + i] * c->keys[l][t][kv + i];
        scores[t] = dot * 0.17677669529663687f;
        most = scores[t] > most ? scores[t] : most;
      }
      for (int t = 0; t <= position; ++t)
        sum += scores[t] = expf(scores[t] - most);
      for (int i = 0; i < WIDTH; ++i) {
        float total = 0;
        for (int t = 0; t <= position; ++t)
          total += scores[t] * c->values[l][t][kv + i];
        mixed[h * WIDTH + i] = total / sum;
      }
    }
    product(mixed, w->o, w->os, HEADS * WIDTH, HIDDEN, more);
    for (int i = 0; i < HIDDEN; ++i)
      x[i] += more[i];
    norm(x, w->second, y);
    product(y, w->up, w->ups, HIDDEN, 2 * INNER, inner);
    for (int i = 0; i < INNER; ++i)
      inner[i] = inner[i] / (1 + expf(-inner[i])) * inner[INNER + i];
    product(inner, w->down, w->downs, INNER, HIDDEN, more);
    for (int i = 0; i < HIDDEN; ++i)
      x[i] += more[i];
  }
  norm(x, last, y);
  product(y, head, heads, HIDDEN, VOCABULARY, logits);
}

int command_init(command_context *c) { return command_reset(c); }
int command_reset(command_context *c) {
  c->length = 0;
  return 0;
}
int command_prefill(command_context *c, const int64_t *tokens, int64_t count, float *logits) {
  for (int64_t i = 0; i < count; ++i)
    step(c, tokens[i], logits);
  return 0;
}
int command_decode(command_context *c, int64_t token, float *logits) {
  step(c, token, logits);
  return 0;
}
const char *command_status_text(int status) { return status ? "error" : "ok"; }
"""


def array(name, values):
    kind = {"float32": "float", "int8": "int8_t"}[str(values.dtype)]
    text = ", ".join(str(int(v)) if kind == "int8_t" else float(v).hex() + "f" for v in values.ravel())
    return f"static const {kind} {name}[{values.size}] = {{{text}}};\n"


def weight(name, matrix, form):
    """A matrix [depth, columns], column by column."""
    columns = np.ascontiguousarray(matrix.T)
    if form == "f32":
        return array(name, columns) + f"#define {name}_s 0\n"
    groups = columns.reshape(len(columns), -1, GROUP)
    scales = (np.abs(groups).max(axis=2) / 127).astype(np.float16).astype(np.float32)
    integers = np.clip(np.rint(groups / np.maximum(scales, 1e-12)[..., None]), -127, 127).astype(np.int8)
    return array(name, integers) + array(name + "_s", scales)


def layer_weights(graph, constants):
    """What each product of the graph reads, in the order that layers have them: q, k, v, o, up, down."""
    products = [constants[n.input[1]] for n in graph.node if n.op_type == "MatMul" and n.input[1] in constants]
    return [products[6 * i : 6 * i + 6] for i in range(LAYERS)], products[6 * LAYERS]


def write(model, form, out):
    graph = onnx.load(model).graph
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    per_layer, head = layer_weights(graph, constants)
    kind = {"f32": "float", "int8": "int8_t"}[form]
    text = ['#include "command.h"\n#include <math.h>\n']
    sizes = dict(HIDDEN=HIDDEN, HEADS=HEADS, KV=KV, WIDTH=WIDTH, INNER=INNER, VOCABULARY=VOCABULARY, LAYERS=LAYERS,
                 CONTEXT=CONTEXT, ROTARY=ROTARY, GROUP=GROUP)
    text.append("enum { " + ", ".join(f"{n} = {v}" for n, v in sizes.items()) + " };\n")
    text.append(array("embedding", constants["model.model.embed_tokens.weight"]))
    text.append(array("frequencies", constants["model.model.rotary_emb.inv_freq"]))
    text.append(array("last", constants["model.model.norm.weight"]) + weight("head", head, form))
    text.append("#define heads head_s\n")
    names = ["q", "k", "v", "o", "up", "down"]
    rows = []
    for i, matrices in enumerate(per_layer):
        row = []
        for name, matrix in zip(names, matrices):
            text.append(weight(f"l{i}_{name}", matrix, form))
            row += [f"l{i}_{name}", f"l{i}_{name}_s"]
        prefix = f"model.model.layers.{i}."
        for name, source in (("qb", "self_attn.q_proj.bias"), ("kb", "self_attn.k_proj.bias"), ("vb", "self_attn.v_proj.bias"),
                             ("first", "input_layernorm.weight"), ("second", "post_attention_layernorm.weight")):
            text.append(array(f"l{i}_{name}", constants[prefix + source]))
            row.append(f"l{i}_{name}")
        rows.append("  {" + ", ".join(row) + "},\n")
    fields = "".join(f"  const {kind} *{n};\n  const float *{n}s;\n" for n in names)
    text.append("static const struct layer {\n" + fields + "  const float *qb, *kb, *vb, *first, *second;\n} layers[LAYERS] = {\n" + "".join(rows) + "};\n")
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "command.h"), "w", encoding="utf-8") as file:
        file.write(HEADER)
    with open(os.path.join(out, "command.c"), "w", encoding="utf-8") as file:
        file.write("".join(text) + PRODUCT[form] + BODY)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[2] not in PRODUCT:
        sys.exit(__doc__)
    write(*sys.argv[1:])
