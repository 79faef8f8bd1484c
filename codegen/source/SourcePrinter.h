//===- SourcePrinter.h - The parts of a printed program -----------------------===//
//
// What EmitSource.cpp puts together; its functions are in KernelText.cpp (kernels and
// versions of them), EntryText.cpp (entry points), InitText.cpp (init and what it
// asks the machine), ResumeText.cpp (runs in pieces), SelfTestText.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_SOURCEPRINTER_H
#define GLMC_CODEGEN_SOURCE_SOURCEPRINTER_H

#include "codegen/SelfTestLayout.h"
#include "codegen/source/EmitSource.h"

#include <set>
#include <string>
#include <vector>

namespace glmc::source {

/// Prints everything around the weights.
class SourcePrinter {
public:
  SourcePrinter(const Program &program, const std::vector<kernels::CompiledKernel> &compiled,
                const EmitOptions &options)
      : program(program), compiled(compiled), options(options), prefix(options.prefix), macros(macroPrefix(options)) {}
  bool head(std::string &text);
  std::string kernelFunctions();
  std::string versionKernels();
  std::string weightsFunctions();
  std::string functions();
  bool check();
  std::string error;

private:
  std::string place(const EntryPoint &entry, const Place &p, bool constant, const std::string &type);
  std::string launch(const EntryPoint &entry, const Launch &step);
  std::string copy(const EntryPoint &entry, const Copy &step);
  std::string entryPoint(const EntryPoint &entry);
  std::string sessionStep(const EntryPoint &entry);
  std::string entryChecks(const EntryPoint &entry);
  std::string locals(const EntryPoint &entry);
  std::string step(const EntryPoint &entry, const Step &step);
  std::string steps(const EntryPoint &entry);
  std::string session();
  std::string advanceCases(const EntryPoint &entry);
  std::string advanceEntry(const EntryPoint &entry);
  std::string advanceSessionStep(const EntryPoint &entry);
  std::string advanceSession();
  std::string startFunction(const EntryPoint &entry, int64_t first);
  std::string resumeInternals();
  std::string resumeFunctions();
  std::string selfTestCase(size_t number, const SelfTestLayout &layout);
  std::string selfTestInternals();
  std::string selfTestFunctions();
  std::string sectionNames();
  bool checkLaunch(const Launch &launch);
  std::set<int> launched() const;
  std::string kernelText(int kernel) const;
  std::string chooser(int kernel);
  std::string initAndRelease();
  std::string versionInits(const std::string &parameters, const std::string &passed);
  std::string cpuCheck();
  std::string statusAndBuild();
  bool requiredFeatures(const std::vector<std::string> &names, uint64_t &mask);
  bool readRequirements();
  bool uses(Memory memory, const EntryPoint &entry, int index = 0) const;

  const Program &program;
  const std::vector<kernels::CompiledKernel> &compiled;
  const EmitOptions &options;
  const std::string prefix, macros;
  std::vector<uint64_t> required; ///< Of each version, or of the only one.
  bool tiles = false;             ///< Whether one needs tile registers, which init asks for.
};

bool hasWeightsInside(const Program &program);

/// A title that the eye finds.
std::string banner(const std::string &title);

/// Every place of a step.
std::vector<Place> placesOf(const Step &step);

/// The pointed-to type of a kernel's parameter.
std::string elementAlias(kernels::Element element);

/// Scratch buffers that the kernels of a launch take at most.
size_t scratchOf(const Program &program, int kernel);

/// A kernel with the namespace that it is in.
std::string qualifiedName(const Program &program, int kernel);

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_SOURCEPRINTER_H
