#!/usr/bin/env python3
"""Holds the project to DESIGN.md's table of rooms: who may include and link whom.

Three checks over a source tree:
  1. every `#include "room/..."` of a C or C++ file, and every ODS `include`,
     is an edge that the table allows, and names a file that exists;
  2. every link edge between CMake targets of ours is allowed likewise;
  3. folders do not include each other in a circle.
Files over the soft limit of lines are listed, but do not fail the check.

Usage: check_layering.py ROOT [--links FILE]
FILE holds a line a target, `target<TAB>folder<TAB>linked;linked;...`, as
test/layering/CMakeLists.txt writes it.
"""

import argparse
import os
import re
import subprocess
import sys

rooms = ["compiler", "codegen", "lowering", "dialects", "targets", "runtime-min", "test", "examples"]

# DESIGN.md's table. A room may always include itself.
allowed = {
    "compiler": set(rooms) - {"test", "examples"},
    "codegen": {"dialects", "targets"},
    "lowering": {"dialects", "targets"},
    "dialects": set(),
    "targets": set(),
    "runtime-min": set(),
    "test": set(rooms),
    "examples": set(),
}

# runtime-min's text, embedded when glmc is built, is what code generation
# pastes into its output: the one header of another room that it may read.
allowed_headers = {("codegen", "runtime-min/Embedded.h")}
allowed_links = {("codegen", "glmc_runtime_min")}

source_endings = (".h", ".hpp", ".c", ".cc", ".cpp", ".inc", ".td")
include_line = re.compile(r'^\s*#?\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
soft_limit = 600


def source_files(root):
    """Tracked and new files that git does not ignore; all files outside git."""
    listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                             capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        names = listing.stdout.splitlines()
    else:
        names = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, files in os.walk(root) for name in files]
    return sorted(name for name in names
                  if name.endswith(source_endings) and name.split("/")[0] in rooms
                  and os.path.isfile(os.path.join(root, name)))


def without_block_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def check_include(root, name, target):
    """(error or None, included folder or None) of one include of file `name`."""
    room = name.split("/")[0]
    beside = os.path.normpath(os.path.join(os.path.dirname(name), target))
    if target.split("/")[0] not in rooms:
        # Not a path from the root: somebody else's header, or one that lies
        # beside the file. `..` must not be a way around the table.
        if beside.split("/")[0] in rooms and beside.split("/")[0] != room:
            return f"{name}: includes \"{target}\" out of its room", None
        if ".." in target.split("/"):
            return f"{name}: includes \"{target}\"; write the path from the root", None
        return None, None
    other = target.split("/")[0]
    if other != room and other not in allowed[room] and (room, target) not in allowed_headers:
        return f"{name}: includes \"{target}\", but {room} may not use {other}", None
    # Generated headers are in the build tree; TableGen's end in .inc.
    generated = target.endswith(".inc") or (other, target) in {("runtime-min", "runtime-min/Embedded.h")}
    if not generated and not os.path.isfile(os.path.join(root, target)):
        return f"{name}: includes \"{target}\", which does not exist", None
    return None, os.path.dirname(target)


def check_includes(root):
    errors, edges, warnings = [], {}, []
    for name in source_files(root):
        with open(os.path.join(root, name), encoding="utf-8") as file:
            text = file.read()
        lines = text.count("\n")
        if lines > soft_limit:
            warnings.append(f"{name}: {lines} lines, the soft limit is {soft_limit}")
        for target in include_line.findall(without_block_comments(text)):
            error, folder = check_include(root, name, target)
            if error:
                errors.append(error)
            elif folder and folder != os.path.dirname(name):
                edges.setdefault(os.path.dirname(name), {}).setdefault(folder, f"{name} includes {target}")
    return errors, edges, warnings


def find_circles(edges):
    """Folders that reach themselves, each circle once, as lines of text."""
    errors, done = [], set()

    def visit(folder, path):
        if folder in path:
            circle = path[path.index(folder):] + [folder]
            steps = [edges[a][b] for a, b in zip(circle, circle[1:])]
            errors.append("folders include each other: " + "; ".join(steps))
            return
        if folder in done:
            return
        for other in sorted(edges.get(folder, {})):
            visit(other, path + [folder])
        done.add(folder)

    for folder in sorted(edges):
        visit(folder, [])
    return errors


def check_links(path):
    errors, room_of, links = [], {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            target, folder, linked = line.split("\t")
            room_of[target] = folder.split("/")[0]
            links[target] = [name for name in linked.split(";") if name]
    for target, linked in sorted(links.items()):
        room = room_of[target]
        for other in linked:
            other_room = room_of.get(other)
            # Not a target of ours, or one of cmake/'s that hold no code.
            if room not in rooms or other_room not in rooms or other_room == room:
                continue
            if other_room not in allowed[room] and (room, other) not in allowed_links:
                errors.append(f"CMake: {target} links {other}, but {room} may not use {other_room}")
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root")
    parser.add_argument("--links", help="the link edges of the CMake targets")
    arguments = parser.parse_args()

    errors, edges, warnings = check_includes(arguments.root)
    errors += find_circles(edges)
    if arguments.links:
        errors += check_links(arguments.links)
    for warning in warnings:
        print(f"warning: {warning}")
    for error in errors:
        print(f"error: {error}")
    print(f"{len(source_files(arguments.root))} files, {len(errors)} errors, {len(warnings)} warnings")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
