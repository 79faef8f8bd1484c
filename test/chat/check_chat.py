#!/usr/bin/env python3
"""Compiles a small GLM with a context, builds examples/chat around it, and talks.

What the model says greedily must be what ONNX Runtime found without state
(test_generation_* of test/models). Its tokens are made visible by a tokenizer
that spells token 17 as <17>.

Usage: check_chat.py --glmc GLMC --source REPOSITORY --work FOLDER
"""

import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import unittest

arguments = None
model = "glm.chunk.dyn.dynamo"
context = 256


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def tokens_of(path):
    """raw_data (field 9) of an int64 TensorProto."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        size, after = varint(data, at)
        if key & 7 == 2:
            if key >> 3 == 9:
                raw = data[after:after + size]
                return [int.from_bytes(raw[i:i + 8], "little") for i in range(0, size, 8)]
            after += size
        at = after
    raise ValueError(path + " has no raw data")


def spelled(tokens):
    return "".join(f"<{token}>" for token in tokens)


def call(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)
    return done.returncode, done.stdout, done.stderr


def must(*command, **options):
    status, output, errors = call(*command, **options)
    if status:
        raise RuntimeError(f"{' '.join(command)}\n{output}{errors}")


def path(*parts):
    return os.path.join(arguments.work, *parts)


def compile_and_build(name, *options):
    folder = path(name)
    os.makedirs(folder)
    must(arguments.glmc, "compile", os.path.join(arguments.source, "test/models", model, "model.onnx"), "-o",
         os.path.join(folder, "glm"), "--context", str(context), "--target", "x86-64-v3", "--quiet", *options)
    must(os.path.join(arguments.source, "examples/chat/build.sh"), os.path.join(folder, "glm.h"),
         env={**os.environ, "CXXFLAGS": "-O0"})


def generations():
    folder = os.path.join(arguments.source, "test/models", model)
    found = []
    for name in sorted(os.listdir(folder)):
        if name.startswith("test_generation_"):
            found.append([tokens_of(os.path.join(folder, name, file)) for file in ("input_0.pb", "output_0.pb")])
    return found


class ChatTest(unittest.TestCase):
    def chat(self, *options, name="object", text=None):
        return call(path(name, "chat"), "--tokenizer", path("tokenizer.json"), "--template", "plain", *options, input=text)

    def answer(self, *options, **where):
        status, output, errors = self.chat("--quiet", *options, **where)
        self.assertEqual((status, errors), (0, ""))
        return output

    def test_says_what_onnx_runtime_found(self):
        self.assertGreaterEqual(len(generations()), 3)
        for prompt, expected in generations():
            for name in ("object", "source"):
                found = self.answer("--greedy", "--max-tokens", str(len(expected)), "--prompt", spelled(prompt), name=name)
                self.assertEqual(found, spelled(expected) + "\n")

    def test_stops_at_a_stop_token(self):
        prompt, expected = generations()[0]
        stop = next(token for token in expected if token != expected[0])
        found = self.answer("--greedy", "--stop", str(stop), "--prompt", spelled(prompt))
        self.assertEqual(found, spelled(expected[:expected.index(stop)]) + "\n")

    def test_turns_go_on_where_the_last_one_ended(self):
        prompt, expected = generations()[1]
        options = ("--greedy", "--max-tokens", "5")
        found = self.answer(*options, text=f"{spelled(prompt)}\n<3><1><4>\n/reset\n{spelled(prompt)}\n").split("\n")
        whole = spelled(prompt + expected[:5]) + "<3><1><4>"
        self.assertEqual(found[0], spelled(expected[:5]))
        self.assertEqual(found[1] + "\n", self.answer(*options, "--prompt", whole))
        self.assertEqual(found[2], found[0])

    def test_the_seed_decides(self):
        options = ("--temperature", "5", "--top-p", "1", "--max-tokens", "30", "--prompt", "<1><2>", "--seed")
        self.assertEqual(self.answer(*options, "1"), self.answer(*options, "1"))
        self.assertNotEqual(self.answer(*options, "1"), self.answer(*options, "2"))

    def test_a_full_context_is_told_and_can_be_reset(self):
        prompt, expected = generations()[-1]
        status, output, errors = self.chat(
            "--greedy", text=f"{spelled(prompt)}\n<1>\n/reset\n<1>\n")
        self.assertEqual(status, 1)
        lines = output.split("\n")
        # The last token written has no place any more.
        self.assertEqual(lines[0].count("<"), context - len(prompt) + 1)
        self.assertTrue(lines[0].startswith(spelled(expected)))
        self.assertEqual(lines[1], "")
        self.assertEqual(lines[2].count("<"), context)
        self.assertIn("the context of 256 tokens is full, so the answer ends here", errors)
        self.assertIn("the context is full: 256 of 256 tokens are taken and this turn has 2 more", errors)

        long = "<1>" * (context + 1)
        status, output, errors = self.chat("--prompt", long)
        self.assertEqual((status, output), (1, "\n"))
        self.assertIn("0 of 256 tokens are taken and this turn has 257 more", errors)

    def test_tells_how_fast_it_was(self):
        status, _, errors = self.chat("--max-tokens", "7", "--prompt", "<1><2><3>")
        self.assertEqual(status, 0)
        self.assertRegex(errors, r"context 256 tokens, [0-9.]+ .B; seed [0-9]+\n")
        self.assertRegex(errors, r"\[3 tokens read, [0-9.]+ tok/s; first token after [0-9.]+ s; 7 tokens written, "
                                 r"[0-9.]+ tok/s; context 9 of 256; memory [0-9.]+ MB\]\n")

    def test_weights_of_their_own(self):
        prompt, expected = generations()[1]
        options = ("--greedy", "--max-tokens", str(len(expected)), "--prompt", spelled(prompt))
        weights = ("--weights", path("apart", "glm.weights"))
        found = self.answer(*options, *weights, "--check-weights", name="apart")
        self.assertEqual(found, spelled(expected) + "\n")
        for wrong in ([], ["--weights", path("none")], ["--weights", path("tokenizer.json")]):
            status, output, errors = self.chat(*options, *wrong, name="apart")
            self.assertEqual((status, output), (1, ""))
            self.assertRegex(errors, "chat: error: .*weights|cannot be mapped")
        status, _, errors = self.chat(*options, *weights)
        self.assertEqual(status, 1)
        self.assertIn("this model carries its weights", errors)

        with open(path("apart", "glm.weights"), "rb") as file:
            damaged = bytearray(file.read())
        damaged[-100] ^= 1
        with open(path("damaged"), "wb") as file:
            file.write(damaged)
        status, _, errors = self.chat(*options, "--weights", path("damaged"), "--check-weights", name="apart")
        self.assertEqual(status, 1)
        self.assertIn(path("damaged"), errors)

    def test_refuses_what_does_not_belong_together(self):
        status, _, errors = self.chat("--stop", "256", "--prompt", "<1>")
        self.assertEqual(status, 1)
        self.assertIn("the stop id 256 is not one of the model's tokens, 0 to 255", errors)
        status, _, errors = call(path("object", "chat"), "--tokenizer", path("larger.json"), "--prompt", "<1>")
        self.assertEqual(status, 1)
        self.assertIn("the tokenizer has ids up to 256, the model tokens up to 255", errors)
        status, _, errors = call(path("object", "chat"), "--tokenizer", path("tokenizer.json"), "--prompt", "<1>")
        self.assertEqual(status, 1)
        self.assertIn("stop id 151329", errors)


def write_tokenizer(name, tokens):
    """Every token is an added one, so that no byte of it is hidden."""
    added = [{"id": i, "content": f"<{i}>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": False} for i in range(tokens)]
    with open(path(name), "w", encoding="utf-8") as file:
        json.dump({"added_tokens": added, "pre_tokenizer": {"type": "ByteLevel"},
                   "model": {"type": "BPE", "vocab": {}, "merges": []}}, file)


def main():
    global arguments
    parser = argparse.ArgumentParser()
    for option in ("--glmc", "--source", "--work"):
        parser.add_argument(option, required=True)
    arguments, rest = parser.parse_known_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    os.makedirs(arguments.work)
    write_tokenizer("tokenizer.json", 256)
    write_tokenizer("larger.json", 257)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        builds = [pool.submit(compile_and_build, "object", "--emit", "obj"),
                  pool.submit(compile_and_build, "source", "--emit", "cpp"),
                  pool.submit(compile_and_build, "apart", "--emit", "obj", "--weights", path("apart", "glm.weights"))]
        for build in builds:
            build.result()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
