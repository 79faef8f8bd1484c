//===- InitText.cpp - init, and what it asks of the machine, as text ----------===//
#include "codegen/source/SourcePrinter.h"

#include "codegen/WeightsLayout.h"
#include "codegen/source/RuntimePieces.h"
#include "runtime-min/Embedded.h"

#include <algorithm>

namespace glmc::source {

bool SourcePrinter::requiredFeatures(const std::vector<std::string> &names, uint64_t &mask) {
  mask = 0;
  for (const std::string &name : names) {
    const auto bit = cpuFeatureBit(name);
    if (!bit) {
      error = "the CPU feature '" + name + "' is not one that generated code can check";
      return false;
    }
    mask |= *bit;
  }
  return true;
}

bool SourcePrinter::readRequirements() {
  std::vector<EmitVersion> versions = options.versions;
  if (program.versions.empty())
    versions = {{options.cpuRequires, options.cxxTarget}};
  if (versions.size() != std::max<size_t>(program.versions.size(), 1)) {
    error = "there are " + std::to_string(program.versions.size()) + " versions and targets of " +
            std::to_string(versions.size());
    return false;
  }
  for (const EmitVersion &version : versions) {
    required.push_back(0);
    if (!requiredFeatures(version.cpuRequires, required.back()))
      return false;
    tiles |= (required.back() & *cpuFeatureBit("amx-tile")) != 0;
  }
  return true;
}

/// The pieces that init asks the CPU with, and what versions need.
std::string SourcePrinter::cpuCheck() {
  const bool chooses = tiles || !program.versions.empty();
  if (!chooses && !required.front())
    return "";
  std::string text = banner("Does the CPU have what the kernels need?");
  if (!chooses)
    return text + "\n#define GLMC_CPU_LINKAGE static\n" + runtimePiece("cpu.cpp", "cpu") + "#undef GLMC_CPU_LINKAGE\n";
  text += "\n#define GLMC_CPU_LINKAGE static __attribute__((unused))\n" + runtimePiece("cpu.cpp", "cpu") + "\n" +
          runtimePiece("cpu.cpp", "cpu_choose") + "#undef GLMC_CPU_LINKAGE\n\n" +
          "// The features that each version requires.\nstatic const uint64_t requiredFeatures[] = {";
  for (size_t i = 0; i < required.size(); ++i)
    text += (i ? ", " : "") + std::to_string(required[i]) + "u";
  return text + "};\n";
}

/// What init and entry points call if the weights are in a file of their own.
std::string SourcePrinter::weightsFunctions() {
  return banner("Weights, in a file that the caller of init has in memory") + "\n" +
         runtimePiece("weights.h", "weights_types") +
         "\n#define GLMC_WEIGHTS_LINKAGE static __attribute__((unused))\n" + runtimePiece("weights.cpp", "weights") +
         "#undef GLMC_WEIGHTS_LINKAGE\n\n" +
         "// Hash of what the image holds where.\nstatic const uint64_t weightsLayout = " +
         std::to_string(weightsLayout(program)) +
         "u;\nstatic const int64_t weightsBytes = " + std::to_string(program.weightBytes) +
         ";\n\nstatic inline __attribute__((unused)) const uint8_t *weightsOf(const " + prefix +
         "_context *context) {\n  const uint8_t *image;\n"
         "  __builtin_memcpy(&image, context->weights, sizeof image);\n  return image;\n}\n";
}

/// init, init_version and version of a program with versions; `prepare` does what
/// the first two share.
std::string SourcePrinter::versionInits(const std::string &parameters, const std::string &passed) {
  const std::string count = std::to_string(program.versions.size());
  const std::string begin = ") {\n  if (!context)\n    return " + macros + "_ERROR_NULL;\n  context->ready = 0;\n";
  std::string text = "int " + prefix + "_init(" + parameters + begin +
                     "  const int version = glmc_cpu_choose(requiredFeatures, " + count +
                     ");\n  return version < 0 ? " + macros + "_ERROR_CPU : prepare(" + passed +
                     ", (uint32_t)version);\n}\n\n";
  text += "int " + prefix + "_init_version(" + parameters + ", int version" + begin +
          "  if (version < 0 || version >= " + count + ")\n    return " + macros +
          "_ERROR_COUNT;\n  return glmc_cpu_choose(requiredFeatures + version, 1) < 0 ? " + macros +
          "_ERROR_CPU : prepare(" + passed + ", (uint32_t)version);\n}\n\n";
  text += "const char *" + prefix + "_version(const " + prefix +
          "_context *context) {\n  if (context && context->ready == readyMark)\n" + "    switch (context->version) {\n";
  for (size_t i = 0; i < program.versions.size(); ++i) {
    std::string name;
    for (char c : program.versions[i])
      name += c == '"' || c == '\\'    ? std::string("\\") + c
              : (unsigned char)c < ' ' ? std::string("_")
                                       : std::string(1, c);
    text += "    case " + std::to_string(i) + ":\n      return \"" + name + "\";\n";
  }
  return text + "    default:\n      break;\n    }\n  return \"\";\n}\n\n";
}

/// init and release, and check_weights where there are weights to check.
std::string SourcePrinter::initAndRelease() {
  const bool versions = !program.versions.empty();
  const std::string parameters =
      prefix + "_context *context" + (program.weightsApart ? ", const void *weights, int64_t bytes" : "");
  std::string text;
  if (versions) {
    text += "static int prepare(" + parameters + ", uint32_t version) {\n  context->version = version;\n";
  } else {
    text += "int " + prefix + "_init(" + parameters + ") {\n  if (!context)\n    return " + macros +
            "_ERROR_NULL;\n  context->ready = 0;\n";
    if (tiles)
      text += "  if (glmc_cpu_choose(requiredFeatures, 1) < 0)\n    return " + macros + "_ERROR_CPU;\n";
    else if (required.front())
      text += "  if (!glmc_cpu_supports(" + std::to_string(required.front()) + "u))\n    return " + macros +
              "_ERROR_CPU;\n";
  }
  if (program.weightsApart)
    text += "  const uint8_t *const image = glmc_weights_open(weights, bytes, weightsLayout, weightsBytes);\n"
            "  if (!image)\n    return " +
            macros + "_ERROR_WEIGHTS;\n  __builtin_memcpy(context->weights, &image, sizeof image);\n";
  if (program.threads > 1)
    text += "  if (!glmc_pool_start(context->pool, " + std::to_string(program.threads) + "))\n    return " + macros +
            "_ERROR_THREADS;\n";
  if (program.stateBytes > 0)
    text += "  __builtin_memset(context->state, 0, sizeof context->state);\n";
  if (program.arenaApart)
    text += "  context->arena_address = (uintptr_t)" + prefix + "_arena;\n";
  if (program.resumable)
    text += "  context->position = 0;\n";
  text += "  context->ready = readyMark;\n  return " + macros + "_OK;\n}\n\n";
  if (versions)
    text += versionInits(parameters, std::string("context") + (program.weightsApart ? ", weights, bytes" : ""));
  if (program.threads > 1)
    text += "int " + prefix + "_release(" + prefix + "_context *context) {\n  if (!context)\n    return " + macros +
            "_ERROR_NULL;\n  glmc_pool_stop(context->pool);\n  return " + macros + "_OK;\n}\n\n";
  if (program.arenaApart)
    text += "int " + prefix + "_use_arena(" + prefix +
            "_context *context, void *arena) {\n  if (!context || !arena)\n    return " + macros +
            "_ERROR_NULL;\n  if (context->ready != readyMark)\n    return " + macros +
            "_ERROR_NOT_INITIALISED;\n  context->arena_address = (uintptr_t)arena;\n" +
            (program.resumable ? "  context->position = 0;\n" : "") + "  return " + macros + "_OK;\n}\n\n";
  if (program.weightsApart)
    text += "int " + prefix + "_check_weights(const " + prefix + "_context *context) {\n  if (!context)\n    return " +
            macros + "_ERROR_NULL;\n  if (context->ready != readyMark)\n    return " + macros +
            "_ERROR_NOT_INITIALISED;\n  return glmc_weights_intact(weightsOf(context), weightsBytes) ? " + macros +
            "_OK : " + macros + "_ERROR_WEIGHTS;\n}\n\n";
  return text;
}

} // namespace glmc::source
