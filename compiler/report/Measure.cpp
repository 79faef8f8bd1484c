//===- Measure.cpp - How large a module is ----------------------------------===//
#include "compiler/report/Measure.h"

using namespace mlir;

namespace glmc {

static void addGraph(glm::GraphOp graph, ModuleSize &size) {
  for (Operation &op : graph.getBody().front().without_terminator()) {
    if (isa<glm::ConstantOp, glm::WeightOp>(op)) {
      size.constantBytes += glm::storageBytes(op.getResult(0).getType());
      continue;
    }
    ++size.ops;
    size.launches += isa<glm::LaunchOp>(op);
    if (isa<glm::ReshapeOp>(op))
      continue;
    for (Type type : op.getResultTypes())
      size.activationBytes += glm::storageBytes(type);
  }
}

static void addProgram(glm::ProgramOp program, ModuleSize &size) {
  for (Operation &op : program.getBody().front()) {
    ++size.ops;
    auto launch = dyn_cast<glm::PlannedLaunchOp>(op);
    if (!launch)
      continue;
    ++size.launches;
    for (auto place : launch.getWrites().getAsRange<glm::PlaceAttr>())
      size.activationBytes += place.getBytes();
  }
}

ModuleSize measure(ModuleOp module) {
  ModuleSize size;
  for (Operation &op : *module.getBody()) {
    if (auto graph = dyn_cast<glm::GraphOp>(op))
      addGraph(graph, size);
    else if (auto program = dyn_cast<glm::ProgramOp>(op))
      addProgram(program, size);
    else if (auto weight = dyn_cast<glm::PlacedWeightOp>(op))
      size.constantBytes += glm::storageBytes(weight.getType());
  }
  return size;
}

} // namespace glmc
