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


def glue_source(prefix, header):
    """C that defines the table of ModelLibrary.h."""
    entry = re.search(rf"^int {prefix}_(?!init\b|release\b)(\w+)\({prefix}_context \*context", header, re.MULTILINE)
    if not entry:
        raise Failed(f"the header of '{prefix}' declares no entry point")
    table = parameters(header)
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
int bench_init(void *context) {{ return {prefix}_init(context); }}
int bench_run(void *context, void *const *pointers) {{ return {prefix}_{entry.group(1)}({", ".join(arguments)}); }}
"""


def split_weights(base, weight_bytes):
    """BASE.cpp without its weights, as BASE.code.cpp, which finds them in the
    library BASE.weights.so instead. A compiler would need much memory for a
    literal of a gigabyte, and it makes no difference to the code."""
    stripped = base + ".code.cpp"
    inside = False
    with open(base + ".cpp", encoding="utf-8") as source, open(stripped, "w", encoding="utf-8") as code:
        for line in source:
            if line == "alignas(64) static const char weights[] =\n":
                inside = True
                code.write('extern "C" const char glmc_bench_weights[];\n#define weights glmc_bench_weights\n')
            if not inside:
                code.write(line)
            elif line.endswith(";\n"):
                inside = False
    library = base + ".weights.so"
    if not os.path.exists(library):
        # The object ends with them.
        skipped = os.path.getsize(base + ".o") - weight_bytes
        assembly = base + ".weights.s"
        with open(assembly, "w", encoding="utf-8") as file:
            file.write(f""".section .rodata
.balign 64
.globl glmc_bench_weights
glmc_bench_weights:
.incbin "{base}.o", {skipped}, {weight_bytes}
.section .note.GNU-stack,"",@progbits
""")
        execute(["cc", "-shared", assembly, "-o", library])
    return stripped, library


def make_library(base, cxx=None, weight_bytes=0):
    """BASE.so of BASE.o or, with a compiler `cxx`, BASE.<compiler>.so of
    BASE.cpp. The file's name is the prefix that the model was compiled with."""
    folder, prefix = os.path.split(base)
    with open(base + ".h", encoding="utf-8") as file:
        header = file.read()
    glue_file, glue_object = base + ".glue.c", base + ".glue.o"
    with open(glue_file, "w", encoding="utf-8") as file:
        file.write(glue_source(prefix, header))
    execute(["cc", "-O2", "-fPIC", "-I", folder, "-c", glue_file, "-o", glue_object])
    code, library, more = [base + ".o"], base + ".so", []
    if cxx:
        tag = os.path.basename(cxx.split()[0])
        library, source = f"{base}.{tag}.so", base + ".cpp"
        code = [f"{base}.{tag}.o"]
        if weight_bytes > 0:
            source, weights = split_weights(base, weight_bytes)
            more = [weights]
        execute(cxx.split() + cxx_flags + ["-I", folder, "-c", source, "-o", code[0]])
    execute(["cc", "-shared", "-Wl,-Bsymbolic", glue_object] + code + more + ["-o", library, "-pthread", "-lm"])
    return library


def remove_intermediates(base):
    """What is large and no longer needed."""
    for extension in (".cpp", ".o"):
        os.remove(base + extension)
