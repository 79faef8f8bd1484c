//===- EntryText.cpp - Entry points as text -----------------------------------===//
#include "codegen/source/SourcePrinter.h"

#include "codegen/source/SessionText.h"

namespace glmc::source {

/// Every place of a step.
std::vector<Place> placesOf(const Step &step) {
  if (const Copy *copy = std::get_if<Copy>(&step))
    return {copy->from, copy->to};
  const Launch &launch = std::get<Launch>(step);
  std::vector<Place> places = launch.reads;
  places.insert(places.end(), launch.writes.begin(), launch.writes.end());
  places.insert(places.end(), launch.scratch.begin(), launch.scratch.end());
  return places;
}

/// A pointer to a place, as `type *`.
std::string SourcePrinter::place(const EntryPoint &entry, const Place &p, bool constant, const std::string &type) {
  const ParameterNames names = parameterNames(entry);
  const std::string qualified = (constant ? "const " : "") + type + " *";
  const std::string offset = p.offset ? " + " + std::to_string(p.offset) : "";
  std::string base = p.memory == Memory::arena     ? "arena"
                     : p.memory == Memory::state   ? "state"
                     : p.memory == Memory::weights ? "weights"
                     : p.memory == Memory::input   ? names.inputs[p.index]
                                                   : names.outputs[p.index];
  if (offset.empty())
    return "(" + qualified + ")" + base;
  if (p.memory == Memory::input || p.memory == Memory::output)
    base = std::string(p.memory == Memory::input ? "(const uint8_t *)" : "(uint8_t *)") + base;
  return "(" + qualified + ")(" + base + offset + ")";
}

std::string SourcePrinter::launch(const EntryPoint &entry, const Launch &step) {
  const std::vector<int> choices = choicesOf(program, step.kernel);
  const bool shared = isShared(choices);
  const kernels::Kernel &kernel = program.kernels[choices.front()];
  bool takesPool = false;
  for (int choice : choices)
    takesPool |= compiled[choice].takesPool;
  std::vector<std::string> arguments;
  if (takesPool)
    arguments.push_back("context->pool");
  for (size_t i = 0; i < step.reads.size(); ++i)
    arguments.push_back(place(entry, step.reads[i], true, elementAlias(kernel.arguments[i].element)));
  for (size_t i = 0; i < step.writes.size(); ++i)
    arguments.push_back(place(entry, step.writes[i], false, elementAlias(kernel.typeOf(kernel.results[i]).element)));
  for (size_t i = 0; i < scratchOf(program, step.kernel); ++i)
    arguments.push_back(
        place(entry, step.scratch[i], false, shared ? elementAlias(kernel.scratch[i].element) : "void"));
  if (!shared)
    arguments.push_back("context->version");
  std::string nodes;
  for (const std::string &node : step.nodes)
    nodes += (nodes.empty() ? "" : ", ") + node;
  const std::string callee =
      shared ? qualifiedName(program, choices.front()) : "choose_" + program.kernels[step.kernel].name;
  return (nodes.empty() ? "" : commentLines(nodes, "  // ")) + callLines("  " + callee + "(", arguments, ");");
}

std::string SourcePrinter::copy(const EntryPoint &entry, const Copy &step) {
  return "  __builtin_memcpy(" + place(entry, step.to, false, "void") + ", " + place(entry, step.from, true, "void") +
         ", " + std::to_string(step.to.bytes) + ");\n";
}

/// Does the entry point read or write `memory`? Of inputs and outputs, number
/// `index`.
bool SourcePrinter::uses(Memory memory, const EntryPoint &entry, int index) const {
  for (const Step &step : entry.steps)
    for (const Place &p : placesOf(step))
      if (p.memory == memory && p.index == index)
        return true;
  return false;
}

/// What an entry point, or its start, checks first.
std::string SourcePrinter::entryChecks(const EntryPoint &entry) {
  const ParameterNames names = parameterNames(entry);
  std::string text = "  if (!context";
  const auto parameters = [&](const std::vector<Parameter> &list, const std::vector<std::string> &cNames) {
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].place.memory != Memory::arena)
        text += " || !" + cNames[i];
  };
  parameters(entry.inputs, names.inputs);
  parameters(entry.outputs, names.outputs);
  text += ")\n    return " + macros + "_ERROR_NULL;\n  if (context->ready != readyMark)\n    return " + macros +
          "_ERROR_NOT_INITIALISED;\n";
  return text;
}

std::string SourcePrinter::entryPoint(const EntryPoint &entry) {
  return entrySignature(entry, options) + " {\n" + entryChecks(entry) +
         (program.resumable ? "  context->position = 0; // The arena is needed for this run.\n" : "") + steps(entry) +
         "  return " + macros + "_OK;\n}\n";
}

/// The memories that an entry point uses.
std::string SourcePrinter::locals(const EntryPoint &entry) {
  std::string text;
  if (uses(Memory::arena, entry))
    text += "  uint8_t *const arena = " + arenaText(program) + ";\n";
  if (uses(Memory::state, entry))
    text += "  uint8_t *const state = context->state;\n";
  if (program.weightsApart && uses(Memory::weights, entry))
    text += "  const uint8_t *const weights = weightsOf(context);\n";
  return text;
}

std::string SourcePrinter::step(const EntryPoint &entry, const Step &step) {
  const Launch *launched = std::get_if<Launch>(&step);
  return launched ? launch(entry, *launched) : copy(entry, std::get<Copy>(step));
}

/// What an entry point does once its arguments are checked.
std::string SourcePrinter::steps(const EntryPoint &entry) {
  std::string text = locals(entry);
  for (const Step &each : entry.steps)
    text += step(entry, each);
  return text;
}

/// An entry point that checks nothing.
std::string SourcePrinter::sessionStep(const EntryPoint &entry) {
  const ParameterNames names = parameterNames(entry);
  const std::string body = steps(entry);
  std::string text = stepSignature(entry, options) + " {\n";
  if (body.find("context->") == std::string::npos && body.find("weightsOf(") == std::string::npos)
    text += "  (void)context;\n";
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    if (!uses(Memory::input, entry, int(i)))
      text += "  (void)" + names.inputs[i] + ";\n";
  return text + body + "}\n";
}

/// What the public functions of a stateful program call.
std::string SourcePrinter::session() {
  std::string text = banner("Session");
  for (const SessionStep &step : program.session->steps)
    text += "\n" + sessionStep(program.entryPoints[step.entry]);
  return text + "\n" + sessionTables(program, options);
}

} // namespace glmc::source
