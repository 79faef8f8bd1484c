//===- PrintCxxParallel.cpp - Parallel loops as C++ --------------------------===//
//
// Halide lowers a parallel loop to a function of the loop's variable, a closure
// of what the body takes along, and a call of halide_do_par_for. In C++ the
// function has a parameter for each thing taken along, so that compilers see
// pointers that do not alias, and a lambda of the call is the closure:
//
//   GLM_KERNEL void k00_matmul_task0(int m, const f32 *__restrict a0, ...) {...}
//   ...
//     parallel(pool, 0, 16, [=](int m) { k00_matmul_task0(m, a0, ...); });
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/CxxPrinter.h"

#include <algorithm>

namespace glmc::kernels {

using namespace Halide::Internal;
using Halide::Expr;

/// One thing that a task takes along.
struct CxxPrinter::Captured {
  std::string parameter; ///< Type and name.
  std::string name;
  std::string halideName;
  int outer = -1, inner = -1; ///< The variable here and in the task; -1: a buffer.
};

bool CxxPrinter::isPoolParameter(const LoweredArgument &arg) { return arg.name == "__user_context"; }

bool CxxPrinter::isParallelLoop(const Expr &e) {
  const Call *call = e.as<Call>();
  return call && call->name == "halide_do_par_for";
}

/// Takes casts between pointers away.
static const Variable *variableIn(Expr e) {
  for (;;)
    if (const Cast *cast = e.as<Cast>())
      e = cast->value;
    else if (const Reinterpret *other = e.as<Reinterpret>())
      e = other->value;
    else
      return e.as<Variable>();
}

/// Declares in `task` what it takes along, under the names that it has here.
std::vector<CxxPrinter::Captured> CxxPrinter::capture(const std::vector<Expr> &members, CxxPrinter &task) {
  std::vector<Captured> all;
  for (const Expr &member : members) {
    const auto *v = variableIn(member);
    if (!v) {
      refuse("a closure that holds more than variables");
      return {};
    }
    Captured captured;
    captured.halideName = v->name;
    if (auto buffer = buffers.find(v->name); buffer != buffers.end()) {
      captured.name = buffer->second;
      captured.parameter = bufferTypes.at(v->name) + captured.name;
      task.buffers[v->name] = captured.name;
      task.bufferTypes[v->name] = bufferTypes.at(v->name);
    } else if (auto known = scope.find(v->name); known != scope.end() && !known->second.empty()) {
      captured.outer = known->second.back();
      const auto &variable = variables[captured.outer];
      captured.name = variable.name;
      captured.parameter = typeOf({"", rankPrimary, variable.maskBits}, v->type) + " " + captured.name;
      captured.inner = task.declare(v->name, captured.name);
      task.variables[captured.inner].maskBits = variable.maskBits;
      task.variables[captured.inner].nonNegative = variable.nonNegative;
    } else if (v->type.is_handle()) {
      continue; // Buffer descriptions, which C++ functions do not have.
    } else {
      refuse("a closure that holds " + v->name);
      return {};
    }
    task.activeNames.insert(captured.name);
    all.push_back(captured);
  }
  return all;
}

/// The text of `function`, a task; `captured` keeps what it uses.
std::string CxxPrinter::printTask(const std::string &name, const Expr &first, std::vector<Captured> &captured) {
  const std::string index = freshName(function.args[1].name);
  const int v = declare(function.args[1].name, index);
  variables[v].nonNegative = nonNegative(first);
  flatten_nested_ramps(function.body).accept(this);
  dropUnused();
  captured.erase(std::remove_if(captured.begin(), captured.end(),
                                [&](const Captured &c) {
                                  return c.inner < 0 ? !usedBuffers.count(c.name) : variables[c.inner].uses == 0;
                                }),
                 captured.end());
  std::string parameters = "int " + (variables[v].uses ? index : "/*" + index + "*/");
  for (const Captured &c : captured)
    parameters += ", " + c.parameter;
  std::string head;
  appendWrapped(head, "GLM_KERNEL void " + name + "(" + parameters + ") {");
  return head + body() + "}\n\n";
}

void CxxPrinter::parallelLoop(const Expr &e) {
  const Call *call = e.as<Call>();
  const auto *callee = variableIn(call->args[0]), *closure = variableIn(call->args[3]);
  const LoweredFunc *found = nullptr;
  for (const LoweredFunc &task : tasks)
    if (callee && (callee->name == task.name || callee->name == "::" + task.name))
      found = &task;
  const bool hasPool = !function.args.empty() && isPoolParameter(function.args[0]);
  if (!found || !closure || !closures.count(closure->name) || !hasPool || found->args.size() != 3)
    return refuse("the call of 'halide_do_par_for'");
  if (isTask)
    return refuse("a parallel loop in a parallel loop");
  CxxPrinter task(*found, kernel, tasks);
  task.isTask = true;
  std::vector<Captured> captured = capture(closures.at(closure->name), task);
  if (!result.error.empty())
    return;
  const std::string name = kernel.name + "_task" + std::to_string(taskCount++);
  taskFunctions += task.printTask(name, call->args[1], captured);
  if (!task.result.error.empty()) {
    result.error = task.result.error;
    return;
  }
  result.needs.insert(task.result.needs.begin(), task.result.needs.end());
  need("parallel");
  usesPool = true;
  const std::string range = print(call->args[1], rankTernary) + ", " + print(call->args[2], rankTernary);
  blockNames.push_back({});
  const std::string index = freshName("task");
  std::string captures = "=", passed = index;
  for (const Captured &c : captured) {
    passed += ", " + (c.outer < 0 ? buffer(c.halideName) : use(c.outer));
    if (arrays.count(c.halideName)) // Not a copy of it.
      captures += ", " + c.name + " = &" + c.name + "[0]";
  }
  usedLog.clear();
  activeNames.erase(index);
  blockNames.pop_back();
  line("parallel(pool, " + range + ", [" + captures + "](int " + index + ") { " + name + "(" + passed + "); });");
}

} // namespace glmc::kernels
