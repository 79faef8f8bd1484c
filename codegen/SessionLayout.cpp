//===- SessionLayout.cpp - A stateful program, as runtime-min takes it ------===//
#include "codegen/SessionLayout.h"

#include "codegen/ContextLayout.h"
#include "codegen/Status.h"

#include <algorithm>

namespace glmc {

using kernels::Element;

namespace {

/// Padded tokens lie on the stack, where nothing may take more than 4 KB.
constexpr int64_t mostPadded = 512;

std::string count(int64_t number) { return std::to_string(number); }

/// Is the parameter a pointer of the caller's, to so many elements?
bool isPointer(const Parameter &parameter, Memory memory, Element element, int64_t elements) {
  return parameter.place.memory == memory && parameter.type.element == element && parameter.type.elements() == elements;
}

std::string checkStep(const Program &program, const SessionStep &step) {
  const Session &session = *program.session;
  if (step.entry < 0 || step.entry >= int64_t(program.entryPoints.size()))
    return "step of " + count(step.tokens) + " tokens: found entry point " + count(step.entry) + ", expected one of " +
           count(program.entryPoints.size());
  const EntryPoint &entry = program.entryPoints[step.entry];
  const bool choosesRow = step.tokens > 1 && !session.allLogits;
  if (entry.inputs.size() != size_t(1 + choosesRow) || entry.outputs.size() != 1)
    return "step '" + entry.name + "' has " + count(entry.inputs.size()) + " inputs and " +
           count(entry.outputs.size()) + " outputs, expected " + count(1 + choosesRow) + " and 1";
  if (!isPointer(entry.inputs[0], Memory::input, Element::i64, step.tokens))
    return "step '" + entry.name + "': input '" + entry.inputs[0].name + "' is not " + count(step.tokens) +
           " tokens (i64) that the caller passes";
  if (choosesRow && !isPointer(entry.inputs[1], Memory::input, Element::i64, 1))
    return "step '" + entry.name + "': input '" + entry.inputs[1].name + "' is not the number of a row (i64)";
  const int64_t rows = session.allLogits ? step.tokens : 1;
  if (!isPointer(entry.outputs[0], Memory::output, Element::f32, rows * session.vocabulary))
    return "step '" + entry.name + "': output '" + entry.outputs[0].name + "' is not " + count(rows) + " x " +
           count(session.vocabulary) + " logits (f32)";
  return "";
}

std::string checkCache(const Program &program, int index) {
  if (index < 0 || index >= int64_t(program.states.size()))
    return "found state " + count(index) + " as a cache, expected one of " + count(program.states.size());
  const StateTensor &state = program.states[index];
  const std::vector<int64_t> &shape = state.type.shape;
  if (shape.size() != 4 || shape[0] != 1 || shape[2] < program.session->context ||
      state.type.layout.kind != kernels::Layout::plain)
    return "cache '" + state.name + "' is not [1, heads, " + count(program.session->context) +
           " or more positions, features]";
  return "";
}

std::string checkStates(const Program &program) {
  int64_t end = 0;
  for (const StateTensor &state : program.states) {
    if (state.offset < end || state.bytes != state.type.storageBytes() ||
        state.bytes > program.stateBytes - state.offset)
      return "state '" + state.name + "' is at " + count(state.offset) + " of " + count(program.stateBytes) +
             " bytes, which is outside or inside another";
    end = state.offset + state.bytes;
  }
  return "";
}

/// FNV-1a.
void hash(uint64_t &value, const std::string &text) {
  for (unsigned char c : text + '\n')
    value = (value ^ c) * 0x100000001b3u;
}

} // namespace

std::string checkSession(const Program &program) {
  std::string error = checkStates(program);
  if (!program.session || !error.empty())
    return error;
  const Session &session = *program.session;
  if (session.context < 1 || session.vocabulary < 1 || session.vocabulary > INT32_MAX)
    return "the session has a context of " + count(session.context) + " tokens and a vocabulary of " +
           count(session.vocabulary) + ", expected at least 1";
  if (session.lengthOffset < 0 || session.lengthOffset % 8 || session.lengthOffset > program.stateBytes - 8)
    return "the session's length is at " + count(session.lengthOffset) + " of " + count(program.stateBytes) +
           " bytes of state";
  if (session.steps.empty() || session.steps.size() > size_t(largestStepCount) || session.steps[0].tokens != 1)
    return "the session has " + count(session.steps.size()) + " steps, expected 1 to " + count(largestStepCount) +
           ", the first of one token";
  int64_t before = 0;
  for (const SessionStep &step : session.steps) {
    if (step.tokens <= before || step.tokens > session.context)
      return "the session has a step of " + count(step.tokens) + " tokens after one of " + count(before) +
             ", expected more, and at most the context's " + count(session.context);
    before = step.tokens;
    error = checkStep(program, step);
    if (!error.empty())
      return error;
  }
  if (session.caches.empty())
    return "the session has no caches, expected at least 1";
  for (int cache : session.caches) {
    error = checkCache(program, cache);
    if (!error.empty())
      return error;
  }
  return "";
}

SessionTable sessionTable(const Program &program, const std::string &buildId) {
  const Session &session = *program.session;
  const ContextLayout layout = contextLayout(program);
  SessionTable table = {};
  table.context = session.context;
  table.vocabulary = session.vocabulary;
  table.ready = layout.ready;
  table.readyMark = readyMagic;
  table.length = layout.state + session.lengthOffset;
  table.allLogits = session.allLogits;
  table.cacheCount = int64_t(session.caches.size());
  table.stepCount = int64_t(session.steps.size());
  for (size_t i = 0; i < session.steps.size(); i++)
    table.steps[i] = session.steps[i].tokens;
  table.padding = paddedTokens(program);
  if (program.resumable) {
    table.position = layout.position;
    table.pieces = layout.run;
  }
  uint64_t identity = 0xcbf29ce484222325u;
  hash(identity, buildId);
  for (int cache : session.caches) {
    const StateTensor &state = program.states[cache];
    hash(identity, state.name);
    hash(identity, kernels::name(state.type.element));
    for (int64_t size : state.type.shape)
      hash(identity, count(size));
  }
  table.layout = int64_t(identity);
  return table;
}

int64_t paddedTokens(const Program &program) {
  int64_t tokens = 0;
  // Padded rows have logits too, for which a caller's buffer has no room.
  if (program.session && !program.session->allLogits)
    for (const SessionStep &step : program.session->steps)
      if (step.tokens > 1 && step.tokens <= mostPadded)
        tokens = step.tokens;
  return tokens;
}

std::vector<SessionCache> cacheTable(const Program &program) {
  const int64_t state = contextLayout(program).state;
  std::vector<SessionCache> caches;
  for (int index : program.session->caches) {
    const StateTensor &cache = program.states[index];
    caches.push_back({state + cache.offset, cache.type.shape[1], cache.type.shape[2],
                      cache.type.shape[3] * kernels::byteSize(cache.type.element)});
  }
  return caches;
}

std::vector<bool> sessionSteps(const Program &program) {
  std::vector<bool> steps(program.entryPoints.size(), false);
  if (program.session)
    for (const SessionStep &step : program.session->steps)
      if (step.entry >= 0 && size_t(step.entry) < steps.size())
        steps[step.entry] = true;
  return steps;
}

int64_t largestSnapshot(const Program &program) {
  int64_t bytes = snapshotHeaderBytes;
  for (const SessionCache &cache : cacheTable(program))
    bytes += cache.heads * program.session->context * cache.rowBytes;
  return bytes;
}

std::string CacheGroup::formula() const {
  const std::string tensors = count % 2 ? std::to_string(count) : "2*" + std::to_string(count / 2);
  std::string text = tensors;
  for (int64_t factor : {heads, features, positions, elementBytes})
    text += "*" + std::to_string(factor);
  return text;
}

std::string CacheGroup::letters() const { return count % 2 ? "tensors*h*d*T*bytes" : "2*L*h*d*T*bytes"; }

std::vector<CacheGroup> cacheGroups(const Program &program) {
  std::vector<CacheGroup> groups;
  if (!program.session)
    return groups;
  for (int index : program.session->caches) {
    const StateTensor &cache = program.states[index];
    const std::string element = kernels::name(cache.type.element);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const CacheGroup &known) {
      return known.heads == cache.type.shape[1] && known.positions == cache.type.shape[2] &&
             known.features == cache.type.shape[3] && known.element == element;
    });
    if (group == groups.end()) {
      groups.push_back({0, cache.type.shape[1], cache.type.shape[3], cache.type.shape[2],
                        kernels::byteSize(cache.type.element), element, 0});
      group = groups.end() - 1;
    }
    group->count++;
    group->bytes += cache.bytes;
  }
  return groups;
}

} // namespace glmc
