//===- StatefulRunner.cpp - Compiles a model with state and runs it here -------===//
#include "compiler/StatefulRunner.h"

#include "compiler/HostObject.h"

using namespace mlir;

namespace glmc {

std::unique_ptr<StatefulRunner> StatefulRunner::create(MLIRContext &context, const BuildFlags &flags,
                                                       const CompileOptions &options, const std::string &cxx) {
  auto host = compileForHost(context, flags, options, cxx);
  if (!host)
    return nullptr;
  if (!host->result.program.session) {
    fail(options.input + ": error: keeps no state: it is a dump of a model that was compiled without --context");
    return nullptr;
  }
  auto stateful = std::make_unique<StatefulRunner>();
  stateful->seconds = host->result.seconds();
  stateful->compiled = std::move(host->result.program);
  stateful->compiled.writeWeights = nullptr; // It reads the module.
  stateful->weights = std::move(host->weights);
  object::SessionRequest request = object::sessionRequest(stateful->compiled);
  request.prefix = hostPrefix;
  request.object = std::move(host->object);
  if (stateful->weights) {
    request.weightsApart = true;
    request.weights = stateful->weights->data();
    request.weightsBytes = stateful->weights->bytes();
  }
  std::string error;
  stateful->runner = object::SessionRunner::start(request, error);
  if (!stateful->runner) {
    fail(options.input + ": error: " + error);
    return nullptr;
  }
  return stateful;
}

} // namespace glmc
