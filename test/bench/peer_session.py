"""A language model in one system, in a process of its own, for peers.py.

Usage: peer_session.py SYSTEM MODEL THREADS [KEY=VALUE...]
  glmc         MODEL.so, which session_library.py makes; weights=FILE if they are apart
  llama.cpp    MODEL.gguf
  onnxruntime  MODEL.onnx as make_peer_onnx.py writes it
  openvino     MODEL.onnx or MODEL.xml
  machine      MODEL is a library of Machine.cpp: no model, the machine's limits

Prints a line of JSON with its version, then answers each line of JSON with one:
  {"do": "decode", "position": P, "count": N, "evict": E}   seconds of N tokens, each
      with P or a few more tokens before it; E: caches are emptied before each
  {"do": "prefill", "count": N, "repeat": R, "evict": E}    seconds of R prompts of N tokens
  {"do": "logits", "tokens": [...], "file": PATH}           f32 logits of the last token
  {"do": "limits"}                                          rates of the machine
  {"error": TEXT} is the answer to what did not work.
"""

import ctypes
import json
import mmap
import os
import sys
import threading
import time

EVICTED = 1 << 30  # Bytes that are read to empty the caches.


def token_at(i, vocabulary):
    """Tokens of which no two are next to each other in an embedding."""
    return i * 7919 % vocabulary


def read_all(buffer):
    """Reads a buffer that holds no 255 from end to end, as quickly as memory gives it."""
    buffer.find(b"\xff")


def large_buffer(size):
    """Zeros in large pages, if the machine has them. Private: what is shared is not."""
    buffer = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        try:
            buffer.madvise(mmap.MADV_HUGEPAGE)
        except OSError:
            pass  # It may well refuse.
    return buffer


def fill(buffer):
    """Pages that were never written are all one."""
    part = b"\x01" * (1 << 20)
    for first in range(0, len(buffer), len(part)):
        buffer[first:first + len(part)] = part[:len(buffer) - first]


def address_of(buffer):
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def aligned(address, alignment=64):
    return -(-address // alignment) * alignment


def call_seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


class Glmc:
    """A compiled program with state, called as its users call it."""

    def __init__(self, model, threads, options):
        library = ctypes.CDLL(model)
        constant = lambda name: ctypes.c_int64.in_dll(library, "session_" + name).value
        self.vocabulary, self.room = constant("vocabulary"), constant("context_tokens")
        self.functions = {name: getattr(library, "session_" + name)
                          for name in ("init", "prefill", "decode", "reset", "length", "rollback", "snapshot_bytes",
                                       "snapshot", "restore", "status_text")}
        self.functions["status_text"].restype = ctypes.c_char_p
        self.functions["length"].restype = self.functions["snapshot_bytes"].restype = ctypes.c_int64
        self.memory = large_buffer(constant("context_bytes") + 64)
        self.context = ctypes.c_void_p(aligned(address_of(self.memory)))
        self.weights = self.read(options["weights"]) if "weights" in options else None
        self.call("init", ctypes.c_void_p(address_of(self.weights)) if self.weights else None,
                  ctypes.c_int64(len(self.weights) if self.weights else 0))
        self.out = (ctypes.c_float * self.vocabulary)()
        self.snapshots = {}
        self.version = options.get("version", "")

    @staticmethod
    def read(path):
        """A file in large pages, as what peers allocate is."""
        buffer = large_buffer(os.path.getsize(path))
        with open(path, "rb") as file:
            file.readinto(buffer)
        return buffer

    def call(self, name, *arguments):
        status = self.functions[name](self.context, *arguments)
        if status:
            raise RuntimeError(f"{name} returned status {status}: {self.functions['status_text'](status).decode()}")

    def tokens(self, values):
        return (ctypes.c_int64 * len(values))(*values), ctypes.c_int64(len(values))

    def go_to(self, position):
        """Holds `position` tokens, whichever they are."""
        held = self.functions["length"](self.context)
        if held > position:
            self.call("rollback", ctypes.c_int64(held - position))
        elif position in self.snapshots:
            snapshot = self.snapshots[position]
            self.call("restore", ctypes.c_void_p(address_of(snapshot)), ctypes.c_int64(len(snapshot)))
        elif held < position:
            self.call("prefill", *self.tokens([token_at(i, self.vocabulary) for i in range(held, position)]), self.out)
            self.keep(position)

    def keep(self, position):
        """What took long to come to is kept."""
        if position > 1000:
            snapshot = large_buffer(self.functions["snapshot_bytes"](self.context))
            self.call("snapshot", ctypes.c_void_p(address_of(snapshot)), ctypes.c_int64(len(snapshot)))
            self.snapshots = {position: snapshot}

    def decode(self, position, i):
        self.call("decode", ctypes.c_int64(token_at(position + i, self.vocabulary)), self.out)

    def prefill(self, values):
        self.call("reset")
        self.call("prefill", *self.tokens(values), self.out)

    def last_logits(self):
        return self.out


class Llama:
    def __init__(self, model, threads, options):
        import llama_cpp
        self.api = llama_cpp
        llama_cpp.llama_backend_init()
        self.silence = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(self.silence, ctypes.c_void_p(0))
        parameters = llama_cpp.llama_model_default_params()
        parameters.use_mmap = False  # Into memory that it allocates, in large pages as ours.
        self.model = llama_cpp.llama_model_load_from_file(model.encode(), parameters)
        if not self.model:
            raise RuntimeError(f"llama.cpp does not load {model}")
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx = int(options.get("context", 1024))
        settings.n_batch = settings.n_ubatch = 512
        settings.n_threads = settings.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, settings)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.held, self.version = 0, llama_cpp.__version__

    def take(self, values):
        for first in range(0, len(values), 512):
            part = values[first:first + 512]
            tokens = (self.api.llama_token * len(part))(*part)  # The batch only points to them.
            if self.api.llama_decode(self.context, self.api.llama_batch_get_one(tokens, len(part))) != 0:
                raise RuntimeError("llama_decode failed")
        self.api.llama_get_logits(self.context)[0]  # Waits.
        self.held += len(values)

    def go_to(self, position):
        if self.held > position:
            self.api.llama_memory_seq_rm(self.memory, 0, position, -1)
            self.held = position
        elif self.held < position:
            self.take([token_at(i, self.vocabulary) for i in range(self.held, position)])

    def decode(self, position, i):
        self.take([token_at(position + i, self.vocabulary)])

    def prefill(self, values):
        self.api.llama_memory_clear(self.memory, True)
        self.held = 0
        self.take(values)

    def last_logits(self):
        return (ctypes.c_float * self.vocabulary).from_address(
            ctypes.addressof(self.api.llama_get_logits(self.context).contents))


class Graph:
    """What ONNX Runtime and OpenVINO share: caches are inputs and outputs. A token is
    timed on one cache of made-up numbers, again and again."""

    def inputs_for(self, values, past):
        if (past, len(values)) != getattr(self, "ready", None):
            import numpy
            draw = numpy.random.default_rng(0)
            cache = lambda shape: draw.standard_normal((1, shape[0], past, shape[1]), dtype=numpy.float32)
            self.inputs = {name: cache(shape) for name, shape in self.caches.items()}
            self.inputs["attention_mask"] = numpy.ones((1, past + len(values)), numpy.int64)
            self.inputs["position_ids"] = numpy.arange(past, past + len(values), dtype=numpy.int64)[None]
            self.inputs["input_ids"] = numpy.zeros((1, len(values)), numpy.int64)
            self.place(self.inputs)
            self.ready = (past, len(values))
        self.inputs["input_ids"][0] = values

    def go_to(self, position):
        self.inputs_for([0], position)

    def decode(self, position, i):
        self.inputs_for([token_at(position + i, self.vocabulary)], position)
        self.run()

    def prefill(self, values):
        self.inputs_for(values, 0)
        self.run()


class OnnxRuntime(Graph):
    def __init__(self, model, threads, options):
        import onnxruntime
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = threads, 1
        settings.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        self.wrap = onnxruntime.OrtValue.ortvalue_from_numpy
        self.caches = {each.name: (each.shape[1], each.shape[3]) for each in self.session.get_inputs()
                       if len(each.shape) == 4}
        self.names = [each.name for each in self.session.get_outputs()]
        self.vocabulary = self.session.get_outputs()[0].shape[-1]
        self.version = onnxruntime.__version__

    def place(self, inputs):
        self.feed = {name: self.wrap(value) for name, value in inputs.items()}

    def run(self):
        self.feed["input_ids"] = self.wrap(self.inputs["input_ids"])
        self.results = self.session.run_with_ort_values(self.names, self.feed)

    def last_logits(self):
        return self.results[0].numpy().astype("float32").reshape(-1)


class OpenVino(Graph):
    def __init__(self, model, threads, options):
        import openvino
        self.openvino, core = openvino, openvino.Core()
        compiled = core.compile_model(core.read_model(model), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"})
        self.request = compiled.create_infer_request()
        self.ports = {next(iter(port.get_names())): port for port in compiled.inputs}
        self.caches = {}
        for name, port in self.ports.items():
            shape = port.get_partial_shape()
            if len(shape) == 4:
                self.caches[name] = (shape[1].get_length(), shape[3].get_length())
        self.logits = next(port for port in compiled.outputs if "logits" in port.get_names())
        self.vocabulary = self.logits.get_partial_shape()[2].get_length()
        self.version = openvino.__version__.split("-")[0]

    def place(self, inputs):
        for name, port in self.ports.items():
            self.request.set_tensor(port, self.openvino.Tensor(inputs[name]))

    def run(self):
        self.request.infer()

    def inputs_for(self, values, past):
        super().inputs_for(values, past)
        self.request.set_tensor(self.ports["input_ids"], self.openvino.Tensor(self.inputs["input_ids"]))

    def last_logits(self):
        return self.request.get_tensor(self.logits).data.astype("float32").reshape(-1)


class Machine:
    """Reading memory, and operations in registers, on so many threads."""

    streams = (1, 2, 3, 4, 6)  # As Machine.h has them.

    def __init__(self, model, threads, options):
        self.library, self.threads, self.version = ctypes.CDLL(model), threads, ""
        self.library.machine_read.restype = ctypes.c_size_t
        for name in ("machine_multiply_add", "machine_integer_dot"):
            getattr(self.library, name).restype = ctypes.c_double
        self.memory = large_buffer(EVICTED)
        fill(self.memory)

    def on_threads(self, work):
        results = [0.0] * self.threads

        def one(i):
            results[i] = work(i)
        others = [threading.Thread(target=one, args=(i,)) for i in range(1, self.threads)]
        start = time.perf_counter()
        for thread in others:
            thread.start()
        one(0)
        for thread in others:
            thread.join()
        return sum(results) / (time.perf_counter() - start)

    def limits(self):
        part = EVICTED // self.threads // 4096 * 4096
        base = address_of(self.memory)
        read = max(self.on_threads(lambda i: self.library.machine_read(ctypes.c_void_p(base + i * part),
                                                                       ctypes.c_size_t(part), streams))
                   for streams in self.streams)
        steps = ctypes.c_int64(20000000)
        return {"read": read, "multiply_add": self.on_threads(lambda i: self.library.machine_multiply_add(steps)),
                "integer_dot": self.on_threads(lambda i: self.library.machine_integer_dot(steps))}


class Server:
    systems = {"glmc": Glmc, "llama.cpp": Llama, "onnxruntime": OnnxRuntime, "openvino": OpenVino, "machine": Machine}

    def __init__(self, system, model, threads, options):
        if hasattr(os, "sched_setaffinity"):
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, set(cores[:max(threads, 1)]))
        self.one = self.systems[system](model, threads, options)
        self.other = None  # What is read to empty the caches.

    def before(self, evict):
        if not evict:
            return
        if self.other is None:
            self.other = large_buffer(EVICTED)
            fill(self.other)
        read_all(self.other)

    def answer(self, command):
        what, evict = command["do"], command.get("evict", False)
        if what == "limits":
            return self.one.limits()
        if what == "logits":
            self.one.prefill(command["tokens"])
            with open(command["file"], "wb") as file:
                file.write(bytes(self.one.last_logits()))
            return {}
        seconds = []
        if what == "decode":
            position = command["position"]
            self.one.go_to(position)
            self.one.decode(position, 0)
            self.one.go_to(position)
            for i in range(command["count"]):
                self.before(evict)
                seconds.append(call_seconds(lambda: self.one.decode(position, i)))
        else:
            prompt = [token_at(i, self.one.vocabulary) for i in range(command["count"])]
            for _ in range(command["repeat"]):
                self.before(evict)
                seconds.append(call_seconds(lambda: self.one.prefill(prompt)))
        return {"seconds": seconds}


def main():
    system, model, threads = sys.argv[1:4]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What a library prints is no answer.

    def say(value):
        print(json.dumps(value), file=answers, flush=True)
    try:
        server = Server(system, model, int(threads), dict(each.split("=", 1) for each in sys.argv[4:]))
    except (Exception, SystemExit) as problem:  # Whatever a peer throws is its answer.
        say({"error": f"{type(problem).__name__}: {problem}"})
        return
    say({"version": server.one.version})
    for line in sys.stdin:
        try:
            say(server.answer(json.loads(line)))
        except Exception as problem:
            say({"error": f"{type(problem).__name__}: {problem}"})


if __name__ == "__main__":
    main()
