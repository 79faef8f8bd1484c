#!/usr/bin/env python3
"""Trains the command model: a small GLM that reads bytes.

    train.py DATA CHECKPOINT [--steps N] [--minutes M] [--start CHECKPOINT]

DATA is a folder that generate.py wrote. A sequence is <bos> sentence <sep>
command <eos>, a byte a token; loss is taken on the command alone. Watched is
the exact match on dev.tsv; the test set is not looked at. The batch is shared
among --workers processes of one thread each, which add up their gradients: with
a model this small that is faster than threads, and far faster on a busy
machine. Equal seeds and numbers of workers give equal models as long as
--minutes does not cut the schedule.
"""
import argparse
import json
import math
import os
import random
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
import torch.distributed as distributed
import torch.multiprocessing as processes
from transformers import GlmConfig, GlmForCausalLM

BOS, SEP, EOS, PAD = 256, 257, 258, 259
IGNORED = -100


def configuration(args):
    """GLM-4's shape in small: q/k/v biases, half of a head rotated, untied."""
    return GlmConfig(vocab_size=260, hidden_size=args.hidden, intermediate_size=args.intermediate,
                     num_hidden_layers=args.layers, num_attention_heads=args.heads, num_key_value_heads=args.heads // 2,
                     head_dim=32, max_position_embeddings=256, attention_bias=True, attention_dropout=0.0,
                     tie_word_embeddings=False, rms_norm_eps=1e-5, initializer_range=0.04, pad_token_id=PAD,
                     bos_token_id=BOS, eos_token_id=EOS,
                     rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5))


def read(path):
    """The lines of a .tsv file."""
    with open(path, "rb") as source:
        return source.read().splitlines()


def encode(line):
    """(tokens of a line, length of the prompt)."""
    sentence, command = line.split(b"\t")[:2]
    return [BOS, *sentence, SEP, *command, EOS], len(sentence) + 2


def batch_of(lines):
    """Tokens and the expected next tokens, padded to the right."""
    rows = [encode(line) for line in lines]
    width = max(len(tokens) for tokens, _ in rows) - 1
    ids = torch.full((len(rows), width), PAD, dtype=torch.int64)
    expected = torch.full((len(rows), width), IGNORED, dtype=torch.int64)
    for i, (tokens, prompt) in enumerate(rows):
        ids[i, :len(tokens) - 1] = torch.tensor(tokens[:-1])
        expected[i, prompt - 1:len(tokens) - 1] = torch.tensor(tokens[prompt:])
    return ids, expected


def batches(rows, size, rng, worker, workers):
    """Endless batches of sentences of like length, in a seeded order: this
    worker's share of each, and how many tokens are expected in all shares."""
    while True:
        order = list(range(len(rows)))
        rng.shuffle(order)
        window = size * 50
        for start in range(0, len(order) - size + 1, window):
            part = sorted(order[start:start + window], key=lambda i: len(rows[i]))
            groups = [part[i:i + size] for i in range(0, len(part) - size + 1, size)]
            rng.shuffle(groups)
            for group in groups:
                expected = sum(len(tokens) - prompt for tokens, prompt in (encode(rows[i]) for i in group))
                yield (*batch_of([rows[i] for i in group[worker::workers]]), expected)


def logits_of(model, ids, where):
    """Logits at the positions where `where` is true: the head is skipped elsewhere.
    Padding is to the right, so that the causal mask alone hides it."""
    return model.lm_head(model.model(input_ids=ids, use_cache=False).last_hidden_state[where])


@torch.no_grad()
def exact_match(model, rows, size=200):
    """Share of rows whose command greedy decoding gets right to the last byte.
    Greedy decoding is right exactly if every next token given the right ones
    before it is, which one pass shows."""
    model.eval()
    right = 0
    for start in range(0, len(rows), size):
        ids, expected = batch_of(rows[start:start + size])
        where = expected != IGNORED
        wrong = torch.zeros_like(expected, dtype=torch.bool)
        wrong[where] = logits_of(model, ids, where).argmax(-1) != expected[where]
        right += int((~wrong.any(1)).sum())
    model.train()
    return right / len(rows)


def share_of_rate(progress, args):
    """Of the highest learning rate: a short climb, then a cosine to almost nothing."""
    if progress < args.warmup:
        return (progress + 1e-3) / args.warmup
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - args.warmup) / (1 - args.warmup)))


def save(model, path, note):
    model.config.save_pretrained(path)
    torch.save(model.state_dict(), os.path.join(path, "weights.pt.part"))
    os.replace(os.path.join(path, "weights.pt.part"), os.path.join(path, "weights.pt"))
    with open(os.path.join(path, "training.json"), "w") as out:
        json.dump(note, out, indent=1)


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal: every direction of a weight matrix learns at
    the same speed, which takes fewer steps than AdamW's (K. Jordan, 2024).
    torch.optim.Muon computes in bfloat16, which most CPUs emulate."""

    def __init__(self, matrices, momentum=0.95, decay=0.05):
        super().__init__([dict(params=matrices)], dict(lr=0.0, momentum=momentum, decay=decay))

    @staticmethod
    def orthogonal(update):
        """The nearest matrix with singular values of about 1, by Newton and Schulz."""
        x = update.mT if update.shape[-2] > update.shape[-1] else update
        x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
        for _ in range(5):
            square = x @ x.mT
            x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
        return x.mT if update.shape[-2] > update.shape[-1] else x

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                mean.lerp_(p.grad, 1 - group["momentum"])
                shapes.setdefault(p.shape, []).append((p, p.grad.lerp(mean, group["momentum"])))
            for shape, members in shapes.items():
                updates = self.orthogonal(torch.stack([update for _, update in members]))
                size = group["lr"] * max(1, shape[0] / shape[1]) ** 0.5
                for (p, _), update in zip(members, updates):
                    p.mul_(1 - group["lr"] * group["decay"]).add_(update, alpha=-size)


def optimisers(model, args):
    """[(optimiser, its highest rate)]: Muon for the matrices inside, AdamW for the rest."""
    inside = [p for n, p in model.named_parameters() if p.dim() == 2 and "layers" in n]
    rest = [p for n, p in model.named_parameters() if p.dim() != 2 or "layers" not in n]
    return [(Muon(inside), args.rate),
            (torch.optim.AdamW(rest, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0), args.rate_rest)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("checkpoint")
    parser.add_argument("--start", help="a checkpoint whose weights to go on with, on a schedule of its own")
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--minutes", type=float, default=40, help="the schedule ends by then, whatever the step")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.02, help="of matrices")
    parser.add_argument("--rate-rest", type=float, default=3e-3, help="of embeddings, the head, norms and biases")
    parser.add_argument("--warmup", type=float, default=0.04, help="share of the schedule")
    parser.add_argument("--hidden", type=int, default=160)
    parser.add_argument("--intermediate", type=int, default=320)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--check-every", type=int, default=300)
    return parser.parse_args()


def add_up(model):
    """Replaces each gradient by the sum of all workers' gradients."""
    gradients = [p.grad for p in model.parameters()]
    flat = torch._utils._flatten_dense_tensors(gradients)
    distributed.all_reduce(flat)
    for gradient, total in zip(gradients, torch._utils._unflatten_dense_tensors(flat, gradients)):
        gradient.copy_(total)


def learn(worker, args, meeting):
    """What each worker does; the first one reports and saves."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group("gloo", init_method="file://" + meeting, rank=worker, world_size=args.workers)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    model = GlmForCausalLM(configuration(args)).train()
    if args.start:
        model.load_state_dict(torch.load(os.path.join(args.start, "weights.pt"), weights_only=True))
    rows = read(os.path.join(args.data, "train.tsv"))
    watched = sorted(read(os.path.join(args.data, "dev.tsv")), key=len)
    source = batches(rows, args.batch, random.Random(args.seed), worker, args.workers)
    learners, start, losses, step, progress = optimisers(model, args), time.time(), [], 0, 0.0
    if worker == 0:
        print("%d parameters" % sum(p.numel() for p in model.parameters()), flush=True)
    while progress < 1:
        for learner, highest in learners:
            learner.param_groups[0]["lr"] = highest * share_of_rate(progress, args)
        ids, expected, count = next(source)
        where = expected != IGNORED
        loss = torch.nn.functional.cross_entropy(logits_of(model, ids, where), expected[where], reduction="sum") / count
        model.zero_grad(set_to_none=True)
        loss.backward()
        add_up(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for learner, _ in learners:
            learner.step()
        losses.append(loss.item() * args.workers)
        step += 1
        # One clock for all, so that all stop together.
        minutes = torch.tensor([(time.time() - start) / 60])
        distributed.broadcast(minutes, 0)
        progress = max(step / args.steps, minutes.item() / args.minutes)
        if worker == 0:
            report(model, args, watched, step, minutes.item(), progress, losses)
    distributed.destroy_process_group()


def report(model, args, watched, step, minutes, progress, losses):
    if step % 50 == 0:
        print("step %d  %.1f min  loss %.4f" % (step, minutes, sum(losses) / len(losses)), flush=True)
        losses.clear()
    if step % args.check_every == 0 or progress >= 1:
        share = exact_match(model, watched)
        print("step %d  %.1f min  dev exact match %.1f %%" % (step, minutes, 100 * share), flush=True)
        save(model, args.checkpoint, dict(vars(args), step=step, minutes=round(minutes, 1), dev=share,
                                          torch=torch.__version__))


def main():
    args = arguments()
    os.makedirs(args.checkpoint, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        processes.start_processes(learn, (args, os.path.join(folder, "meeting")), nprocs=args.workers,
                                  start_method="fork")


if __name__ == "__main__":
    main()
