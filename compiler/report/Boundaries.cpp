//===- Boundaries.cpp - Why the launches are as many as they are ------------===//
#include "compiler/report/Boundaries.h"

#include "dialects/glm/GlmOps.h"
#include "lowering/kernels/Boundary.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace glmc {
namespace {

/// The reasons that glm-explain-boundaries wrote; none if it did not run.
SmallVector<StringRef> reasonsOf(glm::PlannedLaunchOp launch) {
  SmallVector<StringRef> reasons;
  if (auto lines = launch->getAttrOfType<ArrayAttr>(boundaryAttr))
    for (Attribute line : lines)
      if (auto text = dyn_cast<StringAttr>(line))
        reasons.push_back(text.getValue());
  return reasons;
}

} // namespace

std::string boundariesText(ModuleOp module) {
  struct Entry {
    size_t launches = 0;
    SmallVector<StringRef> reasons;
  };
  llvm::MapVector<StringRef, Entry> kernels;
  module.walk([&](glm::PlannedLaunchOp launch) {
    Entry &entry = kernels[launch.getKernel()];
    if (entry.launches++ == 0)
      entry.reasons = reasonsOf(launch);
  });
  std::string text;
  llvm::raw_string_ostream out(text);
  for (const auto &[kernel, entry] : kernels) {
    out << llvm::formatv("  {0,3} x {1}\n", entry.launches, kernel);
    for (StringRef reason : entry.reasons)
      out << "          " << reason << "\n";
  }
  return text;
}

llvm::json::Array boundariesJson(ModuleOp module) {
  llvm::json::Array launches;
  module.walk([&](glm::PlannedLaunchOp launch) {
    llvm::json::Array why;
    for (StringRef reason : reasonsOf(launch))
      why.push_back(reason);
    launches.push_back(llvm::json::Object{{"entry", launch->getParentOfType<glm::ProgramOp>().getSymName()},
                                          {"kernel", launch.getKernel()},
                                          {"why", std::move(why)}});
  });
  return launches;
}

} // namespace glmc
