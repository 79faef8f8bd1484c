"""The tables of peers.py, as markdown: of the JSON that it writes, also alone.

Usage: peer_table.py PEERS.json
"""

import json
import sys


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(heads, rows):
    return [row(heads), row(["---"] + ["---:"] * (len(heads) - 1))] + [row(cells) for cells in rows] + [""]


def number(value, digits=3):
    if value is None:
        return ""
    return f"{value:.{max(0, digits - len(str(int(abs(value)))))}f}"


def giga(value):
    return "?" if value is None else number(value / 1e9)


def percent(value):
    return "" if value is None else f"{100 * value:.0f} %"


def quotient(a, b):
    return a / b if a and b else None


def operations(model):
    """Of a prompt: every product of the layers for each token, the head's for the last."""
    elements = model["elements"]
    return 2 * (elements["layers"] * model["prefill_tokens"] + elements["head"])


def peak_of(model, one):
    """Operations a second that the machine gave: of bytes if the products are of int8."""
    kind = "integer_dot" if one["system"] != "glmc" and "f32" not in one["label"] or "int8 act" in one["label"] \
        else "multiply_add"
    return model["machine"][one["threads"]][kind]


def measured(model):
    rows = []
    for one in model["times"]:
        read = model["machine"][one["threads"]]["read"]
        rate = quotient(one["token_bytes"], one["decode"])
        done = quotient(operations(model), one["prefill"])
        rows.append([one["label"], str(one["threads"]), number(one["decode"] and one["decode"] * 1e3),
                     number(quotient(1, one["decode"])), number(rate and rate / 1e9), percent(quotient(rate, read)),
                     number(one["prefill"] and one["prefill"] * 1e3, 4),
                     number(quotient(model["prefill_tokens"], one["prefill"])), number(done and done / 1e9),
                     percent(quotient(done, peak_of(model, one)))])
    return table(["", "threads", "decode ms", "tok/s", "GB/s", "of reading", "prefill ms", "tok/s", "GOP/s", "of peak"],
                 rows)


def ratios(model):
    """Each peer's time over glmc's, of decode and of prefill, a column a number of threads."""
    threads = sorted({one["threads"] for one in model["times"]})
    times = {(one["label"], one["threads"]): one for one in model["times"]}
    own = list(dict.fromkeys(one["label"] for one in model["times"] if one["system"] == "glmc"))
    peers = list(dict.fromkeys(one["label"] for one in model["times"] if one["system"] != "glmc"))
    rows = []
    for label in own:
        for peer in (peer for peer in peers if ("f32" in peer) == ("f32" in label)):
            cells = [f"{label} x {peer}"]
            for what in ("decode", "prefill"):
                for count in threads:
                    a, b = times.get((peer, count)), times.get((label, count))
                    cells.append(number(quotient(a and a[what], b and b[what])))
            rows.append(cells)
    heads = [""] + [f"{what}, {count} thread{'s' if count > 1 else ''}" for what in ("decode", "prefill")
                    for count in threads]
    return table(heads, rows) if rows else []


def far(model):
    """More time than the bytes of caches are more, and how much more."""
    rows = []
    for key, found in model["far"].items():
        label, threads = key.rsplit("/", 1)
        seconds = {int(position): value for position, value in found["seconds"].items()}
        last = max(seconds)
        share = 1 + last * found["cache_bytes"] / found["weight_bytes"]
        rows.append([label, threads, number(seconds[0] * 1e3), number(seconds[last] * 1e3),
                     number(seconds[last] / seconds[0]), number(share), number(seconds[last] / seconds[0] / share)])
    heads = ["", "threads", "ms at 0", f"ms at {model['far_position']}", "x", "bytes x", "x / bytes x"]
    return table(heads, rows) if rows else []


def text_of(report):
    lines = []
    for model in report["models"]:
        model = dict(model, machine={int(threads): limits for threads, limits in model["machine"].items()})
        lines += [f"### {model['layers']} layers", ""]
        for threads, limits in sorted(model["machine"].items()):
            lines.append(f"The machine, {threads} thread{'s' if threads > 1 else ''}: "
                         f"{giga(limits['read'])} GB/s read, {giga(limits['multiply_add'])} GFLOP/s, "
                         f"{giga(limits['integer_dot'])} GOP/s of 8-bit products.")
        lines += ["", f"Decode at {model['position']} positions, prefill of {model['prefill_tokens']} tokens, medians of "
                  f"{report['rounds']} interleaved rounds; glmc's caches {report['kv']}.", ""]
        lines += measured(model) + ratios(model) + far(model)
        lines += table(["compiling", "threads", "s", "anonymous memory MB", "weights MB"],
                       [[one["label"], str(one["threads"]), number(one["seconds"]), number(one["memory"] / 1e6),
                         number(one["weight_bytes"] / 1e6)] for one in model["compiled"]])
        if model["judge"]:
            lines += table([f"logits beside {model['judge']}", "cosine", "same token"],
                           [[label, f"{found['cosine']:.4f}" + ("" if found["cosine"] >= found["least"] else
                             " SOMETHING ELSE"), "yes" if found["same_token"] else "no"]
                            for label, found in model["logits"].items()])
    versions = sorted({(one["system"], one["version"]) for model in report["models"] for one in model["times"]
                       if one["version"]})
    if versions:
        lines.append("Versions: " + ", ".join(f"{system} {version}" for system, version in versions) + ".")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        print(text_of(json.load(source)), end="")
