#!/usr/bin/env python3
"""Turns sentences with their commands into tokens, for `glmc calibrate` and `glmc quantize-report`.

    tokens.py TSV > tokens.txt

A line of TSV is SENTENCE tab COMMAND, and perhaps more; a line of tokens is what
the model sees of it while it answers. A token is a byte, or 256 (begin), 257
(separator), 258 (end), as in command.cpp.
"""
import sys

BEGIN, SEPARATOR, END = 256, 257, 258


def tokens(line):
    sentence, command = line.rstrip("\n").split("\t")[:2]
    return [BEGIN, *sentence.encode(), SEPARATOR, *command.encode(), END]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tokens.py TSV")
    with open(sys.argv[1], encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if "\t" not in line:
                sys.exit("tokens.py: error: %s:%d: expected SENTENCE tab COMMAND" % (sys.argv[1], number))
            print(*tokens(line))


if __name__ == "__main__":
    main()
