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
#include "runtime-min/Embedded.h"

#include <algorithm>

namespace glmc::source {

namespace {

/// Turns bytes into adjacent string literals, a comment before each weight.
class WeightPrinter {
public:
  WeightPrinter(const Program &program, const std::function<void(std::string_view)> &write)
      : program(program), write(write) {}
  void take(const uint8_t *bytes, size_t count);
  void finish();
  int64_t position() const { return at; }

private:
  void byte(uint8_t b);
  void endLine();
  const Program &program;
  const std::function<void(std::string_view)> &write;
  std::string text, line;
  size_t next = 0; ///< The weight whose bytes come next.
  int64_t at = 0;
};

void WeightPrinter::endLine() {
  if (line.empty())
    return;
  text += "  \"" + line + "\"\n";
  line.clear();
  if (text.size() > 1 << 16) {
    write(text);
    text.clear();
  }
}

void WeightPrinter::byte(uint8_t b) {
  while (next < program.weights.size() && program.weights[next].offset == at) {
    const Weight &w = program.weights[next++];
    endLine();
    std::string shape;
    for (int64_t n : w.type.shape)
      shape += (shape.empty() ? " " : "x") + std::to_string(n);
    const char *layout = w.type.layout.kind == kernels::Layout::panels ? ", in panels" : "";
    text += commentLines(
        std::to_string(w.offset) + ": " + w.name + ", " + kernels::name(w.type.element) + shape + layout, "  // ");
  }
  ++at;
  const bool plain = b >= ' ' && b < 127 && b != '"' && b != '\\' && b != '?';
  if (plain)
    line += (char)b;
  else {
    const char octal[] = {'\\', (char)('0' + (b >> 6)), (char)('0' + (b >> 3 & 7)), (char)('0' + (b & 7))};
    line.append(octal, 4);
  }
  if (line.size() >= 108)
    endLine();
}

void WeightPrinter::take(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; ++i)
    byte(bytes[i]);
}

void WeightPrinter::finish() {
  endLine();
  write(text);
}

bool hasWeightsInside(const Program &program) { return program.weightBytes > 0 && !program.weightsApart; }

/// Prints everything around the weights.
class SourcePrinter {
public:
  SourcePrinter(const Program &program, const std::vector<kernels::CompiledKernel> &compiled,
                const EmitOptions &options)
      : program(program), compiled(compiled), options(options), prefix(options.prefix), macros(macroPrefix(options)) {}
  bool head(std::string &text);
  std::string kernelFunctions();
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
  std::string initAndRelease(uint64_t required);
  std::string statusAndBuild();
  bool requiredFeatures(uint64_t &mask);
  bool uses(Memory memory, const EntryPoint &entry, int index = 0) const;

  const Program &program;
  const std::vector<kernels::CompiledKernel> &compiled;
  const EmitOptions &options;
  const std::string prefix, macros;
};

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
      if (launch && (launch->kernel < 0 || (size_t)launch->kernel >= std::min(compiled.size(), program.kernels.size())))
        error = "entry point '" + entry.name + "' launches a kernel that does not exist";
      for (const Place &p : placesOf(step))
        if ((p.memory == Memory::input && (size_t)p.index >= entry.inputs.size()) ||
            (p.memory == Memory::output && (size_t)p.index >= entry.outputs.size()))
          error = "entry point '" + entry.name + "' has no parameter " + std::to_string(p.index);
      if (!error.empty())
        return false;
      if (!launch)
        continue;
      const kernels::Kernel &kernel = program.kernels[launch->kernel];
      if (launch->reads.size() != kernel.arguments.size() || launch->writes.size() != kernel.results.size() ||
          launch->scratch.size() != kernel.scratch.size())
        error = "a launch of kernel '" + kernel.name + "' has another number of buffers than the kernel";
      else if (compiled[launch->kernel].cxx.empty())
        error = "kernel '" + kernel.name + "' was not printed as C++";
      else if (compiled[launch->kernel].takesPool && program.threads < 2)
        error = "kernel '" + kernel.name + "' takes a pool of threads, which the program does not have";
    }
  return error.empty();
}

/// The preamble and the pieces that the kernels use, in a namespace of the
/// program's own, so that several programs can be compiled together.
bool SourcePrinter::head(std::string &text) {
  std::set<std::string> needs;
  for (const kernels::CompiledKernel &kernel : compiled)
    needs.insert(kernel.cxxNeeds.begin(), kernel.cxxNeeds.end());
  if (program.threads > 1)
    needs.insert("pool");
  const std::string header = options.headerName.empty() ? prefix + ".h" : options.headerName;
  text = commentLines(summaryText(program, options), "// ") + "\n#include \"" + header +
         "\"\n\n#include <stddef.h>\n#include <stdint.h>\n\n" +
         runtimePreamble(options.cxxTarget, program.math == kernels::Math::exact, program.threads > 1) +
         "\nnamespace " + prefix + "_detail {\n\n";
  const std::string rule = "//===----------------------------------------------------------------------===//\n";
  text += rule + "// Runtime\n" + rule + "\n" + runtimePieces(needs, error);
  if (hasWeightsInside(program))
    text += "\n" + rule + "// Weights\n" + rule +
            "\nalignas(64)\n#if defined(__ELF__)\n__attribute__((section(\".rodata." + prefix +
            "_weights\")))\n#endif\nstatic const char weights[] =\n";
  return error.empty();
}

std::string SourcePrinter::kernelFunctions() {
  std::set<int> launched;
  for (const EntryPoint &entry : program.entryPoints)
    for (const Step &step : entry.steps)
      if (const Launch *launch = std::get_if<Launch>(&step))
        launched.insert(launch->kernel);
  const std::string rule = "//===----------------------------------------------------------------------===//\n";
  std::string text = "\n" + rule + "// Kernels\n" + rule;
  for (int k : launched) {
    text += "\n";
    if ((size_t)k < program.kernelNodes.size() && !program.kernelNodes[k].empty())
      text += commentLines(program.kernelNodes[k], "// ");
    text += compiled[k].cxx;
  }
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
  case Element::u8:
    return "u8";
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

std::string SourcePrinter::launch(const EntryPoint &entry, const Launch &step) {
  const kernels::Kernel &kernel = program.kernels[step.kernel];
  std::vector<std::string> arguments;
  if (compiled[step.kernel].takesPool)
    arguments.push_back("context->pool");
  for (size_t i = 0; i < step.reads.size(); ++i)
    arguments.push_back(place(entry, step.reads[i], true, elementAlias(kernel.arguments[i].element)));
  for (size_t i = 0; i < step.writes.size(); ++i)
    arguments.push_back(place(entry, step.writes[i], false, elementAlias(kernel.typeOf(kernel.results[i]).element)));
  for (size_t i = 0; i < step.scratch.size(); ++i)
    arguments.push_back(place(entry, step.scratch[i], false, elementAlias(kernel.scratch[i].element)));
  std::string nodes;
  for (const std::string &node : step.nodes)
    nodes += (nodes.empty() ? "" : ", ") + node;
  std::string text = nodes.empty() ? "" : commentLines(nodes, "  // ");
  std::string line = "  " + kernel.name + "(";
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string word = arguments[i] + (i + 1 < arguments.size() ? "," : ");");
    if (line.size() + word.size() > 110) {
      text += line + "\n";
      line = "     ";
    }
    line += (line.back() == '(' ? "" : " ") + word;
  }
  return text + line + (arguments.empty() ? ");" : "") + "\n";
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
  const std::string rule = "//===----------------------------------------------------------------------===//\n";
  std::string text = "\n" + rule + "// Session\n" + rule;
  for (const SessionStep &step : program.session->steps)
    text += "\n" + sessionStep(program.entryPoints[step.entry]);
  return text + "\n" + sessionTables(program, options);
}

bool SourcePrinter::requiredFeatures(uint64_t &mask) {
  mask = 0;
  for (const std::string &name : options.cpuRequires) {
    const auto bit = cpuFeatureBit(name);
    if (!bit) {
      error = "the CPU feature '" + name + "' is not one that generated code can check";
      return false;
    }
    mask |= *bit;
  }
  return true;
}

/// What init and entry points call if the weights are in a file of their own.
std::string SourcePrinter::weightsFunctions() {
  const std::string rule = "//===----------------------------------------------------------------------===//\n";
  return "\n" + rule + "// Weights, in a file that the caller of init has in memory\n" + rule + "\n" +
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

/// init and release, and check_weights where there are weights to check.
std::string SourcePrinter::initAndRelease(uint64_t required) {
  std::string text;
  text += "int " + prefix + "_init(" + prefix + "_context *context" +
          (program.weightsApart ? ", const void *weights, int64_t bytes" : "") + ") {\n  if (!context)\n    return " +
          macros + "_ERROR_NULL;\n";
  text += "  context->ready = 0;\n";
  if (required)
    text += "  if (!glmc_cpu_supports(" + std::to_string(required) + "u))\n    return " + macros + "_ERROR_CPU;\n";
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
  uint64_t required;
  if (!requiredFeatures(required))
    return {};
  const std::string rule = "//===----------------------------------------------------------------------===//\n";
  std::string text;
  if (required)
    text += "\n" + rule + "// Does the CPU have what the kernels need?\n" + rule +
            "\n#define GLMC_CPU_LINKAGE static\n" + runtimePiece("cpu.cpp", "cpu") + "#undef GLMC_CPU_LINKAGE\n";
  if (program.weightsApart)
    text += weightsFunctions();
  text += "\n// What a context's `ready` holds once init has prepared it.\nstatic const uint32_t readyMark = " +
          std::to_string(readyMagic) + "u;\n";
  if (program.session)
    text += session();
  text += "\n" + rule + "// Public functions\n" + rule + "\nextern \"C\" {\n\n";
  text += "#if defined(__ELF__)\n__attribute__((section(\".bss." + prefix + "_default\")))\n#endif\n" + prefix +
          "_context " + prefix + "_default;\n\n";
  text += initAndRelease(required) + statusAndBuild();
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
