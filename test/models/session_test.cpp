//===- session_test.cpp - A program with state, as its callers meet it ------===//
//
// Linked with what glmc made of a model of any vocabulary, with a context of 512
// and steps of 1, 16 and 128 tokens (session_test.py does it). Tokens are drawn;
// what is expected of results is that they agree with each other:
//
//   - a prompt gives the same logits in whatever pieces it comes;
//   - after a rollback, and from a snapshot, the same bits follow;
//   - a call that gives an error changes nothing;
//   - 10,000 calls in any order keep count, and a reset forgets them;
//   - two contexts in two threads do not meet;
//   - nothing is allocated (but by the sanitizers, with which this is run too).
//
//===----------------------------------------------------------------------===//
#include "model.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#if !defined(__SANITIZE_ADDRESS__)
static thread_local bool isAllocationForbidden = false;
extern "C" void *__libc_malloc(size_t);
extern "C" void *malloc(size_t bytes) {
  if (isAllocationForbidden) {
    std::fputs("the program called malloc\n", stderr);
    std::abort();
  }
  return __libc_malloc(bytes);
}
#else
static thread_local bool isAllocationForbidden = false;
#endif

namespace {

using Tokens = std::vector<int64_t>;
using Logits = std::vector<float>;

int failures = 0;

void expect(bool condition, const std::string &what) {
  if (condition)
    return;
  ++failures;
  std::fprintf(stderr, "FAILED: %s\n", what.c_str());
}

/// A small generator of its own, so that every run is the same.
struct Draw {
  uint64_t state;
  uint64_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  }
  int64_t below(int64_t end) { return int64_t(next() % uint64_t(end)); }
  Tokens tokens(int64_t count) {
    Tokens tokens(count);
    for (int64_t &token : tokens)
      token = below(MODEL_VOCABULARY);
    return tokens;
  }
};

/// A context and its calls, during which nothing may be allocated.
class Session {
public:
  Session() : context(std::make_unique<model_context>()) {
    expect(guarded([&] { return model_init(context.get()); }) == MODEL_OK, "init");
  }
  ~Session() {
#ifdef MODEL_HAS_THREADS
    model_release(context.get());
#endif
  }

  int prefill(const Tokens &tokens, size_t begin, size_t end, Logits &logits) {
    logits.resize(MODEL_VOCABULARY);
    return guarded([&] {
      return model_prefill(context.get(), tokens.data() + begin, int64_t(end - begin), logits.data());
    });
  }
  int decode(int64_t token, Logits &logits) {
    logits.resize(MODEL_VOCABULARY);
    return guarded([&] { return model_decode(context.get(), token, logits.data()); });
  }
  int64_t length() { return model_length(context.get()); }
  int reset() {
    return guarded([&] { return model_reset(context.get()); });
  }
  int rollback(int64_t count) {
    return guarded([&] { return model_rollback(context.get(), count); });
  }
  std::vector<uint8_t> snapshot() {
    std::vector<uint8_t> bytes(model_snapshot_bytes(context.get()));
    expect(guarded([&] { return model_snapshot(context.get(), bytes.data(), int64_t(bytes.size())); }) == MODEL_OK,
           "snapshot");
    return bytes;
  }
  int restore(const std::vector<uint8_t> &bytes) {
    return guarded([&] { return model_restore(context.get(), bytes.data(), int64_t(bytes.size())); });
  }

private:
  template <typename Call> int guarded(Call call) {
    isAllocationForbidden = true;
    const int status = call();
    isAllocationForbidden = false;
    return status;
  }
  std::unique_ptr<model_context> context;
};

double largestDifference(const Logits &a, const Logits &b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(double(a[i]) - b[i]);
    largest = difference <= largest ? largest : difference; // NaN counts.
  }
  return largest;
}

bool isSame(const Logits &a, const Logits &b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Decodes some tokens; all their logits, one after another.
Logits continuation(Session &session, const Tokens &tokens) {
  Logits all, one;
  for (int64_t token : tokens) {
    expect(session.decode(token, one) == MODEL_OK, "decode");
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

void testPieces() {
  Draw draw{1};
  const Tokens prompt = draw.tokens(301);
  Session session;
  Logits whole, logits;
  expect(session.prefill(prompt, 0, prompt.size(), whole) == MODEL_OK, "prefill");
  for (size_t piece : {1, 7, 16, 128, 300}) {
    session.reset();
    for (size_t at = 0; at < prompt.size(); at += piece)
      expect(session.prefill(prompt, at, std::min(prompt.size(), at + piece), logits) == MODEL_OK, "prefill of a piece");
    const double difference = largestDifference(whole, logits);
    expect(difference <= 1e-4, "pieces of " + std::to_string(piece) + " differ by " + std::to_string(difference));
    expect(session.length() == int64_t(prompt.size()), "length after pieces of " + std::to_string(piece));
  }
}

void testRollbackAndSnapshot() {
  Draw draw{2};
  const Tokens prompt = draw.tokens(45), next = draw.tokens(20);
  Session session, other;
  Logits logits;
  session.prefill(prompt, 0, prompt.size(), logits);
  const std::vector<uint8_t> bytes = session.snapshot();
  const Logits first = continuation(session, next);
  expect(session.rollback(int64_t(next.size())) == MODEL_OK, "rollback");
  expect(isSame(first, continuation(session, next)), "the bits after a rollback");
  expect(session.restore(bytes) == MODEL_OK && session.length() == 45, "restore");
  expect(isSame(first, continuation(session, next)), "the bits from a snapshot");
  // What the other context held before must not matter.
  other.prefill(draw.tokens(200), 0, 200, logits);
  expect(other.restore(bytes) == MODEL_OK, "restore into another context");
  expect(isSame(first, continuation(other, next)), "the bits from a snapshot, in another context");

  std::vector<uint8_t> damaged = bytes;
  damaged[damaged.size() / 2] ^= 1;
  expect(other.restore(damaged) == MODEL_ERROR_SNAPSHOT, "a damaged snapshot");
  expect(other.restore(std::vector<uint8_t>(bytes.begin(), bytes.end() - 1)) != MODEL_OK, "a truncated snapshot");
  expect(other.length() == 65, "length after refused snapshots");
}

void testErrors() {
  Draw draw{3};
  const Tokens prompt = draw.tokens(MODEL_CONTEXT_TOKENS);
  Session session, twin;
  Logits logits, expected;
  session.prefill(prompt, 0, 500, logits);
  twin.prefill(prompt, 0, 500, logits);
  Tokens wrong = draw.tokens(5);
  wrong[4] = MODEL_VOCABULARY;
  expect(session.prefill(wrong, 0, 5, logits) == MODEL_ERROR_TOKEN, "a token above the vocabulary");
  expect(session.decode(-1, logits) == MODEL_ERROR_TOKEN, "a negative token");
  expect(session.prefill(prompt, 0, 0, logits) == MODEL_ERROR_COUNT, "no tokens");
  expect(session.prefill(prompt, 0, 13, logits) == MODEL_ERROR_CONTEXT_FULL, "more than there is room for");
  expect(session.rollback(501) == MODEL_ERROR_COUNT && session.rollback(-1) == MODEL_ERROR_COUNT, "rollback too far");
  expect(session.length() == 500, "length after errors");
  // 12 fit, one by one or at once: there is no room for padding.
  expect(session.prefill(prompt, 0, 12, logits) == MODEL_OK, "the last that fit");
  for (int i = 0; i < 12; ++i)
    twin.decode(prompt[i], expected);
  expect(largestDifference(logits, expected) <= 1e-4, "errors changed something");
  expect(session.decode(0, logits) == MODEL_ERROR_CONTEXT_FULL && session.length() == MODEL_CONTEXT_TOKENS,
         "a full context");
}

/// Calls in any order; the tokens that the context should hold are noted.
void testManyCalls(int calls) {
  Draw draw{4};
  Session session;
  Tokens held;
  Logits logits, expected;
  for (int i = 0; i < calls; ++i) {
    const int64_t kind = draw.below(100);
    if (kind == 0 || held.size() >= MODEL_CONTEXT_TOKENS) {
      session.reset();
      held.clear();
    } else if (kind < 4) {
      const int64_t count = draw.below(int64_t(held.size()) + 1);
      expect(session.rollback(count) == MODEL_OK, "rollback");
      held.resize(held.size() - size_t(count));
    } else if (kind < 6) {
      const Tokens tokens = draw.tokens(1 + draw.below(std::min<int64_t>(40, MODEL_CONTEXT_TOKENS - int64_t(held.size()))));
      expect(session.prefill(tokens, 0, tokens.size(), logits) == MODEL_OK, "prefill");
      held.insert(held.end(), tokens.begin(), tokens.end());
    } else {
      held.push_back(draw.below(MODEL_VOCABULARY));
      expect(session.decode(held.back(), logits) == MODEL_OK, "decode");
    }
    expect(session.length() == int64_t(held.size()), "length");
  }
  if (held.empty() || held.size() >= MODEL_CONTEXT_TOKENS)
    held.assign(3, 1), session.reset(), session.prefill(held, 0, 3, logits);
  held.push_back(5 % MODEL_VOCABULARY);
  session.decode(held.back(), logits);
  Session fresh;
  fresh.prefill(held, 0, held.size(), expected);
  expect(largestDifference(logits, expected) <= 1e-4, "what many calls left");
}

void testTwoThreads() {
  auto run = [](uint64_t seed) {
    Draw draw{seed};
    Session session;
    Logits logits;
    const Tokens prompt = draw.tokens(100);
    session.prefill(prompt, 0, prompt.size(), logits);
    return continuation(session, draw.tokens(50));
  };
  Logits together[2];
  std::thread first([&] { together[0] = run(5); }), second([&] { together[1] = run(6); });
  first.join();
  second.join();
  expect(isSame(together[0], run(5)) && isSame(together[1], run(6)), "two contexts in two threads");
}

} // namespace

int main(int count, char **arguments) {
  testPieces();
  testRollbackAndSnapshot();
  testErrors();
  testManyCalls(count > 1 ? std::atoi(arguments[1]) : 10000);
  testTwoThreads();
  std::printf(failures ? "%d failures\n" : "session: all right\n", failures);
  return failures != 0;
}
