"""FileCheck tests, a file a pass: fires, does not fire, refuses."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(config.glmc_source_dir, "test"))
import lit_common

lit_common.configure(config, lit_config, "passes", [".mlir"])
