#!/usr/bin/env python3
"""Writes a trained checkpoint as ONNX and measures it.

    export.py CHECKPOINT MODEL.onnx [--test TEST.TSV]

The graph takes tokens, a mask, positions and past keys and values, and gives
logits and the keys and values so far; batch, sequence and past are dynamic.
--test prints the exact match of PyTorch and of ONNX Runtime (greedy, with the
cache), the reference that the compiled program is compared with.
"""
import argparse
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import numpy as np
import onnx
import onnxruntime
import torch
from transformers import DynamicCache, GlmConfig, GlmForCausalLM

import train


class Flat(torch.nn.Module):
    """The model with its cache as plain inputs and outputs."""

    def __init__(self, model):
        super().__init__()
        self.model, self.layers = model, model.config.num_hidden_layers

    def forward(self, input_ids, attention_mask, position_ids, *past):
        cache = DynamicCache()
        for i in range(self.layers):
            cache.update(past[2 * i], past[2 * i + 1], i)
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
                         past_key_values=cache, use_cache=True)
        return (out.logits, *[t for layer in out.past_key_values.layers for t in (layer.keys, layer.values)])


def load(checkpoint):
    config = GlmConfig.from_pretrained(checkpoint)
    config._attn_implementation = "sdpa"
    model = GlmForCausalLM(config)
    model.load_state_dict(torch.load(os.path.join(checkpoint, "weights.pt"), weights_only=True))
    return model.eval()


def names(layers):
    pairs = [(i, kind) for i in range(layers) for kind in ("key", "value")]
    return (["input_ids", "attention_mask", "position_ids"] + ["past_key_values.%d.%s" % pair for pair in pairs],
            ["logits"] + ["present.%d.%s" % pair for pair in pairs])


def export(model, path):
    config = model.config
    past, queries = 11, 3
    shape = (1, config.num_key_value_heads, past, config.head_dim)
    inputs, outputs = names(config.num_hidden_layers)
    example = (torch.zeros(1, queries, dtype=torch.int64), torch.ones(1, past + queries, dtype=torch.int64),
               torch.arange(past, past + queries)[None], *[torch.randn(shape) for _ in inputs[3:]])
    free = torch.export.Dim.DYNAMIC
    shapes = ({0: free, 1: free}, {0: free, 1: free}, {0: free, 1: free},
              tuple({0: free, 2: free} for _ in inputs[3:]))
    with torch.no_grad():
        torch.onnx.export(Flat(model), example, path, dynamo=True, external_data=False, input_names=inputs,
                          output_names=outputs, dynamic_shapes=shapes)
    strip(path)


def strip(path):
    """Drops the exporter's notes (stack traces with this machine's paths); node names stay."""
    model = onnx.load(path)
    del model.metadata_props[:]
    for message in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output,
                    *model.graph.initializer):
        del message.metadata_props[:]
        message.doc_string = ""
    for message in (model.graph, *model.functions):
        del message.metadata_props[:]
        message.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def answer(session, prompt, config, longest=64):
    """Greedy decoding by ONNX Runtime, the prompt in one piece."""
    inputs, outputs = names(config.num_hidden_layers)
    empty = np.zeros((1, config.num_key_value_heads, 0, config.head_dim), np.float32)
    ids, past, done, text = prompt, [empty] * (len(inputs) - 3), 0, []
    while len(text) < longest:
        feed = dict(zip(inputs, [np.array([ids]), np.ones((1, done + len(ids)), np.int64),
                                 np.arange(done, done + len(ids))[None], *past]))
        logits, *past = session.run(outputs, feed)
        done += len(ids)
        ids = [int(logits[0, -1].argmax())]
        if ids[0] == train.EOS:
            break
        text += ids
    return bytes(b for b in text if b < 256).decode(errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("onnx")
    parser.add_argument("--test")
    args = parser.parse_args()
    model = load(args.checkpoint)
    export(model, args.onnx)
    print("%s: %d bytes, %d parameters" % (args.onnx, os.path.getsize(args.onnx),
                                           sum(p.numel() for p in model.parameters())))
    if not args.test:
        return
    rows = train.read(args.test)
    print("PyTorch:      exact match %.2f %%" % (100 * train.exact_match(model, sorted(rows, key=len))))
    session = onnxruntime.InferenceSession(args.onnx, providers=["CPUExecutionProvider"])
    right = sum(answer(session, tokens[:prompt], model.config).encode() == bytes(tokens[prompt:-1])
                for tokens, prompt in map(train.encode, rows))
    print("ONNX Runtime: exact match %.2f %%" % (100 * right / len(rows)))


if __name__ == "__main__":
    main()
