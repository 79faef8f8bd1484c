//===- TargetsCommand.cpp - glmc targets --------------------------------------===//
#include "compiler/Session.h"

#include <algorithm>
#include <cstdio>

namespace glmc {

int runTargets(const TargetsCommand &command) {
  std::vector<std::string> names = targets::targetNames();
  names.push_back("host");
  llvm::json::Array list;
  std::string table;
  for (const std::string &name : names) {
    std::string error;
    auto target = targets::findTarget(name, error);
    // A machine of no built-in target has no "host".
    const std::string why = target ? whyNotHere(*target) : error;
    const std::string description = !target          ? "this machine"
                                    : name == "host" ? "this machine: " + target->name
                                                     : target->description;
    list.push_back(llvm::json::Object{{"name", name},
                                      {"description", description},
                                      {"triple", target ? target->triple : ""},
                                      {"cpu", target ? target->cpu : ""},
                                      {"dot", target ? target->dot : ""},
                                      {"dot_bf16", target ? target->dotBf16 : ""},
                                      {"tiles", target ? llvm::json::Array(target->tiles) : llvm::json::Array()},
                                      {"runs_here", why.empty()},
                                      {"why_not", why}});
    char line[512];
    std::snprintf(line, sizeof line, "%-14s %-56s %s\n", name.c_str(), description.c_str(),
                  why.empty() ? "runs here" : ("not here: " + why).c_str());
    table += line;
  }
  if (command.json.empty())
    std::fputs(table.c_str(), stdout);
  return writeReport(command.json, textOf(llvm::json::Object{{"targets", std::move(list)}})) ? 0 : 1;
}

} // namespace glmc
