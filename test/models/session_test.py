"""Compiles a model with state and runs session_test.cpp on it, as an object, and
as C++ with the sanitizers:

    session_test.py GLMC MODEL KIND [glmc options...]    KIND: object or sanitized
"""

import os
import subprocess
import sys
import tempfile

strict = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-pthread"]
source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "session_test.cpp")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr, end="")
    if done.returncode:
        sys.exit(f"failed: {' '.join(command)}")


def main():
    glmc, model, kind, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        base = os.path.join(folder, "model")
        emit = "obj" if kind == "object" else "cpp"
        run(glmc, "compile", model, "-o", base, "--context", "512", "--dim", "seq=1,16,128", "--emit", emit, "--quiet",
            *options)
        threads = ["-DMODEL_HAS_THREADS"] if "--threads" in options else []
        program = os.path.join(folder, "program")
        if kind == "object":
            run("g++", *strict, *threads, "-O1", "-I", folder, source, base + ".o", "-o", program)
        else:
            run("g++", *strict, *threads, "-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
                "-I", folder, source, base + ".cpp", "-o", program)
        run(program)


if __name__ == "__main__":
    main()
