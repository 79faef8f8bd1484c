"""Makes a shared library of what `glmc compile` wrote, for timing.

The library holds the object (or the C++ file, compiled by a compiler of the
machine) and a table of the entry point's parameters, read from the generated
header, so that one program can load any model and call it. ModelLibrary.h
describes the table.
"""

import os
import re
import shlex
import subprocess

# What the README promises that generated C++ compiles with.
cxx_flags = ["-std=c++17", "-O3", "-fno-exceptions", "-fno-rtti", "-fPIC"]

parameter_comment = re.compile(r"^/\* (input|output) '(.*)': (\S+) (\S+) \*/$")
bytes_macro = re.compile(r"^#define \S+_BYTES (\d+)$")


class Failed(Exception):
    """A command that a measurement needs did not work; the text says which."""


def execute(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{shlex.join(command)}\n{(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def parameters(header):
    """(is an output, name, element type, shape, bytes) of each parameter, in
    the order in which the first entry point takes them."""
    found, pending = [], None
    for line in header.splitlines():
        comment = parameter_comment.match(line)
        macro = bytes_macro.match(line)
        if comment:
            pending = comment.groups()
        elif macro and pending:
            kind, name, element, shape = pending
            found.append((kind == "output", name, element, shape, int(macro.group(1))))
            pending = None
        elif found and line.startswith("int "):
            break  # Of a model with several entry points, the first is timed.
    return found


def glue_source(prefix, header, weights):
    """C that defines the table of ModelLibrary.h; `weights` is the weights file,
    if the header's init takes one."""
    entry = re.search(rf"^int {prefix}_(?!init\b|release\b|check_weights\b)(\w+)\({prefix}_context \*context", header, re.MULTILINE)
    if not entry:
        raise Failed(f"the header of '{prefix}' declares no entry point")
    table = parameters(header)
    takes_weights = f"{prefix}_init({prefix}_context *context, const void *weights" in header
    init = "context, weights, bytes" if takes_weights else "context"
    arguments = ["context"] + [f"pointers[{i}]" for i in range(len(table))]
    rows = ",\n".join(f'  {{"{name}", "{element}", "{shape}", {size}, {int(output)}}}'
                      for output, name, element, shape, size in table)
    return f"""#include "{prefix}.h"
struct bench_parameter {{ const char *name, *element, *shape; size_t bytes; int is_output; }};
const struct bench_parameter bench_parameters[] = {{
{rows}
}};
const int bench_parameter_count = {len(table)};
const size_t bench_context_bytes = sizeof({prefix}_context);
const char bench_weights[] = "{weights if takes_weights else ''}";
int bench_init(void *context, const void *weights, size_t bytes) {{ return {prefix}_init({init}); }}
int bench_run(void *context, void *const *pointers) {{ return {prefix}_{entry.group(1)}({", ".join(arguments)}); }}
"""


def make_library(base, cxx=None):
    """BASE.so of BASE.o or, with a compiler `cxx`, BASE.<compiler>.so of
    BASE.cpp, whose weights are in BASE.weights. The file's name is the prefix
    that the model was compiled with."""
    folder, prefix = os.path.split(base)
    with open(base + ".h", encoding="utf-8") as file:
        header = file.read()
    glue_file, glue_object = base + ".glue.c", base + ".glue.o"
    with open(glue_file, "w", encoding="utf-8") as file:
        file.write(glue_source(prefix, header, base + ".weights"))
    execute(["cc", "-O2", "-fPIC", "-I", folder, "-c", glue_file, "-o", glue_object])
    code, library = base + ".o", base + ".so"
    if cxx:
        tag = os.path.basename(cxx.split()[0])
        library, code = f"{base}.{tag}.so", f"{base}.{tag}.o"
        execute(cxx.split() + cxx_flags + ["-I", folder, "-c", base + ".cpp", "-o", code])
    execute(["cc", "-shared", "-Wl,-Bsymbolic", glue_object, code, "-o", library, "-pthread", "-lm"])
    return library

