//===- LinkerText.cpp - A fragment of a linker script ---------------------------===//
//
// GNU ld and lld move a SECTIONS command that ends in INSERT to where it says, and
// take its input sections before those of the script around it. Weights come after
// the code, so that vectors stay in front; variables before .bss, so that whoever
// takes its end for the heap's start is right.
//
//===----------------------------------------------------------------------===//
#include "codegen/source/LinkerText.h"

namespace glmc::source {

std::string emitLinker(const Program &program, const EmitOptions &options) {
  const Placement &placement = *program.placement;
  const std::string &prefix = options.prefix;
  const auto section = [&](const char *name, const std::string &input, const std::string &bank, bool isVariable) {
    return "  .glmc." + prefix + "." + name + (isVariable ? " (NOLOAD)" : "") + " : ALIGN(64) { *(" + input + ") } > " +
           bank + "\n";
  };
  std::string text =
      "/*\n" +
      commentLines("Where the parts of " + prefix + " are in the memories of " + options.targetName +
                       ". In the board's linker script, between MEMORY and SECTIONS:\n\n  INCLUDE " + prefix +
                       ".ld\n\nIts MEMORY has to have the banks that are named here, and its "
                       "SECTIONS .text and .bss. What is in RAM is not set to zeros at start: " +
                       prefix + "_init does all that is needed.",
                   " * ") +
      " */\n";
  if (!placement.weights.empty())
    text += "SECTIONS {\n" + section("weights", ".rodata." + prefix + "_weights", placement.weights, false) +
            "} INSERT AFTER .text;\n";
  text += "SECTIONS {\n";
  if (program.arenaApart && !placement.arena.empty())
    text += section("arena", ".bss." + prefix + "_arena", placement.arena, true);
  return text + section("context", ".bss." + prefix + "_default", placement.context, true) + "} INSERT BEFORE .bss;\n";
}

} // namespace glmc::source
