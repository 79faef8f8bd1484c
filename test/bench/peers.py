"""What test/bench/peers.sh does; see there."""

import argparse
import array
import json
import math
import os
import platform
import re
import statistics
import sys
import time

import peer_glmc
import peer_table
from glue import Failed, execute
from peer_install import Models, Pythons, say
from peer_process import Contender, Pool

bench_folder = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(bench_folder))
systems = ("llama.cpp", "onnxruntime", "openvino")
# What logits of the same prompt have in common with a judge's, at least; less, and
# two systems compute something else.
least_cosine = {"f32": 0.999, "8": 0.98, "4": 0.5}
PROMPT = [11 + 97 * i for i in range(24)]


def formats_of(system, layers, everything):
    """(name, kind) of each model that a peer is given."""
    if system == "llama.cpp":
        return [("Q8_0", "Q8_0"), ("Q4_0", "Q4_0")]
    small = [("f32", "last")] if layers <= 4 or everything else []
    if system == "onnxruntime":
        return small + [("int4 b32", "int4")] + ([("int8 b32", "int8")] if small else [])
    return small + [("int8", "openvino-int8"), ("int4 g32", "openvino-int4")]


def bits_of(name):
    return "f32" if "f32" in name else "8" if "8" in name.split(",")[0] else "4"


class Run:
    def __init__(self, options):
        self.options, self.pool, self.results = options, Pool(say), {}
        self.pythons = Pythons(options.venv, os.path.join(options.work, "venv"), not options.no_install)
        self.glmc = peer_glmc.Glmc(options.glmc, options.work, options)
        self.machine = self.machine_contenders()

    def machine_contenders(self):
        library = os.path.join(self.options.work, "machine.so")
        sources = [os.path.join(bench_folder, name) for name in ("Machine.cpp", "MachineLibrary.cpp")]
        execute([self.options.cxx, "-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-fPIC", "-shared", "-I",
                 root] + sources + ["-o", library])
        return {threads: Contender("machine", "machine", threads, self.command(sys.executable, "machine", library,
                                                                               threads), 0, 2 << 30)
                for threads in self.options.threads}

    @staticmethod
    def command(python, system, model, threads, **more):
        return [python, "-B", os.path.join(bench_folder, "peer_session.py"), system, os.path.abspath(model),
                str(threads)] + [f"{key}={value}" for key, value in more.items()]

    def contenders(self, models):
        """Of one model, all that are compared; with one number of threads after the other."""
        found = []
        for name in peer_glmc.formats:
            if name == "f32" and models.layers > 4 and not self.options.all:
                continue
            if not self.glmc.has(name):
                say(f"skipped: this glmc has no {name}")
                continue
            found += [self.own(models, name, threads) for threads in self.options.threads]
        for system in systems:
            if system in self.options.skip:
                continue
            for name, kind in formats_of(system, models.layers, self.options.all):
                found += self.peers(models, system, name, kind)
        wanted = re.compile(self.options.only)
        return [one for one in found if one and wanted.search(one.label)]

    def own(self, models, name, threads):
        label = f"glmc {name}"
        if not re.search(self.options.only, label):
            return None
        try:
            made = self.glmc.compiled(models, name, threads)
        except Failed as problem:
            say(f"skipped: {label}: {problem}")
            return None
        size = os.path.getsize(made.weights)
        one = Contender("glmc", label, threads,
                        self.command(sys.executable, "glmc", made.library, threads, weights=made.weights),
                        made.weight_bytes + self.options.position * made.cache_bytes,
                        size + made.state_bytes + (2 << 28))
        one.compiled = made
        return one

    def peers(self, models, system, name, kind):
        label = f"{system} {name}"
        python = self.pythons.of(system)
        if not python or not re.search(self.options.only, label):
            return []
        try:
            made = (models.gguf(kind) if system == "llama.cpp" else
                    models.openvino(kind) if kind.startswith("openvino") else models.onnx(kind))
        except Failed as problem:
            say(f"skipped: {label}: {problem}")
            return []
        if not made:
            return []
        path, token_bytes = made
        data = os.path.splitext(path)[0] + ".bin" if path.endswith(".xml") else path + ".data"
        size = os.path.getsize(data if os.path.exists(data) else path)
        return [Contender(system, label, threads, self.command(python, system, path, threads), token_bytes, size * 5 // 4)
                for threads in self.options.threads]

    def check(self, models, contenders):
        """What the logits of a prompt have in common with the judge's: ONNX Runtime's
        with f32 weights, or else those of the first that there is."""
        logits = {}
        for one in contenders:
            path = os.path.join(models.work, "logits.bin")
            prompt = [token % self.options.vocabulary for token in PROMPT]
            if one.threads == self.options.threads[0] and self.pool.ask(one, {"do": "logits", "tokens": prompt,
                                                                              "file": path}) is not None:
                logits[one.label] = array.array("f")
                with open(path, "rb") as file:
                    logits[one.label].frombytes(file.read())
        judges = [label for label in ("onnxruntime f32", "glmc f32") if label in logits] + list(logits)
        if not judges:
            return "", {}
        common = {label: {"cosine": cosine(values, logits[judges[0]]),
                          "same_token": largest(values) == largest(logits[judges[0]])}
                  for label, values in logits.items()}
        bits = bits_of(judges[0])
        for label, found in common.items():
            found["least"] = min(least_cosine[bits], least_cosine[bits_of(label)])
            if not found["cosine"] >= found["least"]:
                say(f"WARNING: {label} computes something else than {judges[0]}: their logits have a cosine of "
                    f"{found['cosine']:.3f}, expected {found['least']} at least")
        return judges[0], common

    def time_all(self, models, contenders):
        """Rounds of everything, interleaved; seconds of each, by what was done."""
        options = self.options
        evict = models.layers < options.warm_layers
        decode = {"do": "decode", "position": options.position, "count": options.tokens, "evict": evict}
        prefill = {"do": "prefill", "count": options.prefill, "repeat": options.prompts, "evict": evict}
        times = {one: {"decode": [], "prefill": []} for one in contenders}
        limits = {threads: [] for threads in options.threads}
        # One number of threads after the other, so that all of its processes fit into memory.
        for threads in options.threads:
            for number in range(options.rounds):
                say(f"{models.layers} layers, {threads} thread(s): round {number + 1} of {options.rounds}")
                for one in (one for one in contenders if one.threads == threads):
                    for what, command in (("decode", decode), ("prefill", prefill)):
                        answer = self.pool.ask(one, command)
                        if answer:
                            times[one][what].append(statistics.median(answer["seconds"]))
                        time.sleep(options.pause)  # For what spins to come to rest.
                limits[threads].append(self.pool.ask(self.machine[threads], {"do": "limits"}))
            self.pool.end_all()
        return times, limits

    def time_far(self, models, contenders):
        """A token far into a context beside one at its beginning."""
        far = {}
        chosen = [one for one in contenders if one.system == "glmc" and re.search(self.options.far_only, one.label)]
        for one in chosen:
            found = {0: [], self.options.far: []}
            say(f"{models.layers} layers: {one.label}, {one.threads} thread(s), at {self.options.far}")
            for _ in range(self.options.rounds):
                for position in found:
                    answer = self.pool.ask(one, {"do": "decode", "position": position, "count": self.options.tokens,
                                                 "evict": models.layers < self.options.warm_layers})
                    if answer:
                        found[position].append(statistics.median(answer["seconds"]))
            if all(found.values()):
                far[f"{one.label}/{one.threads}"] = {
                    "seconds": {position: statistics.median(values) for position, values in found.items()},
                    "weight_bytes": one.compiled.weight_bytes, "cache_bytes": one.compiled.cache_bytes}
        return far

    def run(self, layers, folder):
        models = Models(layers, folder, os.path.join(self.options.work, f"{layers}-layers"), self.pythons)
        models.model()
        contenders = self.contenders(models)
        if self.options.prepare:
            return None
        judge, common = self.check(models, contenders)
        times, limits = self.time_all(models, contenders)
        far = self.time_far(models, contenders) if self.options.far else {}
        self.pool.end_all()
        median = lambda values: statistics.median(values) if values else None
        return {"layers": layers, "judge": judge, "logits": common, "elements": models.shape(), "far": far,
                "prefill_tokens": self.options.prefill, "position": self.options.position,
                "far_position": self.options.far,
                "machine": {threads: {name: median([each[name] for each in rounds if each])
                                      for name in ("read", "multiply_add", "integer_dot")}
                            for threads, rounds in limits.items()},
                "times": [{"system": one.system, "label": one.label, "threads": one.threads, "version": one.version,
                           "token_bytes": one.token_bytes, "decode": median(kinds["decode"]),
                           "prefill": median(kinds["prefill"]), "rounds": kinds} for one, kinds in times.items()],
                "compiled": [{"label": one.label, "threads": one.threads, "seconds": one.compiled.seconds,
                              "memory": one.compiled.memory, "weight_bytes": one.compiled.weight_bytes}
                             for one in contenders if one.system == "glmc"]}


def cosine(a, b):
    if len(a) != len(b):
        return 0.0
    product = sum(x * y for x, y in zip(a, b))
    norms = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return product / norms if norms else 0.0


def largest(values):
    return max(range(len(values)), key=values.__getitem__)


def numbers(text):
    return [int(part) for part in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(prog="test/bench/peers.sh",
                                     description="Times generation in glmc beside llama.cpp, ONNX Runtime and OpenVINO.")
    parser.add_argument("--table", help="markdown (default: WORK/peers.md)")
    parser.add_argument("--json", help="all that was measured (default: WORK/peers.json)")
    parser.add_argument("--work", default=os.path.join(root, "build", "bench", "peers"), help="folder of all that is made")
    parser.add_argument("--glmc", default=os.path.join(root, "build", "bin", "glmc"))
    parser.add_argument("--cxx", default="g++", help="compiles what measures the machine")
    parser.add_argument("--venv", action="append", default=[], help="one that has some of the peers; several may be given")
    parser.add_argument("--no-install", action="store_true", help="install nothing: skip what no --venv has")
    parser.add_argument("--existing", action="append", default=[], metavar="LAYERS=FOLDER",
                        help="a model that make_glm.py made with --form dynamic")
    parser.add_argument("--layers", type=numbers, default=[28, 4], help="models of so many layers")
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--skip", action="append", default=[], choices=systems)
    parser.add_argument("--only", default="", metavar="REGEX", help="labels, such as 'glmc int4|Q4_0'")
    parser.add_argument("--all", action="store_true", help="f32 of large models, too")
    parser.add_argument("--prepare", action="store_true", help="make and compile the models, time nothing")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=8, help="decoded in each round")
    parser.add_argument("--prompts", type=int, default=1, help="prefilled in each round")
    parser.add_argument("--position", type=int, default=256, help="tokens before those that are decoded")
    parser.add_argument("--prefill", type=int, default=128, help="tokens of a prompt")
    parser.add_argument("--far", type=int, default=8000, help="a position far into the context; 0: none")
    parser.add_argument("--far-only", default="int4 g32, int8|f32", metavar="REGEX", help="labels to time there")
    parser.add_argument("--context", type=int, default=8224, help="of glmc's programs")
    parser.add_argument("--kv", default="f16", help="how glmc stores caches; llama.cpp has f16")
    parser.add_argument("--target", default="host")
    parser.add_argument("--vocabulary", type=int, default=59264)
    parser.add_argument("--warm-layers", type=int, default=10,
                        help="models of fewer layers may stay in a cache, so caches are emptied before each token")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two measurements")
    options = parser.parse_args()
    if options.far and options.context < options.far + options.tokens:
        parser.error(f"--context {options.context} has no room for --far {options.far}")
    if options.rounds < 1 or options.tokens < 1 or options.prompts < 1 or min(options.threads) < 1:
        parser.error("--rounds, --tokens, --prompts and --threads are 1 at least")
    options.say = say
    options.table = options.table or os.path.join(options.work, "peers.md")
    options.json = options.json or os.path.join(options.work, "peers.json")
    return options


def main():
    options = parse()
    existing = {}
    for each in options.existing:
        layers, _, folder = each.partition("=")
        if not layers.isdigit() or not os.path.exists(os.path.join(folder, "model.onnx")):
            sys.exit(f"error: --existing {each}: expected LAYERS=FOLDER with a FOLDER/model.onnx")
        existing[int(layers)] = folder
    os.makedirs(options.work, exist_ok=True)
    report = {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "kv": options.kv,
              "rounds": options.rounds, "models": []}
    run = None
    try:
        run = Run(options)
        for layers in options.layers:
            measured = run.run(layers, existing.get(layers))
            if not measured:
                continue
            report["models"].append(measured)
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(report, file, indent=2)
            with open(options.table, "w", encoding="utf-8") as file:
                file.write(peer_table.text_of(report))
    except (Failed, OSError) as problem:
        sys.exit(f"error: {problem}")
    finally:
        if run:
            run.pool.end_all()
    print(peer_table.text_of(report), end="")


if __name__ == "__main__":
    main()
