//===- Progress.h - What glmc is doing, for those who wait --------------------===//
//
// One line on the terminal, rewritten in place, once a command has taken over a
// second; gone when it ends. Nothing at all where stderr is not a terminal.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_PROGRESS_H
#define GLMC_COMPILER_PROGRESS_H

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

namespace glmc {

class Progress {
public:
  /// `subject` begins the line: the model's name.
  Progress(bool quiet, std::string subject);
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;
  /// Removes the line.
  ~Progress();

  /// Says what goes on; `total` is 0 where nothing is counted. May be called
  /// from any thread.
  void update(const std::string &what, size_t done, size_t total);

private:
  void run();
  std::string line() const;

  const std::string subject;
  const std::chrono::steady_clock::time_point start;
  std::mutex mutex;
  std::condition_variable wake;
  std::string what;
  size_t done = 0, total = 0;
  bool stop = false;
  std::thread thread; ///< Only with a terminal; it also shows that time passes.
};

} // namespace glmc

#endif // GLMC_COMPILER_PROGRESS_H
