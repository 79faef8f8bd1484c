//===- ResumeLayout.cpp - Runs that are taken in pieces -----------------------===//
#include "codegen/ResumeLayout.h"

#include "codegen/SessionLayout.h"

#include <algorithm>
#include <set>

namespace glmc {

int64_t positionsOf(const EntryPoint &entry) { return std::max<int64_t>(1, int64_t(entry.steps.size())); }

int64_t pointersOf(const EntryPoint &entry) {
  int64_t count = 0;
  for (const auto *list : {&entry.inputs, &entry.outputs})
    count += std::count_if(list->begin(), list->end(),
                           [](const Parameter &parameter) { return parameter.place.memory != Memory::arena; });
  return count;
}

ResumeLayout resumeLayout(const Program &program) {
  ResumeLayout layout;
  const std::vector<bool> steps = sessionSteps(program);
  if (program.session) {
    layout.words = sessionPieceWords + paddedTokens(program);
    for (const SessionStep &step : program.session->steps)
      layout.sessionPositions = std::max(layout.sessionPositions, positionsOf(program.entryPoints[step.entry]));
  }
  int64_t next = 1 + layout.sessionPositions;
  for (size_t i = 0; i < steps.size(); ++i) {
    layout.first.push_back(steps[i] ? 0 : next);
    if (steps[i])
      continue;
    next += positionsOf(program.entryPoints[i]);
    layout.words = std::max(layout.words, pointersOf(program.entryPoints[i]));
  }
  return layout;
}

std::string checkResume(const Program &program) {
  for (const EntryPoint &entry : program.entryPoints)
    if (program.arenaApart && (entry.name == "arena" || entry.name == "use_arena"))
      return "entry point '" + entry.name + "' cannot be beside an arena that is apart: name it otherwise";
  if (!program.resumable)
    return "";
  std::set<std::string> names;
  const std::vector<bool> steps = sessionSteps(program);
  for (size_t i = 0; i < steps.size(); ++i)
    if (!steps[i])
      names.insert(program.entryPoints[i].name);
  for (const std::string &name : std::set<std::string>(names))
    if (name == "step" || names.count(name + "_start"))
      return "entry point '" + name + "' cannot be resumable beside a function of its name: name it otherwise";
  return "";
}

} // namespace glmc
