// Turns sentences into home commands with a compiled GLM.
//
//   command                  reads a sentence a line, prints its command
//   command SENTENCE ...     the same for each argument
//   command --test FILE      exact match and speed on lines of SENTENCE tab COMMAND tab KIND
//
// The model is command.h with command.o or command.cpp of glmc; its memory is
// the context command_default and the logits below. A token is a byte, or one
// of the marks in Token. Decoding is greedy: the likeliest token each time.
#include "command.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

enum Token : int64_t { begin = 256, separator, end, padding, vocabulary };
static_assert(COMMAND_VOCABULARY == vocabulary, "command.h is of a model with other tokens");

/// No command is longer; a model that does not stop is stopped here.
constexpr int longestAnswer = 64;

float logits[vocabulary];

/// Time and tokens of one sentence or of many.
struct Speed {
  double firstSeconds = 0, decodeSeconds = 0;
  long sentences = 0, prompt = 0, decoded = 0;

  void add(const Speed &other) {
    firstSeconds += other.firstSeconds;
    decodeSeconds += other.decodeSeconds;
    sentences += other.sentences;
    prompt += other.prompt;
    decoded += other.decoded;
  }
  double firstMilliseconds() const { return sentences ? 1e3 * firstSeconds / double(sentences) : 0; }
  double promptRate() const { return firstSeconds > 0 ? double(prompt) / firstSeconds : 0; }
  double decodeRate() const { return decodeSeconds > 0 ? double(decoded) / decodeSeconds : 0; }
};

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void check(int status) {
  if (status)
    throw std::runtime_error(command_status_text(status));
}

int64_t likeliest() {
  int64_t best = 0;
  for (int64_t i = 1; i < padding; ++i)
    if (logits[i] > logits[best])
      best = i;
  return best;
}

/// The command for a sentence. Time to the first token is that of the prefill
/// and of choosing; each token after it is one decode step.
std::string answer(const std::string &sentence, Speed &speed) {
  std::vector<int64_t> prompt = {begin};
  for (unsigned char byte : sentence)
    prompt.push_back(byte);
  prompt.push_back(separator);

  const auto start = std::chrono::steady_clock::now();
  check(command_reset(&command_default));
  check(command_prefill(&command_default, prompt.data(), int64_t(prompt.size()), logits));
  int64_t token = likeliest();
  Speed one;
  one.firstSeconds = secondsSince(start);
  one.prompt = long(prompt.size());
  one.sentences = 1;

  std::string command;
  const auto decoding = std::chrono::steady_clock::now();
  for (int i = 0; i < longestAnswer && token < begin; ++i) {
    command += char(token);
    check(command_decode(&command_default, token, logits));
    token = likeliest();
    ++one.decoded;
  }
  one.decodeSeconds = secondsSince(decoding);
  speed.add(one);
  return command;
}

constexpr double ramKilobytes() { return double(COMMAND_CONTEXT_BYTES + sizeof logits) / 1024; }

void say(const std::string &sentence) {
  Speed speed;
  const std::string command = answer(sentence, speed);
  std::printf("%s\n    %.2f ms to the first token, %.0f tok/s, %.0f KB of RAM\n", command.c_str(),
              speed.firstMilliseconds(), speed.decodeRate(), ramKilobytes());
}

struct Score {
  long right = 0, all = 0;
};

void printScore(const std::string &name, const Score &score) {
  std::printf("%-34s %5ld of %5ld  %6.2f %%\n", name.c_str(), score.right, score.all,
              score.all ? 100.0 * double(score.right) / double(score.all) : 0.0);
}

/// Measures a test set; a line a kind, then one that accuracy.sh reads.
int test(const char *path) {
  std::ifstream in(path);
  if (!in)
    throw std::runtime_error(std::string(path) + " cannot be read");
  std::map<std::string, Score> kinds;
  Score total;
  Speed speed;
  long number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const size_t first = line.find('\t'), second = line.find('\t', first + 1);
    if (first == std::string::npos)
      throw std::runtime_error(std::string(path) + ":" + std::to_string(number) + ": no tab between sentence and command");
    const std::string expected = line.substr(first + 1, second - first - 1);
    const std::string kind = second == std::string::npos ? "all" : line.substr(second + 1);
    const std::string found = answer(line.substr(0, first), speed);
    const bool right = found == expected;
    if (!right)
      std::printf("wrong: %s\n  expected %s\n  found    %s\n", line.substr(0, first).c_str(), expected.c_str(),
                  found.c_str());
    kinds[kind].all += 1;
    kinds[kind].right += right;
    total.all += 1;
    total.right += right;
  }
  for (const auto &[kind, score] : kinds)
    printScore(kind, score);
  printScore("total", total);
  std::printf("measured: right %ld all %ld first-ms %.3f prompt-tok/s %.0f decode-tok/s %.0f ram-bytes %zu\n",
              total.right, total.all, speed.firstMilliseconds(), speed.promptRate(), speed.decodeRate(),
              size_t(COMMAND_CONTEXT_BYTES) + sizeof logits);
  return total.all ? 0 : 1;
}

int run(int argc, char **argv) {
  check(command_init(&command_default));
  if (argc == 3 && std::string(argv[1]) == "--test")
    return test(argv[2]);
  for (int i = 1; i < argc; ++i) {
    std::printf("> %s\n", argv[i]);
    say(argv[i]);
  }
  if (argc > 1)
    return 0;
  std::printf("> ");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    // One sentence too long for the context is no reason to leave.
    try {
      if (!line.empty())
        say(line);
    } catch (const std::exception &error) {
      std::printf("%s\n", error.what());
    }
    std::printf("> ");
    std::fflush(stdout);
  }
  std::printf("\n");
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "command: %s\n", error.what());
    return 1;
  }
}
