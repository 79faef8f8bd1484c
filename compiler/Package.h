//===- Package.h - A compiled model as a library of a build system ------------===//
//
// `compile --package KIND -o FOLDER` writes a folder that a build system takes as
// one of its libraries:
//
//   zephyr      a module of Zephyr: zephyr/module.yml, CMakeLists.txt, Kconfig, and a
//               sample application
//   arduino     a library of the Arduino IDE and of PlatformIO: library.properties,
//               library.json, src/, examples/
//   cmsis-pack  what a CMSIS-Pack is zipped of: glmc.NAME.pdsc, include/, src/
//
// NAME is the prefix of generated names. The generated C++ file is in it, or a
// static library of the object; texts depend on the program only.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_PACKAGE_H
#define GLMC_COMPILER_PACKAGE_H

#include "compiler/Compile.h"
#include "compiler/Outputs.h"

namespace glmc {

/// Values of --package.
const std::vector<std::string> &packageKinds();

/// Where the package in `folder` has the generated files.
OutputPaths packagePaths(const std::string &kind, const std::string &folder, const CompileOptions &options);

/// What else is in it, when the program is known.
std::vector<TextFile> packageFiles(const std::string &kind, const std::string &folder, const CompileOptions &options,
                                   const CompileResult &result);

} // namespace glmc

#endif // GLMC_COMPILER_PACKAGE_H
