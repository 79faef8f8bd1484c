//===- Peer.h - Another system, in a process of its own -----------------------===//
//
// peer.py runs a model in ONNX Runtime, OpenVINO or OpenBLAS. It is asked line
// by line, times its runs itself, and is stopped while others run, so that no
// idle thread of it takes a core.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_BENCH_PEER_H
#define GLMC_TEST_BENCH_PEER_H

#include <cstdio>
#include <string>
#include <sys/types.h>

namespace glmc::bench {

class Peer {
public:
  /// Starts `command` with the shell and waits until it is ready. Throws.
  explicit Peer(const std::string &command);
  Peer(const Peer &) = delete;
  Peer &operator=(const Peer &) = delete;
  ~Peer();

  /// Seconds of one run. Only between wake and sleep.
  double run();
  void writeOutputs(const std::string &path);
  void wake();
  void sleep();

private:
  std::string ask(const std::string &question);
  std::string answer();

  std::string command;
  pid_t process = -1;
  FILE *to = nullptr, *from = nullptr;
};

} // namespace glmc::bench

#endif // GLMC_TEST_BENCH_PEER_H
