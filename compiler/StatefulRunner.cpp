//===- StatefulRunner.cpp - Compiles a model with state and runs it here -------===//
#include "compiler/StatefulRunner.h"

#include "compiler/HostObject.h"

using namespace mlir;

namespace glmc {

std::unique_ptr<StatefulRunner> StatefulRunner::create(MLIRContext &context, const BuildFlags &flags,
                                                       CompileOptions options, const std::string &cxx) {
  auto stateful = std::make_unique<StatefulRunner>();
  options.emitObject = cxx.empty();
  options.emitCxx = !cxx.empty();
  options.prefix = "model";
  options.weights = WeightsPlace::apartIfLarge;
  TemporaryWeights temporary;
  options.weightsFile = temporary.path();
  CompileResult result;
  if (failed(compileWithProgress(context, flags, options, result)))
    return nullptr;
  stateful->seconds = result.seconds();
  if (!result.program.session) {
    fail(options.input + ": error: keeps no state: it is a dump of a model that was compiled without --context");
    return nullptr;
  }
  object::SessionRequest request = object::sessionRequest(result.program);
  request.prefix = options.prefix;
  std::string error;
  stateful->weights = temporary.map(result.program, error);
  if (!error.empty()) {
    fail(options.input + ": error: a temporary file " + error);
    return nullptr;
  }
  if (stateful->weights) {
    request.weightsApart = true;
    request.weights = stateful->weights->data();
    request.weightsBytes = stateful->weights->bytes();
  }
  if (!makeHostObject(result, flags, options, cxx, request.object))
    return nullptr;
  stateful->runner = object::SessionRunner::start(request, error);
  if (!stateful->runner) {
    fail(options.input + ": error: " + error);
    return nullptr;
  }
  stateful->compiled = std::move(result.program);
  stateful->compiled.writeWeights = nullptr; // It reads the module.
  return stateful;
}

} // namespace glmc
