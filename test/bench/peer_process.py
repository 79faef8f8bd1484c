"""Processes of peer_session.py: started when they are first asked, and ended when
memory is short, the one first that was not asked for longest."""

import json
import os
import subprocess

bench_folder = os.path.dirname(os.path.abspath(__file__))
SPARE = 1 << 30  # Bytes of memory that stay free.


class PeerFailed(Exception):
    """A system did not do what it was asked; the text is its own."""


def memory_available():
    with open("/proc/meminfo", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))


class Contender:
    """A system with a model on so many threads."""

    def __init__(self, system, label, threads, command, token_bytes, memory):
        self.system, self.label, self.threads, self.command = system, label, threads, command
        self.token_bytes, self.memory = token_bytes, memory  # Bytes: that a token reads, and that it takes about.
        self.process, self.version, self.broken = None, "", ""

    def start(self):
        # The same large pages for what any of them allocates.
        environment = dict(os.environ, GLIBC_TUNABLES="glibc.malloc.hugetlb=1", OMP_NUM_THREADS=str(self.threads))
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env=environment)
        self.version = self.answer()["version"] or self.version

    def answer(self):
        line = self.process.stdout.readline()
        answer = json.loads(line) if line.strip() else {"error": "it ended"}
        if "error" in answer:
            raise PeerFailed(f"{self.label}: {answer['error']}")
        return answer

    def ask(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def stop(self):
        if not self.process:
            return
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None


class Pool:
    def __init__(self, say):
        self.say, self.running = say, []

    def ask(self, contender, command):
        """The answer; None of one that failed, now or before."""
        if contender.broken:
            return None
        try:
            if contender in self.running:
                self.running.remove(contender)
            elif not contender.process:
                self.make_room(contender.memory)
                contender.start()
            self.running.append(contender)
            return contender.ask(command)
        except (PeerFailed, OSError) as problem:
            contender.broken = str(problem)
            self.say(f"skipped: {problem}")
            self.end(contender)
            return None

    def make_room(self, wanted):
        while self.running and memory_available() < wanted + SPARE:
            self.end(self.running[0])

    def end(self, contender):
        if contender in self.running:
            self.running.remove(contender)
        try:
            contender.stop()
        except OSError:
            pass  # Its pipe is gone; so is it.

    def end_all(self):
        for contender in list(self.running):
            self.end(contender)
