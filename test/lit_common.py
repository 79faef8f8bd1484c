"""What the lit suites of this project share: tools, substitutions, environment.

Tests name the tools by substitution (%glmc, %glm-opt, %python) or by their
plain name (glmc, glm-opt, FileCheck, not, count, split-file).
"""

import os


def configure(config, lit_config, name, suffixes):
    import lit.formats

    config.name = name
    config.test_format = lit.formats.ShTest(execute_external=False)
    config.suffixes = suffixes
    config.test_source_root = os.path.join(config.glmc_source_dir, "test", name)
    tools = os.path.join(config.glmc_binary_dir, "bin")
    config.environment["PATH"] = os.pathsep.join(
        [tools, config.glmc_llvm_tools_dir, os.environ.get("PATH", "")])
    for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
        if variable in os.environ:
            config.environment[variable] = os.environ[variable]
    config.substitutions += [
        ("%glmc", os.path.join(tools, "glmc")),
        ("%glm-opt", os.path.join(tools, "glm-opt")),
        ("%python", config.glmc_python),
        ("%cmake", config.glmc_cmake),
        ("%models", os.path.join(config.glmc_source_dir, "test", "models")),
    ]
    if config.glmc_sanitize:
        config.available_features.add("asan")
