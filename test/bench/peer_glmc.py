"""Compiles models with glmc for peers.py, and measures what that takes."""

import json
import os
import subprocess
import time

from glue import Failed, execute
from session_library import make_session_library

# How glmc stores weights and what products take, by the name that tables give it.
formats = {
    "f32": [],
    "int8": ["--weights", "int8"],
    "int8, int8 activations": ["--weights", "int8", "--activations", "int8"],
    "int4 g32": ["--weights", "int4", "--group", "32"],
    "int4 g32, int8 activations": ["--weights", "int4", "--group", "32", "--activations", "int8"],
}


def anonymous_memory(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon")), 0)
    except OSError:
        return 0  # It has ended.


def run_measured(command, output):
    """(seconds, most anonymous memory) of a command, whose output goes to a file."""
    start, peak = time.monotonic(), 0
    with open(output, "w", encoding="utf-8") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            peak = max(peak, anonymous_memory(process.pid))
            time.sleep(0.01)
        errors = process.stderr.read()
    if process.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{errors.strip()[-2000:]}")
    return time.monotonic() - start, peak


class Compiled:
    """A library and what is known of it."""

    def __init__(self, base, report):
        self.library, self.weights = base + ".so", report["weights_file"]
        self.weight_bytes, self.seconds, self.memory = report["weight_bytes"], report["wall"], report["peak"]
        self.state_bytes, self.context = report["state_bytes"], report["context"]
        session = report.get("session") or {}
        self.cache_bytes = sum(cache["bytes"] // cache["positions"] for cache in session.get("caches", []))


class Glmc:
    def __init__(self, path, work, options):
        self.path, self.work, self.options = path, work, options
        self.help = execute([path, "compile", "--help"])
        self.made = {}

    def has(self, name):
        return name == "f32" or "--activations" in self.help

    def compiled(self, models, name, threads):
        """The library of a model; what this very glmc compiled before is kept."""
        key = (models.layers, name, threads)
        if key not in self.made:
            self.made[key] = self.compile(models, name, threads)
        return self.made[key]

    def compile(self, models, name, threads):
        folder = os.path.join(models.work, "glmc " + name, str(threads))
        base = os.path.join(folder, "model")
        flags = formats[name] + ["--context", str(self.options.context), "--kv", self.options.kv, "--threads",
                                 str(threads), "--target", self.options.target]
        if self.options.prefill > 1:
            flags += ["--dim", f"seq=1,{self.options.prefill}"]
        model = models.model()
        stamp = f"{os.stat(self.path).st_mtime_ns} {os.stat(model).st_mtime_ns} {flags}"
        report_path = base + ".json"
        if os.path.exists(report_path):
            with open(report_path, encoding="utf-8") as file:
                report = json.load(file)
            if report.get("stamp") == stamp:
                return Compiled(base, report)
        os.makedirs(folder, exist_ok=True)
        for old in os.listdir(folder):
            os.remove(os.path.join(folder, old))
        self.options.say(f"{models.layers} layers: compiling {name} for {threads} thread(s)")
        seconds, peak = run_measured([self.path, "compile", model, "-o", base, "--emit", "obj", "--weights",
                                      base + ".weights", "--json", "-", "--quiet"] + flags, base + ".report")
        with open(base + ".report", encoding="utf-8") as file:
            report = json.load(file)
        make_session_library(base)
        report.update(stamp=stamp, wall=seconds, peak=peak, context=self.options.context,
                      weights_file=self.only_copy(models, base, report))
        with open(report_path, "w", encoding="utf-8") as file:
            json.dump(report, file)
        return Compiled(base, report)

    @staticmethod
    def only_copy(models, base, report):
        """The weights file; an equal one of another number of threads is shared."""
        path, own = base + ".weights", os.path.dirname(base)
        for other in os.listdir(os.path.dirname(own)):
            note = os.path.join(os.path.dirname(own), other, "model.json")
            if other == os.path.basename(own) or not os.path.exists(note):
                continue
            with open(note, encoding="utf-8") as file:
                known = json.load(file)
            known_path = known.get("weights_file", "")
            if known.get("weight_hash") == report.get("weight_hash") and os.path.exists(known_path):
                os.remove(path)
                os.link(known_path, path)
        return path
