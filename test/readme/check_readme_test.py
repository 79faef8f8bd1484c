#!/usr/bin/env python3
"""Shows that check_readme.py runs what it should and finds what is wrong."""

import contextlib
import io
import os
import tempfile
import unittest

import check_readme


class ReadmeTest(unittest.TestCase):
    def faults(self, readme):
        with tempfile.TemporaryDirectory() as root:
            for name in list(check_readme.run_elsewhere) + ["build/bin/tool"]:
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write("#!/bin/sh\nexit 0\n")
                os.chmod(path, 0o755)
            with open(os.path.join(root, "README.md"), "w", encoding="utf-8") as file:
                file.write(readme)
            with contextlib.redirect_stdout(io.StringIO()):
                return check_readme.check(root, os.path.join(root, "build"))

    def test_runs_blocks(self):
        self.assertEqual(self.faults("```sh\nbuild/bin/tool\nmkdir out\n```\n"), [])
        self.assertIn("exit status", self.faults("```sh\nfalse\n```\n")[0])
        self.assertIn("exit status", self.faults("```sh\nfalse\ntrue\n```\n")[0])

    def test_leaves_out_what_others_run(self):
        self.assertEqual(self.faults("```sh\n./test/run.sh   # all tests\n```\n"), [])

    def test_leaves_other_blocks_alone(self):
        self.assertEqual(self.faults("```\nfalse\n```\n```c\nfalse\n```\n"), [])

    def test_finds_missing_files_and_long_texts(self):
        self.assertIn("names ./test/no.sh", self.faults("`./test/no.sh`")[0])
        self.assertIn("lines", self.faults("\n" * 151)[0])


if __name__ == "__main__":
    unittest.main()
