//===- Progress.cpp - What glmc is doing, for those who wait ------------------===//
#include "compiler/Progress.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace glmc {
namespace {

using namespace std::chrono_literals;

/// Back to the line's start, and what stands there erased.
constexpr char eraseLine[] = "\r\x1b[K";

bool isTerminal() {
  const char *kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) && kind && std::strcmp(kind, "dumb") != 0;
}

} // namespace

Progress::Progress(bool quiet, std::string subject)
    : subject(std::move(subject)), start(std::chrono::steady_clock::now()) {
  if (!quiet && isTerminal())
    thread = std::thread([this] { run(); });
}

Progress::~Progress() {
  if (!thread.joinable())
    return;
  {
    std::lock_guard<std::mutex> lock(mutex);
    stop = true;
  }
  wake.notify_one();
  thread.join();
}

void Progress::update(const std::string &newWhat, size_t newDone, size_t newTotal) {
  std::lock_guard<std::mutex> lock(mutex);
  what = newWhat;
  done = newDone;
  total = newTotal;
}

std::string Progress::line() const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  std::string text = subject + ": " + (what.empty() ? "working" : what);
  if (total > 0)
    text += " " + std::to_string(done) + "/" + std::to_string(total);
  text += ", " + std::to_string(seconds.count()) + " s";
  // A line that wraps could not be erased; 79 columns fit every terminal.
  return text.size() <= 79 ? text : "..." + text.substr(text.size() - 76);
}

void Progress::run() {
  std::unique_lock<std::mutex> lock(mutex);
  bool shown = false;
  for (auto pause = 1000ms; !wake.wait_for(lock, pause, [this] { return stop; }); pause = 200ms) {
    std::fprintf(stderr, "%s%s", eraseLine, line().c_str());
    std::fflush(stderr);
    shown = true;
  }
  if (shown) {
    std::fputs(eraseLine, stderr);
    std::fflush(stderr);
  }
}

} // namespace glmc
