//===- Peer.cpp - Another system, in a process of its own ---------------------===//
#include "test/bench/Peer.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace glmc::bench {

Peer::Peer(const std::string &command) : command(command) {
  int questions[2], answers[2];
  if (::pipe2(questions, O_CLOEXEC) || ::pipe2(answers, O_CLOEXEC))
    throw std::runtime_error("no pipe for a peer");
  process = ::fork();
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    ::dup2(questions[0], STDIN_FILENO);
    ::dup2(answers[1], STDOUT_FILENO);
    ::execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
    ::_exit(127);
  }
  ::close(questions[0]);
  ::close(answers[1]);
  to = ::fdopen(questions[1], "w");
  from = ::fdopen(answers[0], "r");
  if (process < 0 || answer() != "ready")
    throw std::runtime_error("this peer does not start: " + command);
  sleep();
}

Peer::~Peer() {
  std::fclose(to);
  std::fclose(from);
  if (process > 0) {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
  }
}

std::string Peer::answer() {
  char line[4096];
  if (!std::fgets(line, sizeof line, from))
    throw std::runtime_error("this peer has ended: " + command);
  std::string text = line;
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

std::string Peer::ask(const std::string &question) {
  std::fprintf(to, "%s\n", question.c_str());
  std::fflush(to);
  return answer();
}

double Peer::run() { return std::strtod(ask("run").c_str(), nullptr); }

void Peer::writeOutputs(const std::string &path) {
  wake();
  if (ask("outputs " + path) != "ok")
    throw std::runtime_error("this peer cannot write its outputs: " + command);
  sleep();
}

void Peer::wake() { ::kill(process, SIGCONT); }
void Peer::sleep() { ::kill(process, SIGSTOP); }

} // namespace glmc::bench
