//===- KernelText.cpp - Kernels, and versions of them, as text ----------------===//
#include "codegen/source/SourcePrinter.h"

#include "codegen/source/RuntimePieces.h"

#include <algorithm>
#include <cctype>

namespace glmc::source {

/// The namespace of what is compiled for a version.
static std::string versionSpace(const Program &program, int version) {
  std::string text = "v" + std::to_string(version) + "_";
  for (char c : program.versions[version])
    text += std::isalnum((unsigned char)c) ? c : '_';
  return text;
}

/// A kernel with the namespace that it is in.
std::string qualifiedName(const Program &program, int kernel) {
  const std::string &name = program.kernels[kernel].name;
  return program.versions.empty() ? name : versionSpace(program, versionOf(program, kernel)) + "::" + name;
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

/// The pointed-to type of a kernel's parameter.
std::string elementAlias(kernels::Element element) {
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
size_t scratchOf(const Program &program, int kernel) {
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

} // namespace glmc::source
