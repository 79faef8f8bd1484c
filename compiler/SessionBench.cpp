//===- SessionBench.cpp - glmc bench of a program with state -------------------===//
//
// A token's bytes are all weights that a step of one token reads, or the rows of
// them that it gathers, and the rows of the caches that are valid at its position;
// a prefill's are not given, because products there are bound by multiplications.
//
//===----------------------------------------------------------------------===//
#include "compiler/SessionBench.h"

#include "codegen/ContextLayout.h"
#include "compiler/DiagnosticPrinter.h"
#include "compiler/HostObject.h"
#include "compiler/LaunchCost.h"

#include "llvm/Support/FormatVariadic.h"

#include <cstdio>

using namespace mlir;

namespace glmc {
namespace {

/// Faster than memory can be read: the data was in a cache.
constexpr double mostOfBandwidth = 1.05;

/// Bytes of one position in all caches.
int64_t cacheBytesOf(const Program &program) {
  int64_t bytes = 0;
  for (int cache : program.session->caches)
    bytes += program.states[cache].bytes / program.states[cache].type.shape[2];
  return bytes;
}

double shareOf(const DecodeTime &one, const GenerationTimes &times) {
  return times.gigabytes > 0 ? one.gigabytes() / times.gigabytes : 0;
}

std::string shareText(double share) {
  return share > mostOfBandwidth ? "cache" : llvm::formatv("{0:F0}%", 100 * share).str();
}

std::string prefillLine(const PrefillTime &one) {
  return llvm::formatv("  prefill  {0,7} tokens  {1,12:F2} us  {2,10:F1} tokens/s\n", one.tokens, one.seconds * 1e6,
                       one.rate());
}

std::string tableOf(const BenchCommand &command, const GenerationSubject &subject, const GenerationTimes &times) {
  std::string text =
      llvm::formatv("{0}: context {1}, {2} {3}; a token reads {4} of weights, and {5} of caches for each before it\n",
                    command.model, subject.contextTokens, subject.threads, subject.threads == 1 ? "thread" : "threads",
                    humanBytes(subject.tokenWeightBytes), humanBytes(subject.positionBytes));
  text += llvm::formatv("  this machine: {0} GB/s read, {1} GFLOP/s of multiply-adds\n", shortNumber(times.gigabytes),
                        shortNumber(times.gigaflops));
  for (const PrefillTime &one : times.steps)
    text += prefillLine(one);
  text += llvm::formatv("  first token after {0,5}  {1,12:F2} us  {2,10:F1} tokens/s\n", times.prompt.tokens,
                        times.prompt.seconds * 1e6, times.prompt.rate());
  for (const DecodeTime &one : times.decode)
    text += llvm::formatv("  decode at {0,7}         {1,12:F2} us  {2,10:F1} tokens/s  {3,8:F2} GB/s  {4,5}\n", one.position,
                          one.seconds * 1e6, one.rate(), one.gigabytes(), shareText(shareOf(one, times)));
  return text;
}

llvm::json::Object jsonOf(const PrefillTime &one) {
  return llvm::json::Object{
      {"tokens", one.tokens}, {"microseconds", one.seconds * 1e6}, {"tokens_per_second", jsonNumber(one.rate())}};
}

llvm::json::Object jsonOf(const BenchCommand &command, GenerationReport &subject, const GenerationTimes &times) {
  llvm::json::Array steps, decode;
  for (const PrefillTime &one : times.steps)
    steps.push_back(jsonOf(one));
  for (const DecodeTime &one : times.decode)
    decode.push_back(llvm::json::Object{{"position", one.position},
                                        {"microseconds", one.seconds * 1e6},
                                        {"tokens_per_second", jsonNumber(one.rate())},
                                        {"bytes", one.bytes},
                                        {"gigabytes_per_second", jsonNumber(one.gigabytes())},
                                        {"of_bandwidth", jsonNumber(shareOf(one, times))}});
  llvm::json::Object json = std::move(subject.facts);
  json["model"] = command.model;
  json["threads"] = subject.timed.threads;
  json["context"] = subject.timed.contextTokens;
  json["vocabulary"] = subject.timed.vocabulary;
  json["weight_bytes_per_token"] = subject.timed.tokenWeightBytes;
  json["cache_bytes_per_token"] = subject.timed.positionBytes;
  json["machine"] = llvm::json::Object{{"read_gigabytes_per_second", jsonNumber(times.gigabytes)},
                                       {"multiply_add_gigaflops", jsonNumber(times.gigaflops)}};
  json["prefill"] = jsonOf(times.prompt);
  json["prefill_steps"] = std::move(steps);
  json["first_token_microseconds"] = times.prompt.seconds * 1e6;
  json["decode"] = std::move(decode);
  return json;
}

} // namespace

int benchGeneration(const BenchCommand &command, GenerationReport &subject) {
  GenerationTimes times;
  std::string error;
  const GenerationSettings settings{command.seconds, command.prompt, command.positions};
  if (!timeGeneration(subject.timed, settings, times, error))
    return fail(command.model + ": error: " + error);
  if (!writeReport(command.build.json, textOf(jsonOf(command, subject, times))))
    return 1;
  if (command.build.json != "-" && !command.build.quiet)
    std::fputs(tableOf(command, subject.timed, times).c_str(), stdout);
  return 0;
}

namespace {

//===----------------------------------------------------------------------===//
// Of a model
//===----------------------------------------------------------------------===//

GenerationReport subjectOf(const CompileOptions &options, HostObject &host) {
  const Program &program = host.result.program;
  const Session &session = *program.session;
  GenerationReport subject;
  GenerationSubject &timed = subject.timed;
  timed.object = std::move(host.object);
  timed.prefix = hostPrefix;
  timed.contextBytes = contextLayout(program).bytes;
  timed.contextTokens = session.context;
  timed.vocabulary = session.vocabulary;
  timed.allLogits = session.allLogits;
  for (const SessionStep &step : session.steps)
    timed.steps.push_back(step.tokens);
  timed.threads = int(program.threads);
  if (host.weights) {
    timed.weightsApart = true;
    timed.weights = host.weights->data();
    timed.weightsBytes = host.weights->bytes();
  }
  timed.tokenWeightBytes = weightBytesOf(program, program.entryPoints[session.steps.front().entry]);
  timed.positionBytes = cacheBytesOf(program);
  timed.target = *bestHere(options);
  subject.facts = llvm::json::Object{{"target", options.target.name},
                                     {"arena_bytes", program.arenaBytes},
                                     {"state_bytes", program.stateBytes},
                                     {"weight_bytes", program.weightBytes}};
  return subject;
}

} // namespace

int benchSession(const BenchCommand &command, const CompileOptions &options) {
  if (!command.inputs.empty() || command.evict || command.runs)
    return fail("glmc: error: --input, --runs and --evict are of models without state (--context)");
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  auto host = compileForHost(context, command.build, options, "");
  if (!host)
    return 1;
  if (!host->result.program.session)
    return fail(options.input +
                ": error: keeps no state: it is a dump of a model that was compiled without --context");
  GenerationReport subject = subjectOf(options, *host);
  return benchGeneration(command, subject);
}

} // namespace glmc
