#!/usr/bin/env python3
"""Shows that check_layering.py accepts what the table allows and refuses the rest."""

import os
import subprocess
import sys
import tempfile
import unittest

script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_layering.py")


class LayeringTest(unittest.TestCase):
    def check(self, files, links=None):
        """Exit status and output of the checker over a tree of these files."""
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            command = [sys.executable, script, root]
            if links is not None:
                with open(os.path.join(root, "links"), "w", encoding="utf-8") as file:
                    file.write(links)
                command += ["--links", os.path.join(root, "links")]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def assert_refused(self, files, text, links=None):
        status, output = self.check(files, links)
        self.assertEqual(status, 1, output)
        self.assertIn(text, output)

    def test_accepts_edges_of_the_table(self):
        status, output = self.check({
            "compiler/glmc.cpp": '#include "codegen/Program.h"\n#include "lowering/A.h"\n#include <vector>\n',
            "codegen/Program.h": '#include "dialects/glm/Dialect.h"\n#include "runtime-min/Embedded.h"\n',
            "lowering/A.h": '#include "targets/Target.h"\n',
            "dialects/glm/Dialect.h": '#include "dialects/glm/GlmOps.h.inc"\n#include "mlir/IR/Dialect.h"\n',
            "targets/Target.h": "",
        })
        self.assertEqual(status, 0, output)

    def test_refuses_an_edge_outside_the_table(self):
        self.assert_refused({"dialects/A.h": '#include "targets/T.h"\n', "targets/T.h": ""},
                            "dialects may not use targets")
        self.assert_refused({"lowering/A.cpp": '#include "codegen/P.h"\n', "codegen/P.h": ""},
                            "lowering may not use codegen")
        self.assert_refused({"codegen/A.cpp": '#include "runtime-min/math.h"\n', "runtime-min/math.h": ""},
                            "codegen may not use runtime-min")
        self.assert_refused({"examples/main.c": '#include "codegen/P.h"\n', "codegen/P.h": ""},
                            "examples may not use codegen")

    def test_refuses_an_edge_in_angle_brackets_and_in_ods(self):
        self.assert_refused({"targets/A.h": "#include <compiler/B.h>\n", "compiler/B.h": ""},
                            "targets may not use compiler")
        self.assert_refused({"dialects/A.td": 'include "lowering/Passes.td"\n', "lowering/Passes.td": ""},
                            "dialects may not use lowering")

    def test_refuses_ways_around(self):
        self.assert_refused({"dialects/A.h": '#include "../targets/T.h"\n', "targets/T.h": ""}, "out of its room")

    def test_refuses_a_header_that_is_not_there(self):
        self.assert_refused({"compiler/A.cpp": '#include "codegen/Nothing.h"\n'}, "does not exist")

    def test_refuses_circles_of_folders(self):
        self.assert_refused({"codegen/a/A.h": '#include "codegen/b/B.h"\n', "codegen/b/B.h": '#include "codegen/a/A.h"\n'},
                            "include each other")

    def test_ignores_comments(self):
        status, output = self.check({"dialects/A.h": '/*\n#include "codegen/P.h"\n*/\n// #include "codegen/P.h"\n'})
        self.assertEqual(status, 0, output)

    def test_warns_of_long_files_only(self):
        status, output = self.check({"dialects/A.h": "\n" * 601})
        self.assertEqual(status, 0, output)
        self.assertIn("warning: dialects/A.h: 601 lines", output)

    def test_refuses_a_link_edge_outside_the_table(self):
        links = "glmc_dialect\tdialects/glm\tMLIR;glmc_codegen\nglmc_codegen\tcodegen\tglmc_dialect;glmc_runtime_min\n" \
                "glmc_runtime_min\truntime-min\t\n"
        self.assert_refused({}, "glmc_dialect links glmc_codegen, but dialects may not use codegen", links)

    def test_accepts_link_edges_of_the_table(self):
        links = "glmc\tcompiler\tglmc_codegen;LLVM\nglmc_codegen\tcodegen\tglmc_flags;glmc_runtime_min\n" \
                "glmc_runtime_min\truntime-min\t\nglmc_flags\tcmake\t\n"
        status, output = self.check({}, links)
        self.assertEqual(status, 0, output)


if __name__ == "__main__":
    unittest.main()
