//===- StepEntries.cpp - Entry points that run one step of a model ------------===//
#include "compiler/StepEntries.h"

namespace glmc {

std::string stepEntryName(int64_t number) {
  return number < 0 ? "glmc_bench_nothing" : "glmc_bench_step_" + std::to_string(number);
}

void addStepEntries(Program &program) {
  if (program.entryPoints.empty())
    return;
  const EntryPoint whole = program.entryPoints.front();
  for (int64_t i = -1; i < int64_t(whole.steps.size()); ++i) {
    EntryPoint entry = whole;
    entry.name = stepEntryName(i);
    entry.steps.clear();
    if (i >= 0)
      entry.steps.push_back(whole.steps[i]);
    program.entryPoints.push_back(std::move(entry));
  }
}

} // namespace glmc
