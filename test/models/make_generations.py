"""Makes test_generation_<k>/ of model folders: a prompt and the tokens that
follow it greedily, by ONNX Runtime from the same file without state, so that
every token is computed from all before it, and nothing is kept:

    python make_generations.py FOLDER...

    <model>/test_generation_<k>/input_0.pb     the prompt, int64 [1, tokens]
    <model>/test_generation_<k>/output_0.pb    what follows, int64 [1, tokens]

Needs numpy, onnx and onnxruntime. Greedy tokens are only comparable where the
best logit is clearly the best: of some drawn prompts for which it leads by
`margin` at every step the one that more different tokens follow is taken, since
models of random weights like to repeat themselves.
"""

import os
import sys

import numpy
import onnx
import onnxruntime

prompt_lengths = (1, 7, 21, 150)
new_tokens = 24
margin = 1e-3
draws = 60


def size(given, open_one):
    """Of a dimension, which exporters may also name by its size, or leave open
    (onnxruntime-genai's features of a head)."""
    return int(given) if str(given).isdigit() else open_one


class Model:
    """Logits of the token after a sequence."""

    def __init__(self, folder):
        path = os.path.join(folder, "model.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def feed(self, tokens):
        count = len(tokens)
        feed = {}
        for given in self.session.get_inputs():
            if given.name == "input_ids":
                value = numpy.array([tokens], numpy.int64)
            elif "position" in given.name:
                value = numpy.arange(count, dtype=numpy.int64)[None]
            elif "mask" in given.name:
                value = numpy.ones((1, count), numpy.int64)
            else:  # A cache that holds nothing.
                value = numpy.zeros((1, size(given.shape[1], 2), 0, size(given.shape[3], 32)), numpy.float32)
            feed[given.name] = value
        return feed

    def next(self, tokens):
        logits = self.session.run(["logits"], self.feed(tokens))[0][0, -1]
        order = numpy.argsort(logits)
        return int(order[-1]), float(logits[order[-1]] - logits[order[-2]]), len(logits)


def generate(model, prompt):
    """The tokens that follow, and the smallest lead of one over the second best."""
    tokens, lead = list(prompt), float("inf")
    for _ in range(new_tokens):
        token, ahead, _ = model.next(tokens)
        tokens.append(token)
        lead = min(lead, ahead)
    return tokens[len(prompt):], lead


def write(path, name, values):
    tensor = onnx.numpy_helper.from_array(numpy.array([values], numpy.int64), name)
    with open(path, "wb") as file:
        file.write(tensor.SerializeToString())


def main():
    for folder in sys.argv[1:]:
        model = Model(folder)
        vocabulary = model.next([0])[2]
        draw = numpy.random.default_rng(20261121)
        for number, length in enumerate(prompt_lengths):
            found = []
            for _ in range(draws):
                prompt = draw.integers(0, vocabulary, length).tolist()
                try:
                    answer, lead = generate(model, prompt)
                except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument:
                    break  # Longer than the model's tables of angles.
                if lead >= margin:
                    found.append((len(set(answer)), lead, prompt, answer))
            if not found:
                print(f"{folder}: too short for {length} + {new_tokens} tokens")
                continue
            _, lead, prompt, answer = max(found)
            target = os.path.join(folder, f"test_generation_{number}")
            os.makedirs(target, exist_ok=True)
            write(os.path.join(target, "input_0.pb"), "prompt", prompt)
            write(os.path.join(target, "output_0.pb"), "tokens", answer)
            print(f"{folder}: {length} + {new_tokens} tokens, least lead {lead:.2g}, {len(set(answer))} different")


if __name__ == "__main__":
    main()
