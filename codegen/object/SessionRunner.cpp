//===- SessionRunner.cpp - Runs a stateful object of this machine -----------===//
//
//   parent: puts arguments into shared memory, sends a byte, waits for a byte.
//   child:  links the object and calls init; then, for each byte, makes the call,
//           and puts what came out into shared memory.
// Arguments and results end where unreadable pages begin.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/SessionRunner.h"

#include "codegen/ContextLayout.h"
#include "codegen/SessionLayout.h"
#include "codegen/object/ChildProcess.h"
#include "codegen/object/RunnerMemory.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace glmc::object {
namespace {

enum class Function { prefill, decode, length, reset, rollback, snapshotBytes, snapshot, restore };
constexpr const char *functionNames[] = {"prefill",  "decode",         "length",   "reset",
                                         "rollback", "snapshot_bytes", "snapshot", "restore"};
constexpr size_t functionCount = std::size(functionNames);

/// One call, in shared memory.
struct Call {
  Function function;
  int64_t argument; ///< A count, a token or a number of bytes.
  int64_t result;   ///< A status, or what length and snapshot_bytes give.
  double seconds;
  uint64_t faultAddress;
  char error[2048];
  char statusText[256];
};

/// What calls that fail may not have touched is full of this.
constexpr uint8_t untouched = 0xFF;

} // namespace

class SessionRunner::Child {
public:
  explicit Child(const SessionRequest &request) : request(request) {}
  ~Child();

  bool start(std::string &error);
  SessionAnswer call(Function function, int64_t argument);

  /// Where the last `bytes` bytes of a buffer begin.
  uint8_t *tokens(int64_t count) { return end(tokenBuffer, request.contextTokens * 8) - count * 8; }
  uint8_t *logits(int64_t count) { return end(logitsBuffer, logitsCount() * 4) - count * 4; }
  uint8_t *snapshot(int64_t bytes) { return end(snapshotBuffer, request.snapshotBytes) - bytes; }
  int64_t logitsCount() const { return (request.allLogits ? request.contextTokens : 1) * request.vocabulary; }

  const SessionRequest &wanted() const { return request; }

private:
  uint8_t *end(int buffer, int64_t bytes) { return memory[buffer] + bytes; }
  std::string name(Function function) const { return request.prefix + "_" + functionNames[int(function)]; }
  bool mapBuffers(std::string &error);
  bool wait(const std::string &what, std::string &error);
  std::string died(const std::string &what, int state);

  void runChild();
  bool initialise(LoadedObject &loaded, std::string &error);
  void makeCall();

  SessionRequest request;
  GuardedMemory memory;
  int contextBuffer = 0, tokenBuffer = 0, logitsBuffer = 0, snapshotBuffer = 0, callBuffer = 0;
  Call *shared = nullptr;
  std::unique_ptr<llvm::MemoryBuffer> object;
  pid_t pid = -1;
  int channel = -1;
  std::string dead; ///< Why there is no child any more.
  // In the child.
  void *functions[functionCount] = {};
  const char *(*statusText)(int) = nullptr;
};

SessionRunner::Child::~Child() {
  if (channel >= 0)
    close(channel);
  if (pid > 0) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
}

bool SessionRunner::Child::mapBuffers(std::string &error) {
  if (request.contextBytes < 1 || request.contextTokens < 1 || request.vocabulary < 1 || request.snapshotBytes < 1) {
    error = "the session has no context, no vocabulary or no snapshots";
    return false;
  }
  contextBuffer = memory.add("the context", request.contextBytes);
  tokenBuffer = memory.add("the tokens", request.contextTokens * 8);
  logitsBuffer = memory.add("the logits", logitsCount() * 4);
  snapshotBuffer = memory.add("the snapshot", request.snapshotBytes);
  callBuffer = memory.add("the call", alignedTo(sizeof(Call), 64));
  if (!memory.map(error))
    return false;
  // What nobody wrote reads as NaN: using it shows in the logits.
  if (request.initialise)
    std::memset(memory[contextBuffer], untouched, request.contextBytes);
  shared = new (memory[callBuffer]) Call();
  return true;
}

bool SessionRunner::Child::start(std::string &error) {
  object = readObject(request.path, request.object, error);
  if (!object || !mapBuffers(error))
    return false;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    error = std::string("cannot talk to a child process: ") + std::strerror(errno);
    return false;
  }
  pid_t parent = getpid();
  pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    channel = ends[1];
    if (getppid() == parent)
      runChild();
    _exit(0);
  }
  close(ends[1]);
  channel = ends[0];
  if (pid < 0) {
    error = std::string("cannot start a child process: ") + std::strerror(errno);
    return false;
  }
  if (!wait(request.prefix + "_init", error))
    return false;
  if (shared->error[0])
    error = shared->error;
  else if (shared->result != 0)
    error = request.prefix + "_init returned status " + std::to_string(shared->result) + ": " + shared->statusText;
  return error.empty();
}

std::string SessionRunner::Child::died(const std::string &what, int state) {
  pid = -1;
  if (!WIFSIGNALED(state))
    return what + " ended the process";
  std::string where = memory.describe(shared->faultAddress);
  return what + " " + describeSignal(state) + (where.empty() ? "" : ", " + where);
}

/// Until the child has answered. False: it is gone.
bool SessionRunner::Child::wait(const std::string &what, std::string &error) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::duration<double>(request.timeoutSeconds);
  for (;;) {
    pollfd waiting = {channel, POLLIN, 0};
    char byte;
    // A child that another thread starts now keeps our end of the channel open,
    // so the death of this one is looked for from time to time.
    if (poll(&waiting, 1, 50) > 0 && recv(channel, &byte, 1, 0) == 1)
      return true;
    int state = 0;
    if (waitpid(pid, &state, WNOHANG) == pid) {
      error = dead = died(what, state);
      return false;
    }
    if (std::chrono::steady_clock::now() > limit) {
      kill(pid, SIGKILL);
      waitpid(pid, &state, 0);
      pid = -1;
      char text[64];
      std::snprintf(text, sizeof text, " did not end within %g seconds", request.timeoutSeconds);
      error = dead = what + text;
      return false;
    }
  }
}

SessionAnswer SessionRunner::Child::call(Function function, int64_t argument) {
  SessionAnswer answer;
  answer.error = dead;
  if (!dead.empty())
    return answer;
  shared->function = function;
  shared->argument = argument;
  const char byte = 0;
  if (send(channel, &byte, 1, MSG_NOSIGNAL) != 1 && errno != EPIPE && errno != ECONNRESET) {
    answer.error = std::string("cannot talk to the child process: ") + std::strerror(errno);
    return answer;
  }
  if (!wait(name(function), answer.error))
    return answer;
  shared->statusText[sizeof shared->statusText - 1] = 0;
  answer.seconds = shared->seconds;
  answer.value = shared->result;
  const bool counts = function == Function::length || function == Function::snapshotBytes;
  answer.status = counts ? int(std::max<int64_t>(0, -shared->result)) : int(shared->result);
  std::string trespassed = memory.trespass();
  if (!trespassed.empty())
    answer.error = name(function) + " wrote outside " + trespassed;
  else if (answer.status != 0)
    answer.error = name(function) + " returned status " + std::to_string(answer.status) + ": " + shared->statusText;
  return answer;
}

//===----------------------------------------------------------------------===//
// In the child
//===----------------------------------------------------------------------===//

void SessionRunner::Child::runChild() {
  catchFaults(&shared->faultAddress);
  std::string error;
  LoadedObject loaded;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  objects.push_back(std::move(object));
  if (loaded.load(std::move(objects), error))
    initialise(loaded, error);
  copyText(shared->error, sizeof shared->error, error);
  char byte = 0;
  while (send(channel, &byte, 1, MSG_NOSIGNAL) == 1 && recv(channel, &byte, 1, 0) == 1)
    makeCall();
}

bool SessionRunner::Child::initialise(LoadedObject &loaded, std::string &error) {
  for (size_t i = 0; i < functionCount; i++) {
    functions[i] = loaded.find(request.prefix + "_" + functionNames[i], error);
    if (!functions[i])
      return false;
  }
  void *init = loaded.find(request.prefix + "_init", error);
  auto text = loaded.find(request.prefix + "_status_text", error);
  if (!init || !text)
    return false;
  statusText = (const char *(*)(int))text;
  if (!request.initialise)
    return true;
  void *const context = memory[contextBuffer];
  shared->result = request.weightsApart
                       ? ((int (*)(void *, const void *, int64_t))init)(context, request.weights, request.weightsBytes)
                       : ((int (*)(void *))init)(context);
  copyText(shared->statusText, sizeof shared->statusText, statusText(int(shared->result)));
  return true;
}

void SessionRunner::Child::makeCall() {
  void *const context = memory[contextBuffer], *const function = functions[int(shared->function)];
  const int64_t n = shared->argument;
  const auto begin = std::chrono::steady_clock::now();
  switch (shared->function) {
  case Function::prefill: {
    const int64_t held = std::max<int64_t>(0, std::min(n, request.contextTokens));
    const int64_t rows = request.allLogits ? held : 1;
    shared->result = ((int (*)(void *, const void *, int64_t, void *))function)(context, tokens(held), n,
                                                                                logits(rows * request.vocabulary));
    break;
  }
  case Function::decode:
    shared->result = ((int (*)(void *, int64_t, void *))function)(context, n, logits(request.vocabulary));
    break;
  case Function::length:
  case Function::snapshotBytes:
    shared->result = ((int64_t(*)(void *))function)(context);
    break;
  case Function::reset:
    shared->result = ((int (*)(void *))function)(context);
    break;
  case Function::rollback:
    shared->result = ((int (*)(void *, int64_t))function)(context, n);
    break;
  case Function::snapshot:
  case Function::restore:
    shared->result = ((int (*)(void *, void *, int64_t))function)(
        context, snapshot(std::max<int64_t>(0, std::min(n, request.snapshotBytes))), n);
    break;
  }
  shared->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const bool counts = shared->function == Function::length || shared->function == Function::snapshotBytes;
  const int64_t status = counts ? std::max<int64_t>(0, -shared->result) : shared->result;
  copyText(shared->statusText, sizeof shared->statusText, statusText(int(status)));
}

//===----------------------------------------------------------------------===//
// The runner
//===----------------------------------------------------------------------===//

SessionRequest sessionRequest(const Program &program) {
  SessionRequest request;
  request.contextBytes = contextLayout(program).bytes;
  request.contextTokens = program.session->context;
  request.vocabulary = program.session->vocabulary;
  request.allLogits = program.session->allLogits;
  request.snapshotBytes = largestSnapshot(program);
  request.weightsApart = program.weightsApart;
  return request;
}

SessionRunner::SessionRunner(std::unique_ptr<Child> child) : child(std::move(child)) {}
SessionRunner::~SessionRunner() = default;

std::unique_ptr<SessionRunner> SessionRunner::start(const SessionRequest &request, std::string &error) {
  auto child = std::make_unique<Child>(request);
  error.clear();
  if (!child->start(error))
    return nullptr;
  return std::unique_ptr<SessionRunner>(new SessionRunner(std::move(child)));
}

/// Takes over `count` logits of a call, all of which it must have left alone if it
/// failed.
static void takeLogits(const uint8_t *from, int64_t count, SessionAnswer &answer, std::vector<float> &logits) {
  logits.clear();
  if (answer.error.empty()) {
    logits.resize(count);
    std::memcpy(logits.data(), from, count * 4);
  } else if (answer.status != 0 &&
             !std::all_of(from, from + count * 4, [](uint8_t byte) { return byte == untouched; })) {
    answer.error += "; but it changed the logits";
  }
}

SessionAnswer SessionRunner::prefill(const std::vector<int64_t> &tokens, std::vector<float> &logits) {
  const SessionRequest &request = child->wanted();
  // Of more tokens than a context takes the object must not read any.
  const int64_t held = std::min<int64_t>(tokens.size(), request.contextTokens);
  const int64_t count = (request.allLogits ? held : 1) * request.vocabulary;
  std::memcpy(child->tokens(held), tokens.data(), held * 8);
  std::memset(child->logits(count), untouched, count * 4);
  SessionAnswer answer = child->call(Function::prefill, int64_t(tokens.size()));
  takeLogits(child->logits(count), count, answer, logits);
  return answer;
}

SessionAnswer SessionRunner::decode(int64_t token, std::vector<float> &logits) {
  const int64_t count = child->wanted().vocabulary;
  std::memset(child->logits(count), untouched, count * 4);
  SessionAnswer answer = child->call(Function::decode, token);
  takeLogits(child->logits(count), count, answer, logits);
  return answer;
}

SessionAnswer SessionRunner::length() { return child->call(Function::length, 0); }
SessionAnswer SessionRunner::reset() { return child->call(Function::reset, 0); }
SessionAnswer SessionRunner::rollback(int64_t count) { return child->call(Function::rollback, count); }

SessionAnswer SessionRunner::snapshot(std::vector<uint8_t> &bytes) {
  bytes.clear();
  SessionAnswer answer = child->call(Function::snapshotBytes, 0);
  if (!answer.error.empty())
    return answer;
  const int64_t size = answer.value;
  if (size > child->wanted().snapshotBytes) {
    answer.error = "found a snapshot of " + std::to_string(size) + " bytes, expected at most " +
                   std::to_string(child->wanted().snapshotBytes);
    return answer;
  }
  answer = child->call(Function::snapshot, size);
  if (answer.error.empty())
    bytes.assign(child->snapshot(size), child->snapshot(0));
  return answer;
}

SessionAnswer SessionRunner::restore(const std::vector<uint8_t> &bytes) {
  const int64_t held = std::min<int64_t>(bytes.size(), child->wanted().snapshotBytes);
  std::memcpy(child->snapshot(held), bytes.data(), held);
  return child->call(Function::restore, int64_t(bytes.size()));
}

} // namespace glmc::object
