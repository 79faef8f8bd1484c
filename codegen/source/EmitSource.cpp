//===- EmitSource.cpp - Prints a planned program as C++ ----------------------===//
//
// Weights are one string literal, in octal escapes: compilers read that ten
// times faster than a list of numbers, and adjacent literals let every weight
// have its comment. They are read through may_alias types.
//
//===----------------------------------------------------------------------===//
#include "codegen/source/EmitSource.h"

#include "codegen/SessionLayout.h"
#include "codegen/Status.h"
#include "codegen/WeightsLayout.h"
#include "codegen/source/RuntimePieces.h"
#include "codegen/source/SessionText.h"
#include "codegen/source/WeightText.h"
#include "runtime-min/Embedded.h"

#include <algorithm>
#include <cctype>

namespace glmc::source {

namespace {

bool hasWeightsInside(const Program &program) { return program.weightBytes > 0 && !program.weightsApart; }

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
  std::string steps(const EntryPoint &entry);
  std::string session();
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

const char *const rule = "//===----------------------------------------------------------------------===//\n";

std::string banner(const std::string &title) { return std::string("\n") + rule + "// " + title + "\n" + rule; }

} // namespace

/// Every place of a step.
static std::vector<Place> placesOf(const Step &step) {
  if (const Copy *copy = std::get_if<Copy>(&step))
    return {copy->from, copy->to};
  const Launch &launch = std::get<Launch>(step);
  std::vector<Place> places = launch.reads;
  places.insert(places.end(), launch.writes.begin(), launch.writes.end());
  places.insert(places.end(), launch.scratch.begin(), launch.scratch.end());
  return places;
}

/// That indices are in range, so that printing need not look.
bool SourcePrinter::check() {
  error = checkSession(program);
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
         "\"\n\n#include <stddef.h>\n#include <stdint.h>\n\n" +
         runtimePreamble(program.versions.empty() ? options.cxxTarget : "", program.math == kernels::Math::exact,
                         program.threads > 1) +
         "\nnamespace " + prefix + "_detail {\n\n";
  text += banner("Runtime").substr(1) + "\n" + runtimePieces(needs, error);
  if (hasWeightsInside(program))
    text += banner("Weights") + "\nalignas(64)\n#if defined(__ELF__)\n__attribute__((section(\".rodata." + prefix +
            "_weights\")))\n#endif\nstatic const char weights[] =\n";
  return error.empty();
}

/// The kernels that launches name.
std::set<int> SourcePrinter::launched() const {
  std::set<int> kernels;
  for (const EntryPoint &entry : program.entryPoints)
    for (const Step &step : entry.steps)
      if (const Launch *launch = std::get_if<Launch>(&step))
        kernels.insert(launch->kernel);
  return kernels;
}

std::string SourcePrinter::kernelText(int kernel) const {
  const bool named = (size_t)kernel < program.kernelNodes.size() && !program.kernelNodes[kernel].empty();
  return "\n" + (named ? commentLines(program.kernelNodes[kernel], "// ") : "") + compiled[kernel].cxx;
}

std::string SourcePrinter::kernelFunctions() {
  if (!program.versions.empty())
    return versionKernels();
  std::string text = banner("Kernels");
  for (int k : launched())
    text += kernelText(k);
  return text;
}

/// The namespace of what is compiled for a version.
static std::string versionSpace(const Program &program, int version) {
  std::string text = "v" + std::to_string(version) + "_";
  for (char c : program.versions[version])
    text += std::isalnum((unsigned char)c) ? c : '_';
  return text;
}

/// A kernel with the namespace that it is in.
static std::string qualifiedName(const Program &program, int kernel) {
  const std::string &name = program.kernels[kernel].name;
  return program.versions.empty() ? name : versionSpace(program, versionOf(program, kernel)) + "::" + name;
}

/// Each version's kernels with the pieces that they use, compiled for its target;
/// then what launches call.
std::string SourcePrinter::versionKernels() {
  std::string text = "\n} // namespace " + prefix + "_detail\n" + runtimeEpilogue(false);
  const std::string detail = "namespace " + prefix + "_detail {\n";
  std::set<std::string> present;
  if (program.threads > 1)
    present.insert("pool");
  const std::set<int> named = launched();
  for (size_t v = 0; v < program.versions.size(); ++v) {
    std::set<std::string> needs;
    std::string kernels;
    std::set<int> own;
    for (int k : named)
      if (const int choice = program.choices[k][v]; versionOf(program, choice) == int(v))
        own.insert(choice);
    for (int k : own) {
      needs.insert(compiled[k].cxxNeeds.begin(), compiled[k].cxxNeeds.end());
      kernels += kernelText(k);
    }
    if (own.empty())
      continue;
    const std::string space = versionSpace(program, int(v));
    text += banner("Kernels for " + program.versions[v]) + "\n" +
            runtimePreamble(options.versions[v].cxxTarget, program.math == kernels::Math::exact) + "\n" + detail +
            "namespace " + space + " {\n\n" + runtimePieces(needs, error, present) + kernels + "\n} // namespace " +
            space + "\n} // namespace " + prefix + "_detail\n" + runtimeEpilogue(false);
  }
  text += banner("Which kernel a version runs") + "\n" + detail;
  for (int k : named)
    if (!isShared(program.choices[k]))
      text += "\n" + chooser(k);
  return text;
}

/// A pointer to a place, as `type *`.
std::string SourcePrinter::place(const EntryPoint &entry, const Place &p, bool constant, const std::string &type) {
  const ParameterNames names = parameterNames(entry);
  const std::string qualified = (constant ? "const " : "") + type + " *";
  const std::string offset = p.offset ? " + " + std::to_string(p.offset) : "";
  std::string base = p.memory == Memory::arena     ? "arena"
                     : p.memory == Memory::state   ? "state"
                     : p.memory == Memory::weights ? "weights"
                     : p.memory == Memory::input   ? names.inputs[p.index]
                                                   : names.outputs[p.index];
  if (offset.empty())
    return "(" + qualified + ")" + base;
  if (p.memory == Memory::input || p.memory == Memory::output)
    base = std::string(p.memory == Memory::input ? "(const uint8_t *)" : "(uint8_t *)") + base;
  return "(" + qualified + ")(" + base + offset + ")";
}

/// The pointed-to type of a kernel's parameter.
static std::string elementAlias(kernels::Element element) {
  using kernels::Element;
  switch (element) {
  case Element::boolean:
  case Element::u4:
  case Element::u8:
    return "u8";
  case Element::i4:
    return "i8";
  case Element::f16:
  case Element::bf16:
  case Element::u16:
    return "u16";
  case Element::u32:
    return "u32";
  case Element::u64:
    return "u64";
  default:
    return kernels::name(element);
  }
}

/// Scratch buffers that the kernels of a launch take at most.
static size_t scratchOf(const Program &program, int kernel) {
  size_t most = 0;
  for (int choice : choicesOf(program, kernel))
    most = std::max(most, program.kernels[choice].scratch.size());
  return most;
}

/// What launches of a kernel call that is another one in another version. Scratch
/// is of any type: each version lays it out for itself.
std::string SourcePrinter::chooser(int kernel) {
  const std::vector<int> &choices = program.choices[kernel];
  const kernels::Kernel &base = program.kernels[kernel];
  std::vector<std::string> parameters, names;
  bool takesPool = false;
  for (int choice : choices)
    takesPool |= compiled[choice].takesPool;
  if (takesPool)
    parameters.push_back("void *pool");
  const auto add = [&](const std::string &type) {
    names.push_back("p" + std::to_string(names.size()));
    parameters.push_back(type + " *" + names.back());
  };
  for (const kernels::TensorType &type : base.arguments)
    add("const " + elementAlias(type.element));
  for (int result : base.results)
    add(elementAlias(base.typeOf(result).element));
  const size_t fixed = names.size();
  for (size_t i = 0; i < scratchOf(program, kernel); ++i)
    add("void");
  parameters.push_back("uint32_t version");
  std::string text = callLines("static __attribute__((noinline)) void choose_" + base.name + "(", parameters, ") {") +
                     "  switch (version) {\n";
  for (size_t v = choices.size(); v-- > 0;) {
    const kernels::Kernel &chosen = program.kernels[choices[v]];
    std::vector<std::string> passed(names.begin(), names.begin() + fixed);
    if (compiled[choices[v]].takesPool)
      passed.insert(passed.begin(), "pool");
    for (size_t i = 0; i < chosen.scratch.size(); ++i)
      passed.push_back("(" + elementAlias(chosen.scratch[i].element) + " *)" + names[fixed + i]);
    text += (v ? "  case " + std::to_string(v) : std::string("  default")) + ":\n" +
            callLines("    return " + qualifiedName(program, choices[v]) + "(", passed, ");");
  }
  return text + "  }\n}\n";
}

std::string SourcePrinter::launch(const EntryPoint &entry, const Launch &step) {
  const std::vector<int> choices = choicesOf(program, step.kernel);
  const bool shared = isShared(choices);
  const kernels::Kernel &kernel = program.kernels[choices.front()];
  bool takesPool = false;
  for (int choice : choices)
    takesPool |= compiled[choice].takesPool;
  std::vector<std::string> arguments;
  if (takesPool)
    arguments.push_back("context->pool");
  for (size_t i = 0; i < step.reads.size(); ++i)
    arguments.push_back(place(entry, step.reads[i], true, elementAlias(kernel.arguments[i].element)));
  for (size_t i = 0; i < step.writes.size(); ++i)
    arguments.push_back(place(entry, step.writes[i], false, elementAlias(kernel.typeOf(kernel.results[i]).element)));
  for (size_t i = 0; i < scratchOf(program, step.kernel); ++i)
    arguments.push_back(
        place(entry, step.scratch[i], false, shared ? elementAlias(kernel.scratch[i].element) : "void"));
  if (!shared)
    arguments.push_back("context->version");
  std::string nodes;
  for (const std::string &node : step.nodes)
    nodes += (nodes.empty() ? "" : ", ") + node;
  const std::string callee =
      shared ? qualifiedName(program, choices.front()) : "choose_" + program.kernels[step.kernel].name;
  return (nodes.empty() ? "" : commentLines(nodes, "  // ")) + callLines("  " + callee + "(", arguments, ");");
}

std::string SourcePrinter::copy(const EntryPoint &entry, const Copy &step) {
  return "  __builtin_memcpy(" + place(entry, step.to, false, "void") + ", " + place(entry, step.from, true, "void") +
         ", " + std::to_string(step.to.bytes) + ");\n";
}

/// Does the entry point read or write `memory`? Of inputs and outputs, number
/// `index`.
bool SourcePrinter::uses(Memory memory, const EntryPoint &entry, int index) const {
  for (const Step &step : entry.steps)
    for (const Place &p : placesOf(step))
      if (p.memory == memory && p.index == index)
        return true;
  return false;
}

std::string SourcePrinter::entryPoint(const EntryPoint &entry) {
  const ParameterNames names = parameterNames(entry);
  std::string text = entrySignature(entry, options) + " {\n  if (!context", unused;
  const auto parameters = [&](const std::vector<Parameter> &list, const std::vector<std::string> &cNames) {
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].place.memory != Memory::arena)
        text += " || !" + cNames[i];
  };
  parameters(entry.inputs, names.inputs);
  parameters(entry.outputs, names.outputs);
  text += ")\n    return " + macros + "_ERROR_NULL;\n  if (context->ready != readyMark)\n    return " + macros +
          "_ERROR_NOT_INITIALISED;\n";
  return text + steps(entry) + "  return " + macros + "_OK;\n}\n";
}

/// What an entry point does once its arguments are checked.
std::string SourcePrinter::steps(const EntryPoint &entry) {
  std::string text;
  if (uses(Memory::arena, entry))
    text += "  uint8_t *const arena = context->arena;\n";
  if (uses(Memory::state, entry))
    text += "  uint8_t *const state = context->state;\n";
  if (program.weightsApart && uses(Memory::weights, entry))
    text += "  const uint8_t *const weights = weightsOf(context);\n";
  for (const Step &step : entry.steps) {
    if (const Launch *l = std::get_if<Launch>(&step))
      text += launch(entry, *l);
    else
      text += copy(entry, std::get<Copy>(step));
  }
  return text;
}

/// An entry point that checks nothing.
std::string SourcePrinter::sessionStep(const EntryPoint &entry) {
  const ParameterNames names = parameterNames(entry);
  const std::string body = steps(entry);
  std::string text = stepSignature(entry, options) + " {\n";
  if (body.find("context->") == std::string::npos && body.find("weightsOf(") == std::string::npos)
    text += "  (void)context;\n";
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    if (!uses(Memory::input, entry, int(i)))
      text += "  (void)" + names.inputs[i] + ";\n";
  return text + body + "}\n";
}

/// What the public functions of a stateful program call.
std::string SourcePrinter::session() {
  std::string text = banner("Session");
  for (const SessionStep &step : program.session->steps)
    text += "\n" + sessionStep(program.entryPoints[step.entry]);
  return text + "\n" + sessionTables(program, options);
}

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
  text += "  context->ready = readyMark;\n  return " + macros + "_OK;\n}\n\n";
  if (versions)
    text += versionInits(parameters, std::string("context") + (program.weightsApart ? ", weights, bytes" : ""));
  if (program.threads > 1)
    text += "int " + prefix + "_release(" + prefix + "_context *context) {\n  if (!context)\n    return " + macros +
            "_ERROR_NULL;\n  glmc_pool_stop(context->pool);\n  return " + macros + "_OK;\n}\n\n";
  if (program.weightsApart)
    text += "int " + prefix + "_check_weights(const " + prefix + "_context *context) {\n  if (!context)\n    return " +
            macros + "_ERROR_NULL;\n  if (context->ready != readyMark)\n    return " + macros +
            "_ERROR_NOT_INITIALISED;\n  return glmc_weights_intact(weightsOf(context), weightsBytes) ? " + macros +
            "_OK : " + macros + "_ERROR_WEIGHTS;\n}\n\n";
  return text;
}

std::string SourcePrinter::statusAndBuild() {
  std::string text;
  text += "const char *" + prefix + "_status_text(int status) {\n  switch (status) {\n";
  for (const StatusEntry &status : statusTable)
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
  text += banner("Public functions") + "\nextern \"C\" {\n\n";
  text += "#if defined(__ELF__)\n__attribute__((section(\".bss." + prefix + "_default\")))\n#endif\n" + prefix +
          "_context " + prefix + "_default;\n\n";
  text += initAndRelease() + statusAndBuild();
  if (program.session)
    text += "\n" + sessionFunctions(program, options);
  const std::vector<bool> steps = sessionSteps(program);
  for (size_t i = 0; i < steps.size(); ++i)
    if (!steps[i])
      text += "\n" + entryPoint(program.entryPoints[i]);
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
