//===- SelfTestLayout.cpp - A self-test's tables and data ---------------------===//
#include "codegen/SelfTestLayout.h"

#include "codegen/ContextLayout.h"
#include "codegen/SessionLayout.h"

namespace glmc {
namespace {

using kernels::Element;

/// As runtime-min/selftest.h numbers them.
int32_t numberOf(Element element) {
  switch (element) {
  case Element::i8:
  case Element::i4:
    return 0;
  case Element::boolean:
  case Element::u8:
  case Element::u4:
    return 1;
  case Element::i16:
    return 2;
  case Element::u16:
    return 3;
  case Element::i32:
    return 4;
  case Element::u32:
    return 5;
  case Element::i64:
    return 6;
  case Element::u64:
    return 7;
  case Element::f16:
    return 8;
  case Element::bf16:
    return 9;
  case Element::f32:
    return 10;
  case Element::f64:
    return 11;
  }
  return -1;
}

/// Appends bytes at the next multiple of the alignment; where that is.
int64_t append(std::vector<uint8_t> &data, const std::vector<uint8_t> &bytes) {
  data.resize(alignedTo(int64_t(data.size()), selfTestAlignment));
  const int64_t at = int64_t(data.size());
  data.insert(data.end(), bytes.begin(), bytes.end());
  return at;
}

class LayoutBuilder {
public:
  explicit LayoutBuilder(const Program &program) : program(program) {}

  SelfTestLayout build() {
    int64_t launches = 0;
    for (const SelfTestCase &one : program.selfTest->cases) {
      const EntryPoint &entry = program.entryPoints[one.entry];
      SelfTestCaseLayout made;
      made.firstLaunch = launches;
      made.launchCount = int64_t(entry.steps.size());
      launches += made.launchCount;
      for (const std::vector<uint8_t> &input : one.inputs)
        made.inputAt.push_back(append(layout.data, input));
      addOutputs(one, entry, made);
      addLaunches(one, made);
      layout.cases.push_back(std::move(made));
      if (program.selfTest->launches)
        addNodes(entry);
    }
    layout.data.resize(alignedTo(int64_t(layout.data.size()), selfTestAlignment));
    return std::move(layout);
  }

private:
  void addOutputs(const SelfTestCase &one, const EntryPoint &entry, SelfTestCaseLayout &made) {
    made.firstOutput = int64_t(layout.outputs.size());
    made.outputCount = int64_t(entry.outputs.size());
    int64_t used = 0;
    for (size_t i = 0; i < entry.outputs.size(); ++i) {
      const Parameter &output = entry.outputs[i];
      const bool inArena = output.place.memory == Memory::arena;
      made.outputAt.push_back(inArena ? -1 : used);
      const int64_t at = inArena ? output.place.offset : used;
      used += inArena ? 0 : alignedTo(output.type.storageBytes(), selfTestAlignment);
      layout.outputs.push_back({inArena, int32_t(at), numberOf(output.type.element), int32_t(output.type.elements()),
                                int32_t(append(layout.data, one.outputs[i])), one.tolerances[i] < 0,
                                one.tolerances[i]});
    }
    layout.bufferBytes = std::max(layout.bufferBytes, used);
  }

  void addLaunches(const SelfTestCase &one, SelfTestCaseLayout &made) {
    made.firstRecord = int64_t(layout.launches.size());
    made.recordCount = int64_t(one.launches.size());
    for (const GoldenLaunch &golden : one.launches) {
      const bool inBuffer = golden.place.memory == Memory::output;
      const int64_t at = golden.place.offset + (inBuffer ? made.outputAt[golden.place.index] : 0);
      layout.launches.push_back({int32_t(made.firstLaunch + golden.step), !inBuffer, int32_t(at),
                                 numberOf(golden.element), int32_t(golden.count), golden.mean, golden.magnitude,
                                 golden.least, golden.most, golden.tolerance});
    }
  }

  void addNodes(const EntryPoint &entry) {
    for (const Step &step : entry.steps) {
      std::string text;
      if (const Launch *launch = std::get_if<Launch>(&step))
        for (const std::string &node : launch->nodes)
          text += (text.empty() ? "" : ", ") + node;
      layout.nodes.push_back(std::holds_alternative<Copy>(step) ? "a copy to an output" : text);
    }
  }

  const Program &program;
  SelfTestLayout layout;
};

/// Counts and offsets are of 32 bits.
constexpr int64_t mostBytes = int64_t(1) << 30;

std::string checkCase(const Program &program, const SelfTestCase &one) {
  if (one.entry < 0 || size_t(one.entry) >= program.entryPoints.size())
    return "is of entry point " + std::to_string(one.entry) + ", expected one of " +
           std::to_string(program.entryPoints.size());
  const EntryPoint &entry = program.entryPoints[one.entry];
  int64_t total = contextLayout(program).bytes;
  auto fits = [&](const std::vector<Parameter> &parameters, const std::vector<std::vector<uint8_t>> &data) {
    bool good = parameters.size() == data.size();
    for (size_t i = 0; good && i < data.size(); ++i) {
      good = int64_t(data[i].size()) == parameters[i].type.storageBytes() && isTestable(parameters[i].type.element);
      total += 2 * int64_t(data[i].size());
    }
    return good;
  };
  if (!fits(entry.inputs, one.inputs) || !fits(entry.outputs, one.outputs) ||
      one.tolerances.size() != one.outputs.size())
    return "has other data than entry point '" + entry.name + "' has parameters";
  if (total > mostBytes)
    return "takes " + std::to_string(total) + " bytes, expected at most " + std::to_string(mostBytes);
  for (const GoldenLaunch &golden : one.launches)
    if (golden.step < 0 || size_t(golden.step) >= entry.steps.size() || !isTestable(golden.element) ||
        (golden.place.memory != Memory::arena && golden.place.memory != Memory::output))
      return "has golden numbers of what is no launch of '" + entry.name + "'";
  return "";
}

} // namespace

bool isTestable(Element element) { return numberOf(element) >= 0; }

SelfTestLayout selfTestLayout(const Program &program) { return LayoutBuilder(program).build(); }

std::string checkSelfTest(const Program &program) {
  if (!program.selfTest)
    return "";
  if (program.selfTest->launches && !program.resumable)
    return "the self-test is of single launches, and the program cannot run in pieces";
  for (const EntryPoint &entry : program.entryPoints)
    if (entry.name == "selftest" || entry.name == "launch_nodes")
      return "entry point '" + entry.name + "' cannot be beside a self-test: name it otherwise";
  for (const SelfTestCase &one : program.selfTest->cases)
    if (std::string error = checkCase(program, one); !error.empty())
      return "the self-test " + error;
  return "";
}

} // namespace glmc
