//===- ModelRunner.cpp - Compiles a model and runs it on this machine ---------===//
#include "compiler/ModelRunner.h"

#include "codegen/ContextLayout.h"
#include "codegen/object/RunObject.h"
#include "compiler/HostObject.h"

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// With --io arena, where in the context a parameter is; -1 for a pointer. The
/// arena is what the context begins with (ContextLayout.h).
int64_t offsetInContext(const Parameter &parameter) {
  return parameter.place.memory == Memory::arena ? parameter.place.offset : -1;
}

} // namespace

std::optional<ModelRunner> ModelRunner::create(MLIRContext &context, const BuildFlags &flags,
                                               const CompileOptions &options, const std::string &cxx) {
  std::string error;
  std::optional<Emulator> emulated = Emulator::find(options.target, error);
  if (!error.empty()) {
    fail("glmc: error: " + error);
    return std::nullopt;
  }
  // The default is this machine's compiler.
  const bool ours = emulated && cxx == VerifyCommand().cxx;
  auto host = compileForHost(context, flags, options, ours ? emulated->compiler() : cxx);
  if (!host)
    return std::nullopt;
  const Program &program = host->result.program;
  if (program.entryPoints.empty()) {
    fail(options.input + ": error: has no graph to run");
    return std::nullopt;
  }
  ModelRunner runner;
  runner.seconds = host->result.seconds();
  runner.object = std::move(host->object);
  runner.weights = std::move(host->weights);
  runner.emulated = std::move(emulated);
  runner.hasThreads = program.threads > 1;
  runner.contextBytes = contextLayout(program).bytes;
  for (const EntryPoint &point : program.entryPoints)
    runner.entries.push_back(entryOf(context, point));
  return runner;
}

ModelRunner::Entry ModelRunner::entryOf(MLIRContext &context, const EntryPoint &point) {
  Entry entry;
  entry.name = point.name;
  for (const Parameter &input : point.inputs)
    entry.inputOffsets.push_back(offsetInContext(input));
  for (const Parameter &output : point.outputs)
    entry.outputOffsets.push_back(offsetInContext(output));
  entry.inputs = inputSlots(context, point);
  entry.outputs = outputSlots(context, point);
  return entry;
}

std::vector<std::string> ModelRunner::entryNames() const {
  std::vector<std::string> names;
  for (const Entry &entry : entries)
    names.push_back(entry.name);
  return names;
}

bool ModelRunner::run(const std::vector<Tensor> &inputs, std::vector<Tensor> &outputs, std::string &error) const {
  object::RunRequest request;
  request.object = object;
  request.prefix = hostPrefix;
  request.entry = entries[current].name;
  request.contextBytes = contextBytes;
  if (weights) {
    request.weightsApart = true;
    request.weights = weights->data();
    request.weightsBytes = weights->bytes();
  }
  request.inputOffsets = entries[current].inputOffsets;
  request.outputOffsets = entries[current].outputOffsets;
  for (const Tensor &input : inputs)
    request.inputs.push_back(input.bytes);
  outputs.clear();
  for (const Slot &slot : entries[current].outputs) {
    outputs.emplace_back(slot.type);
    request.outputBytes.push_back(outputs.back().bytes.size());
  }
  request.release = emulated && hasThreads;
  object::RunResult result = emulated ? emulated->run(request) : object::runObject(request);
  error = result.error;
  if (!error.empty())
    return false;
  for (auto [output, bytes] : llvm::zip(outputs, result.outputs))
    output.bytes = std::move(bytes);
  return true;
}

} // namespace glmc
