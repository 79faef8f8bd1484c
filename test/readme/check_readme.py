#!/usr/bin/env python3
"""Runs what README.md tells its readers to run.

Every ```sh block is run as one bash script (errors stop it) in a scratch folder
that shows the repository as links, so that relative paths work and nothing is
written into the checkout. Commands that another test runs are named below and
left out. Fails when a block fails, when a file that the README names in
backquotes does not exist, or when README.md has more than 150 lines.

Usage: check_readme.py ROOT BUILD
"""

import os
import re
import subprocess
import sys
import tempfile

# Command: the test that runs it.
run_elsewhere = {
    "./examples/quickstart.sh": "ctest install.quickstart",
    "./test/run.sh": "is what runs this test",
    "./test/report.sh": "ctest readme.report",
}
# Commands that start so: the test that runs them.
run_elsewhere_prefixes = {
    "build/venv/bin/cmake --install": "ctest install",
    "cmake -B ": "ctest install",
}

longest = 150


def sh_blocks(text):
    """Lines of each ```sh block."""
    return [block.splitlines() for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


def is_run_elsewhere(line):
    command = line.split("#")[0].strip()
    return command in run_elsewhere or any(command.startswith(prefix) for prefix in run_elsewhere_prefixes)


def script_of(block):
    return "\n".join(line for line in block if line.strip() and not is_run_elsewhere(line))


def missing_files(text, root):
    """Files in backquotes, with a folder and an ending, that are not there."""
    names = re.findall(r"`((?:\./)?[\w.-]+(?:/[\w.-]+)*/[\w.-]+\.(?:sh|md|cpp|h|td|cmake|py|c|json))`", text)
    return sorted({name for name in names if not os.path.exists(os.path.join(root, name))})


def run_block(script, root, build):
    """Exit status and output of a script in a scratch view of the repository."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in os.listdir(root):
            if name not in (".git", "build", "out"):
                os.symlink(os.path.join(root, name), os.path.join(scratch, name))
        os.mkdir(os.path.join(scratch, "build"))
        os.symlink(os.path.join(build, "bin"), os.path.join(scratch, "build", "bin"))
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=scratch, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout


def check(root, build):
    """All faults of ROOT's README.md, as text."""
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        text = file.read()
    faults = []
    if text.count("\n") > longest:
        faults.append(f"README.md has {text.count(chr(10))} lines, expected at most {longest}")
    faults += [f"README.md names {name}, which does not exist" for name in missing_files(text, root)]
    for command in run_elsewhere:
        if not os.access(os.path.join(root, command), os.X_OK):
            faults.append(f"{command} cannot be run")
    scripts = [script for script in map(script_of, sh_blocks(text)) if script]
    for script in scripts:
        print(f"--- {script}", flush=True)
        status, output = run_block(script, root, build)
        print(output, flush=True)
        if status != 0:
            faults.append(f"exit status {status} of:\n{script}")
    print(f"{len(scripts)} blocks run")
    return faults


def main():
    faults = check(*map(os.path.abspath, sys.argv[1:3]))
    for fault in faults:
        print(f"error: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
