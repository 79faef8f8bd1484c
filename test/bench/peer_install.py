"""Finds or installs the peers of peers.py, and makes the models that each is given."""

import json
import os
import subprocess
import sys

from glue import Failed, execute

bench_folder = os.path.dirname(os.path.abspath(__file__))

# What each system needs; a module, and what pip calls it.
needs = {
    "onnxruntime": (["numpy", "onnx", "onnx_ir", "onnxruntime"], ["numpy", "onnx", "onnx_ir", "onnxruntime"]),
    "openvino": (["numpy", "onnx", "openvino", "nncf"], ["numpy", "onnx", "openvino", "nncf"]),
    "gguf": (["numpy", "onnx", "gguf"], ["numpy", "onnx", "gguf"]),
    "llama.cpp": (["llama_cpp"], ["--no-binary", "llama-cpp-python", "llama-cpp-python"]),
    "export": (["torch", "transformers", "onnxscript", "onnx_ir"], ["torch", "transformers", "onnxscript", "onnx_ir"]),
}

# What CPU features as Linux names them are called by llama.cpp's build.
llama_features = {"sse4_2": "SSE42", "avx": "AVX", "avx2": "AVX2", "fma": "FMA", "f16c": "F16C", "bmi2": "BMI2",
                  "avx512f": "AVX512", "avx512_vbmi": "AVX512_VBMI", "avx512_vnni": "AVX512_VNNI",
                  "avx512_bf16": "AVX512_BF16", "avx_vnni": "AVX_VNNI"}


def say(text):
    print(text, flush=True)


def llama_build_options():
    """All that this CPU has but AMX, with which llama.cpp crashes."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        has = set(next((line for line in file if line.startswith("flags")), "").split())
    options = ["-DGGML_NATIVE=OFF", "-DGGML_AMX_TILE=OFF", "-DGGML_AMX_INT8=OFF", "-DGGML_AMX_BF16=OFF"]
    return " ".join(options + [f"-DGGML_{name}={'ON' if flag in has else 'OFF'}"
                               for flag, name in llama_features.items()])


class Pythons:
    """Of each system, a Python that has it."""

    def __init__(self, venvs, own, install=True):
        self.venvs, self.own, self.install, self.found = venvs, own, install, {}

    def has(self, venv, system):
        python = os.path.join(venv, "bin", "python")
        code = "import " + ", ".join(needs[system][0])
        return os.path.exists(python) and subprocess.run([python, "-c", code], capture_output=True,
                                                         check=False).returncode == 0

    def of(self, system):
        """The Python, or None if there is none and it cannot be installed."""
        if system not in self.found:
            self.found[system] = self.search(system)
        return self.found[system]

    def search(self, system):
        for venv in self.venvs + [self.own]:
            if self.has(venv, system):
                return os.path.join(venv, "bin", "python")
        if not self.install:
            say(f"skipped: no --venv has {system}")
            return None
        say(f"installing {system} into {self.own}")
        try:
            if not os.path.exists(os.path.join(self.own, "bin", "python")):
                execute([sys.executable, "-m", "venv", self.own])
            environment = dict(os.environ)
            if system == "llama.cpp":
                environment["CMAKE_ARGS"] = llama_build_options()
            execute([os.path.join(self.own, "bin", "pip"), "install", "-q"] + needs[system][1], env=environment)
        except (Failed, OSError) as problem:
            say(f"skipped: {system} does not install: {problem}")
            return None
        return os.path.join(self.own, "bin", "python")


class Models:
    """The exported model of so many layers, and what is made of it; all is kept."""

    def __init__(self, layers, folder, work, pythons):
        self.layers, self.work, self.pythons = layers, work, pythons
        os.makedirs(work, exist_ok=True)
        self.folder = folder or os.path.join(work, "model")

    def model(self):
        path = os.path.join(self.folder, "model.onnx")
        if not os.path.exists(path):
            python = self.pythons.of("export")
            if not python:
                raise Failed(f"there is no {path}, and no Python that exports it")
            say(f"{self.layers} layers: exporting the model")
            execute([python, "-B", os.path.join(bench_folder, "make_glm.py"), self.folder, "--layers",
                     str(self.layers), "--form", "dynamic", "--tokens", "16", "--past", "16"])
        return path

    def made(self, name, system, script, arguments):
        """(path, bytes that a token reads) of what `script` makes, or None. What was
        begun and not finished is made again."""
        path, note = os.path.join(self.work, name), os.path.join(self.work, name.split("/")[0] + ".json")
        newest = os.stat(self.model()).st_mtime_ns
        if os.path.exists(note):
            with open(note, encoding="utf-8") as file:
                known = json.load(file)
            if known["model"] == newest and os.path.exists(path):
                return path, known["bytes"]
        python = self.pythons.of(system)
        if not python:
            return None
        say(f"{self.layers} layers: making {name}")
        count = int(execute([python, "-B", os.path.join(bench_folder, script)] + arguments).split()[-1])
        with open(note, "w", encoding="utf-8") as file:
            json.dump({"model": newest, "bytes": count}, file)
        return path, count

    def gguf(self, kind):
        return self.made(kind + ".gguf", "gguf", "make_gguf.py",
                         [self.folder, os.path.join(self.work, kind + ".gguf"), kind])

    def onnx(self, kind):
        return self.made(kind + "/model.onnx", "onnxruntime", "make_peer_onnx.py",
                         [self.folder, os.path.join(self.work, kind), kind])

    def openvino(self, kind):
        last = self.onnx("last")
        return last and self.made(kind + "/model.xml", "openvino", "make_peer_onnx.py",
                                  [os.path.dirname(last[0]), os.path.join(self.work, kind), kind])

    def shape(self):
        """Elements of the layers' products and of the head; zeros if nothing here reads the model."""
        python = self.pythons.of("gguf") or self.pythons.of("onnxruntime")
        if not python:
            return {"layers": 0, "head": 0}
        return json.loads(execute([python, "-B", os.path.join(bench_folder, "glm_weights.py"), self.folder]))
