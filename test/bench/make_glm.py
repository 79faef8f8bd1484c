"""Makes GLM models of real shapes with random weights, exported by transformers and PyTorch.

Presets: glm-edge-1.5b, glm-edge-4b, glm-4-9b. What torch.onnx.export(dynamo=True)
writes for the real checkpoint is what comes out, except for the values.

A model that is larger than memory can be made: parameters are one number each,
expanded to their shape, while the exporter works, and the data file is filled
with random numbers afterwards, a tensor at a time. Every number is different, so
that the exporter takes no two of them for equal.

  static    input_ids [1, TOKENS], attention_mask [1, PAST + TOKENS], position_ids
            [1, TOKENS], past_key_values.I.{key,value} [1, KV, PAST, 128] if PAST > 0;
            logits and present.I.{key,value}
  dynamic   the same with free dimensions batch, sequence and past

Needs torch, transformers, onnx, onnxscript: made with torch 2.15, transformers 5.23.
Usage: make_glm.py FOLDER [--preset NAME] [--layers N] [--dtype f32|f16|bf16]
                   [--form static|dynamic] [--tokens S] [--past P] [--seed N] [--small]
writes FOLDER/model.onnx and FOLDER/model.onnx.data.
"""

import argparse
import os
import sys
import time
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.filterwarnings("ignore")

import ml_dtypes
import numpy
import onnx_ir as ir
import torch
from transformers import DynamicCache, GlmConfig, GlmForCausalLM

HEAD = 128
ALIGNMENT = 4096  # Of tensors in the data file, so that they can be mapped.
EXTERNAL = 1024   # Elements from which on a tensor of floats is a weight in the data file.
CHUNK = 1 << 24   # Random numbers made at once.

PRESETS = {
    "glm-edge-1.5b": dict(hidden_size=2048, intermediate_size=6144, num_hidden_layers=28, num_attention_heads=16,
                          num_key_value_heads=4, vocab_size=59264, tie_word_embeddings=True, attention_bias=False,
                          rms_norm_eps=1e-5, part=1.0),
    "glm-edge-4b": dict(hidden_size=3072, intermediate_size=8192, num_hidden_layers=40, num_attention_heads=24,
                        num_key_value_heads=6, vocab_size=59264, tie_word_embeddings=False, attention_bias=False,
                        rms_norm_eps=1e-5, part=1.0),
    "glm-4-9b": dict(hidden_size=4096, intermediate_size=13696, num_hidden_layers=40, num_attention_heads=32,
                     num_key_value_heads=2, vocab_size=151552, tie_word_embeddings=False, attention_bias=True,
                     rms_norm_eps=1.5625e-7, part=0.5),
}
# What --small makes of them: the same graph in a few kilobytes, with weights in the data file all the same.
SMALL = dict(hidden_size=64, intermediate_size=112, num_attention_heads=4, num_key_value_heads=2, vocab_size=256)
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
NUMPY = {ir.DataType.FLOAT: numpy.float32, ir.DataType.FLOAT16: numpy.float16, ir.DataType.BFLOAT16: ml_dtypes.bfloat16}


class Flat(torch.nn.Module):
    """The model with its cache as tensors: (ids, mask, positions, k0, v0, ...) -> (logits, k0, v0, ...)."""

    def __init__(self, model, layers):
        super().__init__()
        self.model, self.layers = model, layers

    def forward(self, input_ids, attention_mask, position_ids, past=()):
        cache = DynamicCache()
        for layer in range(len(past) // 2):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
                         past_key_values=cache, use_cache=True)
        present = [each for layer in out.past_key_values.layers for each in (layer.keys, layer.values)]
        return (out.logits, *present)


def hollow_model(config, dtype):
    """The model with parameters that take no memory: a number each."""
    with torch.device("meta"):
        model = GlmForCausalLM(config).to(dtype).eval()
    count = 0
    for module in model.modules():
        for name, parameter in list(module._parameters.items()):
            if parameter is None:
                continue
            count += 1
            value = torch.tensor(count / 1024, dtype=dtype).expand(parameter.shape)
            module._parameters[name] = torch.nn.Parameter(value, requires_grad=False)
    if config.tie_word_embeddings:
        model.lm_head.weight = model.model.embed_tokens.weight
    # Its frequencies are numbers of the model, which meta has not computed.
    model.model.rotary_emb = type(model.model.rotary_emb)(config)
    return model


def export(config, arguments):
    layers, kv = config.num_hidden_layers, config.num_key_value_heads
    dtype = DTYPES[arguments.dtype]
    module = Flat(hollow_model(config, dtype), layers)
    tokens, past = arguments.tokens, arguments.past
    caches = tuple(torch.zeros(1, kv, past, config.head_dim, dtype=dtype) for _ in range(2 * layers)) if past else ()
    inputs = [torch.zeros(1, tokens, dtype=torch.int64), torch.ones(1, past + tokens, dtype=torch.int64),
              torch.arange(past, past + tokens)[None]] + ([caches] if past else [])
    names = [f"{layer}.{what}" for layer in range(layers) for what in ("key", "value")]
    extra = {}
    if arguments.form == "dynamic":
        dynamic = torch.export.Dim.DYNAMIC
        extra["dynamic_shapes"] = [{0: dynamic, 1: dynamic}] * 3 + (
            [tuple({0: dynamic, 2: dynamic} for _ in caches)] if past else [])
    with torch.no_grad():
        program = torch.onnx.export(
            module, tuple(inputs), dynamo=True, verbose=False,
            input_names=["input_ids", "attention_mask", "position_ids"] +
                        ([f"past_key_values.{name}" for name in names] if past else []),
            output_names=["logits"] + [f"present.{name}" for name in names], **extra)
    return program.model


def random_values(generator, name, shape, count):
    """`count` values of a parameter: as initialised, and norms off one, so that a dropped one shows."""
    values = generator.standard_normal(count, dtype=numpy.float32)
    if len(shape) > 1:
        return values * numpy.float32(0.02)
    return values * numpy.float32(0.1) + (1 if "norm" in name else 0)


def save(model, folder, seed):
    """Writes the graph, and random numbers for its weights."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.onnx")
    generator = numpy.random.default_rng(seed)
    with open(path + ".data", "wb") as data:
        for name, value in model.graph.initializers.items():
            tensor = value.const_value
            if tensor.dtype not in NUMPY or tensor.size < EXTERNAL:
                continue
            shape = [int(size) for size in tensor.shape]
            data.seek(-(-data.tell() // ALIGNMENT) * ALIGNMENT)
            offset = data.tell()
            for first in range(0, tensor.size, CHUNK):
                values = random_values(generator, name, shape, min(CHUNK, tensor.size - first))
                data.write(values.astype(NUMPY[tensor.dtype]).tobytes())
            value.const_value = ir.ExternalTensor("model.onnx.data", offset, data.tell() - offset, tensor.dtype,
                                                  shape=ir.Shape(shape), name=name, base_dir=folder)
    ir.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="glm-edge-1.5b")
    parser.add_argument("--layers", type=int, help="instead of all")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="f32")
    parser.add_argument("--form", choices=["static", "dynamic"], default="static")
    parser.add_argument("--tokens", type=int, default=1)
    parser.add_argument("--past", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--small", action="store_true", help="the same graph with dimensions that compile in a second")
    arguments = parser.parse_args()
    shape = dict(PRESETS[arguments.preset], **(SMALL if arguments.small else {}))
    part = shape.pop("part")
    if arguments.layers:
        shape["num_hidden_layers"] = arguments.layers
    config = GlmConfig(head_dim=16 if arguments.small else HEAD, max_position_embeddings=8192, pad_token_id=0,
                       rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=part), **shape)
    config._attn_implementation = "sdpa"
    start = time.time()
    model = export(config, arguments)
    exported = time.time()
    save(model, arguments.folder, arguments.seed)
    size = os.path.getsize(os.path.join(arguments.folder, "model.onnx.data"))
    print(f"{arguments.folder}: {len(list(model.graph))} nodes, {size / 1e9:.2f} GB of weights; "
          f"export {exported - start:.0f} s, data {time.time() - exported:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
