//===- EmitSource.cpp - Prints a planned program as C++ ----------------------===//
//
// Weights are one string literal, in octal escapes: compilers read that ten
// times faster than a list of numbers, and adjacent literals let every weight
// have its comment. They are read through may_alias types.
//
//===----------------------------------------------------------------------===//
#include "codegen/source/SourcePrinter.h"

#include "codegen/ResumeLayout.h"
#include "codegen/SessionLayout.h"
#include "codegen/Status.h"
#include "codegen/source/RuntimePieces.h"
#include "codegen/source/SessionText.h"
#include "codegen/source/WeightText.h"

#include <algorithm>

namespace glmc::source {

bool hasWeightsInside(const Program &program) { return program.weightBytes > 0 && !program.weightsApart; }

static const char *const rule = "//===----------------------------------------------------------------------===//\n";

std::string banner(const std::string &title) { return std::string("\n") + rule + "// " + title + "\n" + rule; }

/// That indices are in range, so that printing need not look.
bool SourcePrinter::check() {
  error = checkSession(program);
  if (error.empty())
    error = checkResume(program);
  if (error.empty())
    error = checkSelfTest(program);
  if (!error.empty())
    return false;
  if (compiled.size() != program.kernels.size())
    error = "there are " + std::to_string(program.kernels.size()) + " kernels and " + std::to_string(compiled.size()) +
            " compiled ones";
  for (const EntryPoint &entry : program.entryPoints)
    for (const Step &step : entry.steps) {
      const Launch *launch = std::get_if<Launch>(&step);
      if (launch &&
          (launch->kernel < 0 || (size_t)launch->kernel >= std::min(compiled.size(), launchedKernels(program))))
        error = "entry point '" + entry.name + "' launches a kernel that does not exist";
      for (const Place &p : placesOf(step))
        if ((p.memory == Memory::input && (size_t)p.index >= entry.inputs.size()) ||
            (p.memory == Memory::output && (size_t)p.index >= entry.outputs.size()))
          error = "entry point '" + entry.name + "' has no parameter " + std::to_string(p.index);
      if (!error.empty())
        return false;
      if (launch && !checkLaunch(*launch))
        return false;
    }
  return error.empty() && readRequirements();
}

/// Does what a launch runs, in any version, take what it is given?
bool SourcePrinter::checkLaunch(const Launch &launch) {
  for (int choice : choicesOf(program, launch.kernel)) {
    if (choice < 0 || (size_t)choice >= program.kernels.size()) {
      error = "kernel " + std::to_string(launch.kernel) + " has a version that does not exist";
      return false;
    }
    const kernels::Kernel &kernel = program.kernels[choice];
    const bool room = program.versions.empty() ? launch.scratch.size() == kernel.scratch.size()
                                               : launch.scratch.size() >= kernel.scratch.size();
    if (launch.reads.size() != kernel.arguments.size() || launch.writes.size() != kernel.results.size() || !room)
      error = "a launch of kernel '" + kernel.name + "' has another number of buffers than the kernel";
    else if (compiled[choice].cxx.empty())
      error = "kernel '" + kernel.name + "' was not printed as C++";
    else if (compiled[choice].takesPool && program.threads < 2)
      error = "kernel '" + kernel.name + "' takes a pool of threads, which the program does not have";
  }
  return error.empty();
}

/// Names that a build may give the sections of what lies in memory.
std::string SourcePrinter::sectionNames() {
  std::string text = "// Sections; a build may name others (-D).\n";
  const auto define = [&](const char *what, const std::string &section) {
    const std::string macro = macros + "_" + what + "_SECTION";
    text += "#ifndef " + macro + "\n#define " + macro + " \"" + section + "\"\n#endif\n";
  };
  if (hasWeightsInside(program))
    define("WEIGHTS", ".rodata." + prefix + "_weights");
  if (program.arenaApart)
    define("ARENA", ".bss." + prefix + "_arena");
  define("CONTEXT", ".bss." + prefix + "_default");
  return text + "\n";
}

/// The preamble and the pieces that the kernels use, in a namespace of the
/// program's own, so that several programs can be compiled together.
bool SourcePrinter::head(std::string &text) {
  std::set<std::string> needs;
  for (const kernels::CompiledKernel &kernel : compiled)
    if (program.versions.empty()) // Else each version has its own pieces.
      needs.insert(kernel.cxxNeeds.begin(), kernel.cxxNeeds.end());
  if (program.threads > 1)
    needs.insert("pool");
  const std::string header = options.headerName.empty() ? prefix + ".h" : options.headerName;
  text = commentLines(summaryText(program, options), "// ") + "\n#include \"" + header +
         "\"\n\n#include <stddef.h>\n#include <stdint.h>\n\n" + sectionNames() +
         runtimePreamble(program.versions.empty() ? options.cxxTarget : "", program.math == kernels::Math::exact,
                         program.threads > 1) +
         "\nnamespace " + prefix + "_detail {\n\n";
  text += banner("Runtime").substr(1) + "\n" + runtimePieces(needs, error);
  if (hasWeightsInside(program))
    text += banner("Weights") + "\nalignas(64)\n#if defined(__ELF__)\n__attribute__((section(" + macros +
            "_WEIGHTS_SECTION)))\n#endif\nstatic const char weights[] =\n";
  return error.empty();
}

std::string SourcePrinter::statusAndBuild() {
  std::string text;
  text += "const char *" + prefix + "_status_text(int status) {\n  switch (status) {\n";
  for (const StatusEntry &status : statusesOf(program))
    text += "  case " + macros + "_" + status.name + ":\n    return \"" + status.text + "\";\n";
  text += std::string("  default:\n    return \"") + statusUnknownText + "\";\n  }\n}\n\n";
  text += "const char *" + prefix + "_build_id(void) { return " + macros + "_BUILD_ID; }\n";
  return text;
}

std::string SourcePrinter::functions() {
  std::string text = cpuCheck();
  if (program.weightsApart)
    text += weightsFunctions();
  text += "\n// What a context's `ready` holds once init has prepared it.\nstatic const uint32_t readyMark = " +
          std::to_string(readyMagic) + "u;\n";
  if (program.session)
    text += session();
  if (program.resumable)
    text += resumeInternals();
  if (program.selfTest)
    text += selfTestInternals();
  text += banner("Public functions") + "\nextern \"C\" {\n\n";
  text += "#if defined(__ELF__)\n__attribute__((section(" + macros + "_CONTEXT_SECTION)))\n#endif\n" + prefix +
          "_context " + prefix + "_default;\n\n";
  if (program.arenaApart)
    text += "#if defined(__ELF__)\n__attribute__((section(" + macros + "_ARENA_SECTION)))\n#endif\nalignas(64) uint8_t " +
            prefix + "_arena[" + macros + "_ARENA_BYTES];\n\n";
  text += initAndRelease() + statusAndBuild();
  if (program.session)
    text += "\n" + sessionFunctions(program, options);
  const std::vector<bool> steps = sessionSteps(program);
  for (size_t i = 0; i < steps.size(); ++i)
    if (!steps[i])
      text += "\n" + entryPoint(program.entryPoints[i]);
  if (program.resumable)
    text += resumeFunctions();
  if (program.selfTest)
    text += selfTestFunctions();
  return text + "\n} // extern \"C\"\n} // namespace " + prefix + "_detail\n\n" + runtimeEpilogue(program.threads > 1);
}

bool emitText(const Program &program, const std::vector<kernels::CompiledKernel> &kernels, const EmitOptions &options,
              SourceText &text, std::string &error) {
  SourcePrinter printer(program, kernels, options);
  if (printer.check() && printer.head(text.head)) {
    const std::string functions = printer.functions();
    text.tail = (hasWeightsInside(program) ? "  ;\n" : "") + printer.kernelFunctions() + functions;
  }
  error = printer.error;
  return error.empty();
}

bool writeSource(const Program &program, const SourceText &text, std::function<void(std::string_view)> write,
                 std::string &error) {
  write(text.head);
  if (hasWeightsInside(program)) {
    WeightPrinter weights(program, write);
    const bool read = program.writeWeights &&
                      program.writeWeights([&](const uint8_t *bytes, size_t count) { weights.take(bytes, count); });
    weights.finish();
    if (!read || weights.position() != program.weightBytes) {
      error = read ? "the weights are not as many bytes as was planned" : "the weights could not be read";
      return false;
    }
  }
  write(text.tail);
  return true;
}

bool emitSource(const Program &program, const std::vector<kernels::CompiledKernel> &kernels, const EmitOptions &options,
                std::function<void(std::string_view)> write, std::string &error) {
  SourceText text;
  return emitText(program, kernels, options, text, error) && writeSource(program, text, write, error);
}

} // namespace glmc::source
