//===- SessionBench.cpp - glmc bench of a program with state -------------------===//
//
// A token's bytes are all weights that a step of one token reads and the rows of
// the caches that are valid at its position; a prefill's are not given, because
// products there are bound by multiplications.
//
//===----------------------------------------------------------------------===//
#include "compiler/SessionBench.h"

#include "compiler/DiagnosticPrinter.h"
#include "compiler/StatefulRunner.h"

#include <algorithm>
#include <cstdio>
#include <set>

using namespace mlir;

namespace glmc {
namespace {

/// Tokens decoded at a position, of which the median is taken.
constexpr int64_t decodedTokens = 24;
constexpr int64_t prefillTokens = 128;

struct DecodeTime {
  int64_t position; ///< Of the first token timed.
  double seconds;   ///< The median's.
  int64_t bytes;    ///< Read for one token.
};

struct SessionTimes {
  int64_t prefillTokens = 0;
  double prefillSeconds = 0; ///< The best of some.
  std::vector<DecodeTime> decode;
};

/// Weights that a step of one token reads, each once.
int64_t weightBytesOf(const Program &program) {
  std::set<std::pair<int64_t, int64_t>> places;
  const EntryPoint &entry = program.entryPoints[program.session->steps.front().entry];
  for (const Step &step : entry.steps)
    if (auto *launch = std::get_if<Launch>(&step))
      for (const Place &place : launch->reads)
        if (place.memory == Memory::weights)
          places.insert({place.offset, place.bytes});
  int64_t bytes = 0;
  for (auto [offset, size] : places)
    bytes += size;
  return bytes;
}

/// Bytes of one position in all caches.
int64_t cacheBytesOf(const Program &program) {
  int64_t bytes = 0;
  for (int cache : program.session->caches)
    bytes += program.states[cache].bytes / program.states[cache].type.shape[2];
  return bytes;
}

class SessionTimer {
public:
  explicit SessionTimer(StatefulRunner &stateful)
      : runner(stateful.session()), program(stateful.program()), session(*program.session) {}

  bool time(double seconds, SessionTimes &times) {
    times.prefillTokens = std::min<int64_t>(prefillTokens, session.context);
    double spent = 0;
    for (int round = 0; round < 3 || (spent < seconds / 2 && round < 1000); ++round) {
      double once = 0;
      if (!reset() || !prefill(times.prefillTokens, once))
        return false;
      spent += once;
      times.prefillSeconds = round ? std::min(times.prefillSeconds, once) : once;
    }
    std::set<int64_t> positions;
    for (int64_t position : {int64_t(0), session.context / 4, session.context / 2, session.context - decodedTokens})
      if (position >= 0 && position < session.context)
        positions.insert(position);
    for (int64_t position : positions)
      if (!timeDecode(position, times))
        return false;
    return true;
  }

  std::string error;

private:
  bool isRight(const object::SessionAnswer &answer) {
    error = answer.error;
    return error.empty();
  }
  bool reset() { return isRight(runner.reset()); }

  /// Tokens of which no two are next to each other in an embedding.
  int64_t token(int64_t i) const { return i * 7919 % session.vocabulary; }

  bool prefill(int64_t count, double &seconds) {
    std::vector<int64_t> tokens;
    for (int64_t i = 0; i < count; ++i)
      tokens.push_back(token(i));
    const object::SessionAnswer answer = runner.prefill(tokens, logits);
    seconds = answer.seconds;
    return isRight(answer);
  }

  bool timeDecode(int64_t position, SessionTimes &times) {
    double ignored = 0;
    if (!reset() || (position > 0 && !prefill(position, ignored)))
      return false;
    std::vector<double> seconds;
    const int64_t count = std::min(decodedTokens, session.context - position);
    for (int64_t i = 0; i < count; ++i) {
      const object::SessionAnswer answer = runner.decode(token(i), logits);
      if (!isRight(answer))
        return false;
      seconds.push_back(answer.seconds);
    }
    std::nth_element(seconds.begin(), seconds.begin() + count / 2, seconds.end());
    const int64_t bytes = weightBytesOf(program) + (position + count / 2) * cacheBytesOf(program);
    times.decode.push_back({position, seconds[count / 2], bytes});
    return true;
  }

  object::SessionRunner &runner;
  const Program &program;
  const Session &session;
  std::vector<float> logits;
};

std::string tableOf(const BenchCommand &command, const StatefulRunner &stateful, const SessionTimes &times) {
  const Program &program = stateful.program();
  char line[160];
  std::string text = command.model + ": context " + std::to_string(program.session->context) + ", " +
                     std::to_string(program.threads) + (program.threads == 1 ? " thread" : " threads") + ", caches " +
                     humanBytes(cacheBytesOf(program)) + " a token\n";
  std::snprintf(line, sizeof line, "  prefill  %6lld tokens  %12.2f us  %10.1f tokens/s\n",
                static_cast<long long>(times.prefillTokens), times.prefillSeconds * 1e6,
                double(times.prefillTokens) / times.prefillSeconds);
  text += line;
  for (const DecodeTime &one : times.decode) {
    std::snprintf(line, sizeof line, "  decode at %6lld        %12.2f us  %10.1f tokens/s  %8.2f GB/s\n",
                  static_cast<long long>(one.position), one.seconds * 1e6, 1 / one.seconds,
                  double(one.bytes) / one.seconds / 1e9);
    text += line;
  }
  return text;
}

llvm::json::Object jsonOf(const BenchCommand &command, const CompileOptions &options, const StatefulRunner &stateful,
                          const SessionTimes &times) {
  llvm::json::Array decode;
  for (const DecodeTime &one : times.decode)
    decode.push_back(llvm::json::Object{{"position", one.position},
                                        {"microseconds", one.seconds * 1e6},
                                        {"tokens_per_second", 1 / one.seconds},
                                        {"bytes", one.bytes}});
  const Program &program = stateful.program();
  return llvm::json::Object{
      {"model", command.model},
      {"target", options.target.name},
      {"threads", program.threads},
      {"context", program.session->context},
      {"vocabulary", program.session->vocabulary},
      {"arena_bytes", program.arenaBytes},
      {"state_bytes", program.stateBytes},
      {"weight_bytes", program.weightBytes},
      {"cache_bytes_per_token", cacheBytesOf(program)},
      {"prefill", llvm::json::Object{{"tokens", times.prefillTokens},
                                     {"microseconds", times.prefillSeconds * 1e6},
                                     {"tokens_per_second", double(times.prefillTokens) / times.prefillSeconds}}},
      {"decode", std::move(decode)}};
}

} // namespace

int benchSession(const BenchCommand &command, const CompileOptions &options) {
  if (!command.inputs.empty() || command.evict || command.runs)
    return fail("glmc: error: --input, --runs and --evict are of models without state (--context)");
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  auto stateful = StatefulRunner::create(context, command.build, options, "");
  if (!stateful)
    return 1;
  SessionTimes times;
  SessionTimer timer(*stateful);
  if (!timer.time(command.seconds, times))
    return fail(command.model + ": error: " + timer.error);
  if (!writeReport(command.build.json, textOf(jsonOf(command, options, *stateful, times))))
    return 1;
  if (command.build.json != "-" && !command.build.quiet)
    std::fputs(tableOf(command, *stateful, times).c_str(), stdout);
  return 0;
}

} // namespace glmc
