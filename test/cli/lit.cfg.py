"""The commands as users call them: what they print and write, and their exit codes."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(config.glmc_source_dir, "test"))
import lit_common

lit_common.configure(config, lit_config, "cli", [".test"])
config.excludes = ["Inputs"]
