#!/usr/bin/env python3
"""Runs a program in QEMU and says how many cycles a Cortex-M4 would take between two marks.

    cycles.py PROGRAM.elf [--board mps2-an386]

The program calls `bench_begin` and `bench_end`, two empty functions that are not inlined. QEMU writes a line for each
block of instructions that it runs (-d exec,nochain,in_asm); blocks between the marks are counted, with the blocks that
follow them, and each instruction costs what the table below says.

The model is the instruction timing of the "Cortex-M4 Technical Reference Manual" (Arm 100166, sections 3.3 and 7.2.3),
memory without wait states:
    data processing, multiply, multiply-accumulate, SIMD (smlad, ...)     1
    division                                                              12 (2 to 12 by the operands)
    branch that is taken, call, return                                    3 (1 and a refill of 1 to 3)
    branch that is not taken                                              1
    load                                                                  2, but 1 right after another load or store
    store                                                                 1 (its write is buffered)
    load and store of N registers, push, pop                              1 + N, and 2 more if it loads pc
    float: add, subtract, multiply, compare, convert, move                1
    float: multiply-accumulate                                            3
    float: division, square root                                          14
    float: load                                                           as a load; N registers 1 + N
    and 1 for a float result that the next instruction reads
"""
import argparse
import collections
import re
import subprocess
import sys

BRANCH = re.compile(r"^(b|bl|blx|bx|cbz|cbnz|tbb|tbh)$|^b(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$")
CONDITIONAL = re.compile(r"^b(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$|^cbn?z$")


def registers(text):
    """How many registers a list like {r4, r5, lr} or {s0-s3} names."""
    inside = re.search(r"\{(.*)\}", text)
    if not inside:
        return 1
    count = 0
    for part in inside.group(1).split(","):
        ends = re.findall(r"[sd](\d+)", part)
        count += int(ends[1]) - int(ends[0]) + 1 if len(ends) == 2 else 1
    return count


def parse(line):
    """(address, mnemonic, operands) of a line of QEMU's disassembly."""
    match = re.match(r"(0x[0-9a-f]+):\s+[0-9a-f]{4}(?: [0-9a-f]{4})?\s+(\S+)\s*(.*)", line)
    return (int(match.group(1), 16), match.group(2).removesuffix(".w").removesuffix(".n"), match.group(3)) if match else None


def instruction_cycles(name, operands, after_memory):
    """Cycles but for branches that are taken, and whether it is a single load or store."""
    base = name.split(".")[0]
    if base.startswith(("vldm", "vpop", "vstm", "vpush", "ldm", "stm", "push", "pop")):
        cycles = 1 + registers(operands if "{" in operands else "{" + operands + "}")
        return cycles + (2 if "pc" in operands and base.startswith(("pop", "ldm")) else 0), False
    if base.startswith(("ldrd", "strd")):
        return 3, False
    if base.startswith(("ldr", "vldr")):
        return (1 if after_memory else 2) + (2 if operands.startswith("pc") else 0), True
    if base.startswith(("str", "vstr")):
        return 1, True
    if base.startswith(("udiv", "sdiv")):
        return 12, False
    if base.startswith(("vdiv", "vsqrt")):
        return 14, False
    if base.startswith(("vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms")):
        return 3, False
    return 1, False


def block_cycles(instructions):
    cycles, after_memory, written = 0, False, None
    for _, name, operands in instructions:
        cost, is_memory = instruction_cycles(name, operands, after_memory)
        parts = [p.strip() for p in operands.replace("[", ",").replace("]", ",").split(",")]
        if written and written in parts[1:]:
            cost += 1
        written = parts[0] if name.startswith("v") and re.match(r"[sd]\d", parts[0]) and not name.startswith("vstr") else None
        cycles += cost
        after_memory = is_memory
    return cycles


def qemu(program, board, *options):
    """The command that runs a program on a board, with its console on standard input and output."""
    return ["qemu-system-arm", "-M", board, "-nographic", "-monitor", "none", "-serial", "none", "-semihosting-config",
            "enable=on,target=native", *options, "-kernel", program]


def trace(program, board):
    """What is between the marks: {(block, next block): count}, {block: instructions}."""
    command = qemu(program, board, "-d", "exec,nochain,in_asm", "-D", "/dev/stderr")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, bufsize=1 << 20)
    blocks, pending, current = {}, {}, []
    pairs, inside, last = collections.Counter(), False, None
    for line in process.stderr:
        if line.startswith("Trace"):
            key = line[9 : line.index("]")]
            if current:
                pending[current[0][0]] = current
                current = []
            if key not in blocks:
                blocks[key] = pending.get(int(key.split("/")[1], 16), [])
            if "bench_" in line:
                inside, last = "bench_begin" in line or (inside and "bench_end" not in line), None
            if inside:
                if last is not None:
                    pairs[last, key] += 1
                last = key
        elif line.startswith("0x"):
            instruction = parse(line)
            if instruction:
                current.append(instruction)
        elif line.startswith("IN:"):
            current = []
    if process.wait() != 0 or not pairs:
        sys.exit(f"cycles.py: {program} failed in QEMU, or its marks were not found")
    return pairs, blocks


def count(program, board="mps2-an386"):
    """(instructions, cycles) between the marks."""
    pairs, blocks = trace(program, board)
    cost = {key: block_cycles(instructions) for key, instructions in blocks.items()}
    instructions = cycles = 0
    for (key, following), times in pairs.items():
        block = blocks[key]
        if not block:
            continue
        instructions += len(block) * times
        cycles += cost[key] * times
        _, name, operands = block[-1]
        if BRANCH.match(name.split(".")[0]):
            # A conditional branch to what lies behind it is one that is not taken.
            target = re.search(r"#(0x[0-9a-f]+|\d+)$", operands)
            taken = not CONDITIONAL.match(name) or (target and int(target.group(1), 0) == int(following.split("/")[1], 16))
            cycles += 2 * times if taken else 0
    return instructions, cycles


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Cycles of a Cortex-M4 between two marks")
    parser.add_argument("program")
    parser.add_argument("--board", default="mps2-an386")
    options = parser.parse_args()
    print("instructions %d cycles %d" % count(options.program, options.board))
