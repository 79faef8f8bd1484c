"""One tiny model a diagnostic: the text that glmc prints, exit 1, nothing left behind."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(config.glmc_source_dir, "test"))
import lit_common

lit_common.configure(config, lit_config, "errors", [".test"])
