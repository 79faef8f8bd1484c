//===- PrintCxx.cpp - Statements, names and the function ---------------------===//
//
// Statements are collected as lines, so that a declaration can still be put
// where it belongs and a constant that nothing uses can still be taken out.
// Halide's names carry suffixes from global counters; C++ names are the
// meaningful part of them, numbered in order of first appearance.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/PrintCxx.h"

#include "codegen/kernels/Builder.h"
#include "codegen/kernels/CxxPrinter.h"

#include <algorithm>
#include <cctype>

namespace glmc::kernels {

using namespace Halide::Internal;
using Halide::DeviceAPI;
using Halide::Expr;

CxxFunction printCxx(const LoweredFunc &function, const Kernel &kernel, const std::vector<LoweredFunc> &tasks) {
  return CxxPrinter(function, kernel, tasks).print();
}

/// Words that a variable may not be called: C++'s, and what pasted code defines.
static bool isReserved(const std::string &name) {
  static const std::set<std::string> words = {
      "alignas",   "alignof",   "and",    "asm",      "auto",   "bitand",   "bitor",     "bool",     "break",
      "case",      "catch",     "char",   "class",    "compl",  "const",    "constexpr", "continue", "convert",
      "decltype",  "default",   "delete", "divide",   "do",     "dot4",     "double",    "else",     "enum",
      "explicit",  "export",    "extern", "false",    "float",  "for",      "friend",    "gather",   "goto",
      "if",        "inline",    "int",    "linux",    "load",   "long",     "lookup",    "maximum",  "minimum",
      "mutable",   "namespace", "new",    "noexcept", "not",    "nullptr",  "operator",  "or",       "parallel",
      "pool",      "private",   "protected", "public",    "reduce", "register", "return", "scatter",  "short",     "signed",   "sizeof",
      "splat",     "static",    "store",  "struct",   "switch", "template", "this",      "throw",    "true",
      "try",       "typedef",   "typeid", "typename", "union",  "unix",     "unsigned",  "using",    "virtual",
      "void",      "volatile",  "while",  "xor"};
  if (words.count(name))
    return true;
  // Parameters (a0, r0, s0) and types (f32x8, i64).
  auto isNumbered = [&](const char *letters) {
    return name.size() > 1 && std::string(letters).find(name[0]) != std::string::npos &&
           std::isdigit((unsigned char)name[1]);
  };
  return isNumbered("arsfiu") || name.find('_') != std::string::npos;
}

/// "acc.s1.k$x" -> "kx", "t123" -> "t": the last component, letters only.
static std::string meaningfulPart(const std::string &halideName) {
  std::string last = halideName.substr(halideName.rfind('.') + 1);
  // "f.s0.n.min" and the like say more with the part before.
  std::string letters;
  for (char c : last)
    if (std::isalpha((unsigned char)c))
      letters += c;
  return letters.empty() ? "v" : letters;
}

std::string CxxPrinter::freshName(const std::string &halideName) {
  const std::string base = meaningfulPart(halideName);
  std::string name = base;
  for (int i = 1; isReserved(name) || activeNames.count(name); ++i)
    name = base + (std::string("arsfiu").find(base) != std::string::npos ? "v" : "") + std::to_string(i);
  activeNames.insert(name);
  blockNames.back().push_back(name);
  return name;
}

int CxxPrinter::declare(const std::string &halideName, const std::string &cxxName) {
  variables.push_back({});
  variables.back().name = cxxName;
  scope[halideName].push_back((int)variables.size() - 1);
  return (int)variables.size() - 1;
}

std::string CxxPrinter::use(int variable) {
  ++variables[variable].uses;
  usedLog.push_back(variable);
  return variables[variable].name;
}

void CxxPrinter::refuse(const std::string &what) {
  if (result.error.empty())
    result.error = "kernel '" + kernel.name + "': cannot print " + what + " as C++";
}

void CxxPrinter::line(const std::string &text) { lines.push_back(std::string(2 * indent, ' ') + text); }

void CxxPrinter::openBlock(const std::string &head) {
  line(head);
  ++indent;
  blocks.push_back(++blockCount);
  blockNames.push_back({});
}

void CxxPrinter::closeBlock(const std::string &tail) {
  --indent;
  blocks.pop_back();
  for (const std::string &name : blockNames.back())
    activeNames.erase(name);
  blockNames.pop_back();
  line(tail);
}

/// Names the buffers of the function's parameters.
void CxxPrinter::declareParameters() {
  const size_t arguments = kernel.arguments.size(), results = kernel.results.size();
  const bool takesPool = !function.args.empty() && isPoolParameter(function.args[0]);
  const size_t count = function.args.size() - takesPool;
  if (count != arguments + results + kernel.scratch.size())
    return refuse("a function of " + std::to_string(count) + " buffers instead of " +
                  std::to_string(arguments + results + kernel.scratch.size()));
  for (size_t i = 0; i < count; ++i) {
    const LoweredArgument &arg = function.args[i + takesPool];
    if (!arg.is_buffer())
      return refuse("the scalar parameter " + arg.name);
    bool aliases = false;
    for (auto [a, r] : kernel.inPlace)
      aliases |= i < arguments ? (size_t)a == i : (size_t)r == i - arguments;
    const std::string name = i < arguments             ? "a" + std::to_string(i)
                             : i < arguments + results ? "r" + std::to_string(i - arguments)
                                                       : "s" + std::to_string(i - arguments - results);
    buffers[arg.name] = name;
    bufferTypes[arg.name] =
        (i < arguments ? "const " : "") + memoryElement(arg.type) + " *" + (aliases ? "" : "__restrict ");
    // Integers whose panels are read as words come by any pointer.
    if (i < arguments && isReadAsWords(kernel, static_cast<int>(i))) {
      buffers[arg.name] = "words" + std::to_string(i);
      activeNames.insert(buffers[arg.name]);
      wordParameters[buffers[arg.name]] = {name, arg.name};
    }
  }
}

/// The function's parameters, as used; unused ones stay without a name.
std::string CxxPrinter::parameters() {
  std::string text;
  for (const LoweredArgument &arg : function.args) {
    text += text.empty() ? "" : ", ";
    if (isPoolParameter(arg)) {
      text += usesPool ? "void *pool" : "void * /*pool*/";
      continue;
    }
    const std::string name = buffers.at(arg.name);
    if (auto words = wordParameters.find(name); words != wordParameters.end()) {
      const std::string plain = words->second.parameter;
      text += "const void *" + (usedBuffers.count(name) ? plain : "/*" + plain + "*/");
      continue;
    }
    text += bufferTypes.at(arg.name) + (usedBuffers.count(name) ? name : "/*" + name + "*/");
  }
  return text;
}

void CxxPrinter::dropUnused() {
  for (size_t i = variables.size(); i-- > 0;) {
    Variable &v = variables[i];
    if (v.line < 0 || v.uses)
      continue;
    lines[v.line].clear();
    for (int used : v.usesOf)
      --variables[used].uses;
  }
}

/// Breaks a long line at spaces; inside a function body any space will do.
void CxxPrinter::appendWrapped(std::string &out, const std::string &text) {
  constexpr size_t width = 110;
  const size_t margin = text.find_first_not_of(' ');
  std::string rest = text;
  while (rest.size() > width) {
    size_t at = rest.rfind(' ', width);
    if (at == std::string::npos || at <= margin + 4)
      at = rest.find(' ', width);
    if (at == std::string::npos)
      break;
    out += rest.substr(0, at) + "\n";
    rest = std::string(margin + 4, ' ') + rest.substr(at + 1);
  }
  out += rest + "\n";
}

std::string CxxPrinter::body() const {
  std::string text;
  for (const std::string &l : lines)
    if (!l.empty())
      appendWrapped(text, l);
  return text;
}

CxxFunction CxxPrinter::print() {
  declareParameters();
  if (result.error.empty())
    flatten_nested_ramps(function.body).accept(this);
  if (!result.error.empty())
    return {result.error, "", {}};
  dropUnused();
  std::string head;
  appendWrapped(head, "GLM_KERNEL void " + kernel.name + "(" + parameters() + ") {");
  for (const auto &[name, words] : wordParameters)
    if (usedBuffers.count(name))
      head += "  " + bufferTypes.at(words.buffer) + name + " = (const u32 *)" + words.parameter + ";\n";
  result.text = taskFunctions + head + body() + "}\n";
  return result;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void CxxPrinter::letConstant(const std::string &name, const Expr &e) {
  const size_t log = usedLog.size();
  const Text text = print(e);
  const std::vector<int> used(usedLog.begin() + log, usedLog.end());
  usedLog.resize(log);
  const std::string type = typeOf(text, e.type());
  const bool positive = e.type().is_scalar() && nonNegative(e);
  const std::string cxxName = freshName(name);
  const int v = declare(name, cxxName);
  line("const " + type + " " + cxxName + " = " + text.text + ";");
  variables[v].maskBits = text.maskBits;
  variables[v].nonNegative = positive;
  variables[v].line = (int)lines.size() - 1;
  variables[v].usesOf = used;
}

/// Pointers and buffer descriptions, which the C++ function does not have.
static bool isBufferPlumbing(const Expr &e) {
  if (e.type().is_handle())
    return true;
  const Call *call = e.as<Call>();
  return call && (call->name == Call::buffer_get_host || call->name == Call::buffer_get_device);
}

void CxxPrinter::visit(const LetStmt *op) {
  if (isParallelLoop(op->value)) {
    parallelLoop(op->value);
    op->body.accept(this);
    return;
  }
  const Call *made = op->value.as<Call>();
  if (made && made->is_intrinsic(Call::make_struct))
    closures[op->name] = made->args;
  // What a task takes along has its names already.
  if (isBufferPlumbing(op->value) || (made && made->is_intrinsic(Call::load_typed_struct_member))) {
    op->body.accept(this);
    return;
  }
  // Bounds of a buffer are constants in a static kernel and nothing uses
  // these; if something did, the variable would not be found.
  if (const Call *call = op->value.as<Call>(); call && starts_with(call->name, "_halide_buffer_get")) {
    op->body.accept(this);
    return;
  }
  letConstant(op->name, op->value);
  op->body.accept(this);
  scope[op->name].pop_back();
}

void CxxPrinter::visit(const Let *op) {
  if (isBufferPlumbing(op->value)) {
    refuse("a pointer inside an expression");
    return;
  }
  letConstant(op->name, op->value);
  op->body.accept(this);
  scope[op->name].pop_back();
}

void CxxPrinter::visit(const For *op) {
  if (op->for_type != ForType::Serial && op->for_type != ForType::Unrolled) {
    refuse("a loop that is not serial (" + op->name + ")");
    return;
  }
  if (op->device_api != DeviceAPI::None && op->device_api != DeviceAPI::Host) {
    refuse("a loop on a device (" + op->name + ")");
    return;
  }
  const std::string first = print(op->min, rankAdd);
  const std::string end = print(Halide::Internal::simplify(op->min + op->extent), rankAdd);
  const bool positive = nonNegative(op->min);
  // The name belongs to the loop: take it in the block that is opened.
  blockNames.push_back({});
  const std::string name = freshName(op->name);
  const std::vector<std::string> loopNames = blockNames.back();
  blockNames.pop_back();
  const int v = declare(op->name, name);
  variables[v].nonNegative = positive;
  openBlock("for (int " + name + " = " + first + "; " + name + " < " + end + "; ++" + name + ") {");
  blockNames.back() = loopNames;
  op->body.accept(this);
  closeBlock();
  scope[op->name].pop_back();
}

void CxxPrinter::visit(const IfThenElse *op) {
  openBlock("if (" + print(op->condition).text + ") {");
  op->then_case.accept(this);
  if (op->else_case.defined()) {
    closeBlock("} else {");
    lines.pop_back();
    openBlock("} else {");
    op->else_case.accept(this);
  }
  closeBlock();
}

void CxxPrinter::visit(const Evaluate *op) {
  if (is_const(op->value))
    return;
  const Call *call = op->value.as<Call>();
  if (call && call->is_pure())
    return;
  refuse(call ? "the call of '" + call->name + "'" : "a statement that only computes a value");
}

void CxxPrinter::visit(const Block *op) {
  op->first.accept(this);
  op->rest.accept(this);
}

void CxxPrinter::visit(const Atomic *op) {
  if (!op->mutex_name.empty())
    refuse("an update under a mutex");
  op->body.accept(this);
}

void CxxPrinter::visit(const ProducerConsumer *op) { op->body.accept(this); }
void CxxPrinter::visit(const HoistedStorage *op) { op->body.accept(this); }
void CxxPrinter::visit(const AssertStmt *op) {
  // Kernels are compiled without assertions; what is left may only look.
  if (!is_pure(op->condition))
    refuse("an assertion that does something");
}
void CxxPrinter::visit(const Free *) {}
void CxxPrinter::visit(const Prefetch *op) { op->body.accept(this); }
void CxxPrinter::visit(const Acquire *) { refuse("a semaphore"); }
void CxxPrinter::visit(const Fork *) { refuse("parallel branches"); }
void CxxPrinter::visit(const Provide *op) { refuse("the unlowered store to " + op->name); }
void CxxPrinter::visit(const Realize *op) { refuse("the unlowered storage of " + op->name); }

} // namespace glmc::kernels
