"""What test/bench/run.sh does; see there."""

import argparse
import array
import json
import os
import platform
import random
import shutil
import statistics
import struct
import subprocess
import sys
import time

import glue
from glue import Failed, execute

bench_folder = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(bench_folder))
tolerance = 1e-3  # Of the largest element; more, and times mean nothing.
cxx_compilers = {"g++": "g++", "clang": "clang++-14"}
openblas_path = "libopenblas.so.0"


class Case:
    """A model, what it is compared with, and what is expected of it."""

    def __init__(self, name, peers=(), evict=False, operations=0, weights=0, goals=None, model=None):
        self.name, self.peers, self.evict, self.model = name, peers, evict, model
        self.operations, self.weight_bytes, self.goals = operations, weights, goals or {}


def gemm(size):
    return Case(f"gemm_{size}_{size}_{size}", ("onnxruntime", "openblas"), operations=2 * size ** 3,
                goals={"of FMA peak, 1 thread": 0.8, "x onnxruntime, 1 thread": 1.0, "x openblas, 1 thread": 1.0,
                       "x onnxruntime, 2 threads": 1.0, "x openblas, 2 threads": 1.0, "2 threads x 1": 1.85})


def matvec(element, size):
    goals = {f"of read bandwidth, {count}": 0.9 for count in ("1 thread", "2 threads")}
    return Case(f"matvec_{element}", weights=size, goals=goals)


def layers(kind, count):
    least = {"decode": 1.0, "prefill": 1.25}[kind]
    peers = ("onnxruntime", "openvino")
    goals = {f"x {peer}, {threads}": least for peer in peers for threads in ("1 thread", "2 threads")}
    weights = count * 4 * 2048 * (2048 + 2 * 512 + 2048 + 3 * 6144)
    operations = count * 2 * (weights // count // 4) * (1 if kind == "decode" else 128)
    return Case(f"{kind}_{count}", peers, evict=kind == "decode", operations=operations, weights=weights, goals=goals)


def tiny(net):
    """A net of test/models/tiny; small enough for caches, and not worth a second thread."""
    name, kind = net.split("_")
    multiplications = {"ad": 264_192, "kws": 2_656_768, "vww": 7_489_664, "ic": 12_501_632}[name]
    peers = ("onnxruntime", "openvino") if kind == "f32" else ("onnxruntime",)  # OpenVINO rounds int8 otherwise.
    return Case(f"tiny_{net}", peers, operations=2 * multiplications,
                goals={"x onnxruntime, 1 thread": 1.0}, model=os.path.join(root, "test", "models", "tiny", net, "model.onnx"))


cases = [gemm(512), gemm(1024), gemm(2048), matvec("f32", 4 << 28), matvec("f16", 2 << 29),
         layers("decode", 1), layers("decode", 4), layers("prefill", 1), layers("prefill", 4)]
cases += [tiny(net) for net in ("ad_int8", "kws_f32", "kws_int8", "vww_f32", "vww_int8", "ic_f32", "ic_int8")]
quick_cases = [Case("gemm_8_32_16", operations=2 * 8 * 32 * 16), Case("matvec_f16", weights=2 * 2 * 64 * 64),
               Case("decode_1", evict=True, weights=1), tiny("kws_int8")]


def say(text):
    print(text, flush=True)


def threads_text(threads):
    return f"{threads} thread" + ("" if threads == 1 else "s")


def find_peers(python):
    """Which systems that Python has; and OpenBLAS."""
    found = {}
    for system in ("onnxruntime", "openvino"):
        done = subprocess.run([python, "-c", f"import numpy, {system}; print({system}.__version__)"],
                              capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found[system] = done.stdout.strip().splitlines()[-1]
        else:
            say(f"skipped: {python} has no {system}")
    done = subprocess.run([python, "-c", "import ctypes, numpy; l = ctypes.CDLL('" + openblas_path + "'); "
                           "l.openblas_get_config.restype = ctypes.c_char_p; print(l.openblas_get_config().decode())"],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        found["openblas"] = done.stdout.strip()
    else:
        say(f"skipped: no OpenBLAS (Debian's libopenblas0) for {python}")
    return found


def make_inputs(folder, parameters):
    """INPUTS.json and .bin of seeded values: floats, a mask of ones, positions
    that follow the cache."""
    draw = random.Random(1)
    table, raw = [], b""
    sizes = {name: [int(size) for size in shape.split("x")] for _, name, _, shape, _ in parameters}
    for output, name, element, shape, size in parameters:
        if output:
            continue
        if element == "f32":
            block = array.array("f", (draw.uniform(-1, 1) for _ in range(size // 4))).tobytes()
        elif name == "position_ids":
            past = sizes["attention_mask"][-1] - sizes[name][-1]
            block = struct.pack(f"<{size // 8}q", *range(past, past + size // 8))
        else:
            block = struct.pack(f"<{size // 8}q", *[1] * (size // 8))
        table.append({"name": name, "element": element, "shape": sizes[name], "bytes": size})
        raw += block
    stem = os.path.join(folder, "inputs")
    with open(stem + ".json", "w", encoding="utf-8") as file:
        json.dump(table, file)
    with open(stem + ".bin", "wb") as file:
        file.write(raw)
    return stem


def largest_error(path, expected):
    """Of any element, relative to the largest."""
    values = []
    for each in (path, expected):
        values.append(array.array("f"))
        with open(each, "rb") as file:
            values[-1].frombytes(file.read())
    if len(values[0]) != len(values[1]):
        raise Failed(f"{path} has {len(values[0])} elements, {expected} {len(values[1])}")
    largest = max(map(abs, values[1]), default=0) or 1
    error = max((abs(a - b) for a, b in zip(*values)), default=0) / largest
    return error if error == error else float("inf")


def collect(measured, statistic):
    """Microseconds and, of the machine's limits, rates in 1e9 a second, by
    label: of the rounds, the median or the best."""
    rounds = {}
    for each in measured:
        if each["run_type"] == "iteration":
            rounds.setdefault(each["run_name"].removesuffix("/manual_time"), []).append(each)
    choose = statistics.median if statistic == "median" else min
    times = {label: choose(each["real_time"] for each in runs) for label, runs in rounds.items()}
    rates = {}
    for label, runs in rounds.items():
        for counter in ("flops", "bytes"):
            if counter in runs[0]:  # The rate of a round times its time is the same in every round.
                rates[label] = runs[0][counter] * runs[0]["real_time"] / times[label] / 1e9
    return times, rates


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.peers = {} if arguments.quick else find_peers(arguments.python)
        self.help = execute([arguments.glmc, "compile", "--help"])
        self.threads = arguments.threads if "--threads" in self.help else [1]
        if self.threads != arguments.threads:
            say("skipped: this glmc compiles for one thread only")
        self.cxx = {}
        for label, command in cxx_compilers.items():
            try:
                execute([command, "--version"])
                self.cxx[label] = command
            except (Failed, OSError):
                say(f"skipped: there is no {command}")

    def libraries(self, case, folder):
        """label -> library, for each thread count and emission; and the header."""
        found, header = {}, ""
        model = os.path.join(folder, "model.onnx")
        if case.model:
            os.makedirs(folder, exist_ok=True)
            shutil.copyfile(case.model, model)
        elif not os.path.exists(model):
            say(f"{case.name}: making the model")
            options = ["--small"] if self.arguments.quick else []
            execute([sys.executable, "-B", os.path.join(bench_folder, "make_models.py"), os.path.dirname(folder),
                     case.name] + options)
        for threads in self.threads:
            base = os.path.join(folder, f"threads_{threads}", "model")
            report = self.compiled(base, model, threads, case)
            with open(base + ".h", encoding="utf-8") as file:
                header = file.read()
            found[f"glmc/{threads}"] = base + ".so"
            for label, command in self.cxx.items():
                found[f"glmc.{label}/{threads}"] = f"{base}.{command}.so"
        return found, header, report

    def compiled(self, base, model, threads, case):
        """The report of compiling; what this very glmc compiled before is kept."""
        stamp = f"{os.stat(self.arguments.glmc).st_mtime_ns} {self.arguments.target} {sorted(self.cxx)}"
        path = base + ".json"
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                report = json.load(file)
            if report["stamp"] == stamp:
                return report
        say(f"{case.name}: compiling for {threads_text(threads)}")
        os.makedirs(os.path.dirname(base), exist_ok=True)
        for name in os.listdir(os.path.dirname(base)):
            os.remove(os.path.join(os.path.dirname(base), name))
        flags = ["--threads", str(threads)] if threads > 1 else []
        report = json.loads(execute([self.arguments.glmc, "compile", model, "-o", base, "--target",
                                     self.arguments.target, "--weights", base + ".weights", "--json", "-",
                                     "--quiet"] + flags))
        glue.make_library(base)
        for command in self.cxx.values():
            glue.make_library(base, command)
        report["stamp"] = stamp
        with open(path, "w", encoding="utf-8") as file:
            json.dump(report, file)
        return report

    def command(self, case, libraries, stem, folder):
        command = [self.arguments.bench, f"--inputs={stem}.bin", f"--outputs={folder}",
                   f"--benchmark_out={folder}/times.json", "--benchmark_out_format=json",
                   f"--benchmark_repetitions={self.arguments.rounds}",
                   f"--benchmark_min_time={self.arguments.seconds}",
                   "--benchmark_enable_random_interleaving=true"]
        command += [f"--machine={threads}" for threads in self.threads]
        command += ["--evict"] if case.evict else []
        command += ["--memory=16"] if self.arguments.quick else []
        command += [f"--model={label.replace('/', '.')}={path}" for label, path in libraries.items()]
        for peer in case.peers:
            if peer not in self.peers:
                continue
            model = os.path.join(os.path.dirname(stem), "model.onnx")
            if peer == "openblas":
                m, n, k = case.name.split("_")[1:]
                model = f"{openblas_path},{m}x{n}x{k}"
            for threads in self.threads:
                command.append(f"--peer={peer}.{threads}={self.arguments.python} {bench_folder}/peer.py {peer} {model} "
                               f"{stem} {threads}")
        return command

    def check(self, case, folder):
        """Every output against ONNX Runtime's, or else against glmc's own object
        for one thread."""
        outputs = {name[:-4]: os.path.join(folder, name) for name in os.listdir(folder)
                   if name.endswith(".bin") and not name.startswith("openblas")}
        first = self.threads[0]
        judge = f"onnxruntime.{first}" if f"onnxruntime.{first}" in outputs else f"glmc.{first}"
        errors = {name: largest_error(path, outputs[judge]) for name, path in sorted(outputs.items()) if name != judge}
        for name, error in errors.items():
            if error > tolerance:
                raise Failed(f"{case.name}: {name} differs from {judge} by {error:.2g} of the largest element")
        return judge, errors

    def run(self, case):
        folder = os.path.join(self.arguments.work, case.name)
        libraries, header, report = self.libraries(case, folder)
        if self.arguments.prepare:
            return None
        stem = make_inputs(folder, glue.parameters(header))
        results = os.path.join(folder, "results")
        os.makedirs(results, exist_ok=True)
        for name in os.listdir(results):
            os.remove(os.path.join(results, name))
        say(f"{case.name}: timing")
        load = os.getloadavg()[0]
        execute(self.command(case, libraries, stem, results))
        judge, errors = self.check(case, results)
        with open(os.path.join(results, "times.json"), encoding="utf-8") as file:
            measured = json.load(file)["benchmarks"]
        times, rates = collect(measured, self.arguments.statistic)
        return {"microseconds": times, "machine": rates, "ratios": self.ratios(case, times, rates),
                "goals": case.goals, "judge": judge, "errors": errors, "load_before": load,
                "launches": report["launches"], "arena_bytes": report["arena_bytes"]}

    def ratios(self, case, times, rates):
        ratios = {}
        for threads in self.threads:
            text = threads_text(threads)
            own = times[f"glmc.{threads}"]
            read = max(value for label, value in rates.items() if label.startswith("machine/read")
                       and label.endswith(f"/{threads}"))
            ratios[f"of FMA peak, {text}"] = case.operations / own / 1e3 / rates[f"machine/multiply_add/{threads}"]
            ratios[f"of read bandwidth, {text}"] = case.weight_bytes / own / 1e3 / read
            for peer in case.peers:
                if f"{peer}.{threads}" in times:
                    ratios[f"x {peer}, {text}"] = times[f"{peer}.{threads}"] / own
            for label in self.cxx:
                ratios[f"{label} source x object, {text}"] = own / times[f"glmc.{label}.{threads}"]
        for threads in self.threads:
            if threads > 1 and 1 in self.threads:
                ratios[f"{threads} threads x 1"] = times["glmc.1"] / times[f"glmc.{threads}"]
        return {name: ratio for name, ratio in ratios.items() if ratio > 0}


def print_case(case, result):
    say(f"\n{case.name}: {result['launches']} launches; outputs as {result['judge']}'s within "
        f"{max(result['errors'].values(), default=0):.1g}")
    for label, microseconds in sorted(result["microseconds"].items()):
        rate = f"  {result['machine'][label]:8.2f} G/s" if label in result["machine"] else ""
        say(f"  {label:28s} {microseconds:14.2f} us{rate}")
    one, two = (result["machine"].get(f"machine/multiply_add/{threads}", 0) for threads in (1, 2))
    if two and two < 1.8 * one:
        say("  NOT TO BE TRUSTED: others used the machine; two threads multiply and add "
            f"{two / one:.2f} times as fast as one")
    for name, ratio in result["ratios"].items():
        goal = case.goals.get(name, 0.9 if "source" in name else None)
        mark = "" if goal is None else f"   goal {goal:.2f}: {'reached' if ratio >= goal else 'NOT reached'}"
        say(f"  {name:36s} {ratio:6.3f}{mark}")


def parse():
    parser = argparse.ArgumentParser(prog="test/bench/run.sh", description="Times glmc beside its peers.")
    parser.add_argument("--json", help="write times and ratios to this file")
    parser.add_argument("--glmc", default=os.path.join(root, "build", "bin", "glmc"))
    parser.add_argument("--bench", default=os.path.join(root, "build", "bin", "model_bench"))
    parser.add_argument("--work", default=os.path.join(root, "build", "bench"), help="folder of models and libraries")
    parser.add_argument("--python", default=os.environ.get("GLMC_BENCH_PYTHON", sys.executable),
                        help="one that has onnxruntime and openvino")
    parser.add_argument("--target", default="host")
    parser.add_argument("--threads", type=lambda text: [int(each) for each in text.split(",")], default=[1, 2],
                        help="numbers of threads, such as 1,2,4,8")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each thing in each round")
    parser.add_argument("--statistic", choices=["median", "best"], default="median",
                        help="of the rounds; the best is for machines that others use as well")
    parser.add_argument("--prepare", action="store_true", help="make and compile the models, time nothing")
    parser.add_argument("--quick", action="store_true", help="small models, one round, no peers: does it work?")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    arguments = parser.parse_args()
    known = {case.name: case for case in (quick_cases if arguments.quick else cases)}
    for name in arguments.cases:
        if name not in known:
            parser.error(f"there is no case '{name}'; there are {', '.join(known)}")
    if arguments.quick:
        arguments.rounds, arguments.seconds = 1, 0.001
        arguments.work = os.path.join(arguments.work, "quick")  # Some large models have the same names.
    return arguments, [known[name] for name in arguments.cases or known]


def main():
    arguments, chosen = parse()
    report = {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "cases": {}}
    try:
        bench = Bench(arguments)
        report["peers"] = bench.peers
        for case in chosen:
            start = time.monotonic()
            result = bench.run(case)
            if not result:
                continue
            result["seconds"] = time.monotonic() - start
            report["cases"][case.name] = result
            print_case(case, result)
    except (Failed, OSError) as problem:
        sys.exit(f"error: {problem}")
    finally:
        if arguments.json:
            with open(arguments.json, "w", encoding="utf-8") as file:
                json.dump(report, file, indent=2)


if __name__ == "__main__":
    main()
