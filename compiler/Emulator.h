//===- Emulator.h - Runs a model for a machine of another kind ----------------===//
//
// A target's file names a compiler and an emulator (QEMU). Where the target is of
// another processor or system than this machine, a model's object is linked with
// a small program by the one and run by the other, in a temporary folder.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_EMULATOR_H
#define GLMC_COMPILER_EMULATOR_H

#include "codegen/object/RunObject.h"
#include "targets/Target.h"

#include <optional>
#include <string>

namespace glmc {

/// Whether code for the target cannot be this machine's: another processor or system.
bool isForeign(const targets::Target &target);

class Emulator {
public:
  /// What stands in for the target's machine: its own emulator, or its board's.
  /// Nothing if it names none; also, with `error` set, if the commands that it
  /// names are not installed: the text says what to install.
  static std::optional<Emulator> find(const targets::Target &target, std::string &error);

  /// "qemu-system-arm -M mps2-an386".
  const std::string &command() const { return commandText; }
  /// What compiles C++ for it: "arm-none-eabi-g++ -mcpu=cortex-m4 -mthumb".
  const std::string &compiler() const { return compilerText; }

  /// As object::runObject: weights are in the object, and nothing is measured.
  object::RunResult run(const object::RunRequest &request) const;

private:
  bool link(const object::RunRequest &request, const std::string &folder, std::string &error) const;
  bool execute(const std::string &folder, std::string &error) const;
  void readReport(const object::RunRequest &request, const std::string &folder, object::RunResult &result) const;

  targets::Target machine; ///< The target, or its board.
  std::string commandText, compilerText;
  std::vector<std::string> linker, emulator; ///< Paths of commands, then their options.
};

} // namespace glmc

#endif // GLMC_COMPILER_EMULATOR_H
