//===- ModelBench.cpp - Times compiled models, peers and the machine ----------===//
//
// Usage: model_bench [--model=LABEL=LIBRARY]... [--peer=LABEL=COMMAND]...
//                    [--inputs=FILE] [--outputs=FOLDER] [--machine=THREADS]...
//                    [--evict] [--memory=MEGABYTES] [options of Google Benchmark]
//   --model    a library that glue.py made
//   --peer     a command that speaks as peer.py does
//   --inputs   bytes of the models' inputs, one behind the other
//   --outputs  before timing, write what each computes to FOLDER/LABEL.bin
//   --machine  also time multiply-adds and reads on so many threads
//   --evict    before each run, read memory until no cache holds the weights
//   --memory   how much that is; more than any cache holds, by default
//
// run.py calls it and makes ratios of what it reports. All that is compared is
// timed in one process, interleaved by Google Benchmark.
//
//===----------------------------------------------------------------------===//
#include "test/bench/Machine.h"
#include "test/bench/ModelLibrary.h"
#include "test/bench/Peer.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace glmc::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::vector<std::pair<std::string, std::string>> models, peers;
  std::vector<int> machine;
  std::string inputs, outputs;
  bool evict = false;
};

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// More than any cache holds, of which a virtual machine may show only a part.
size_t memoryBytes = [] {
  const size_t megabyte = size_t(1) << 20;
  const size_t cache = size_t(std::max(0L, ::sysconf(_SC_LEVEL3_CACHE_SIZE)));
  return std::clamp(4 * cache, 512 * megabyte, 1024 * megabyte);
}();

const Buffer &memory() {
  static const Buffer *const buffer = [] {
    auto *made = new Buffer(memoryBytes);          // Until the process ends.
    std::memset(made->data.get(), 1, made->bytes); // Pages that were never written are all one.
    return made;
  }();
  return *buffer;
}

void evict() { readMemory(memory().data.get(), memory().bytes, 1); }

/// Seconds that `work` takes on so many threads at once.
template <typename Work>
double onThreads(int threads, const Work &work) {
  std::vector<std::thread> others;
  const Clock::time_point start = Clock::now();
  for (int i = 1; i < threads; ++i)
    others.emplace_back([&work, i] { work(i); });
  work(0);
  for (std::thread &thread : others)
    thread.join();
  return since(start);
}

void timeMultiplyAdd(benchmark::State &state, int threads) {
  constexpr int64_t steps = 2000000;
  for (auto _ : state)
    state.SetIterationTime(onThreads(threads, [](int) { benchmark::DoNotOptimize(multiplyAdd(steps)); }));
  state.counters["flops"] =
      benchmark::Counter(multiplyAddOperations(steps) * threads, benchmark::Counter::kIsIterationInvariantRate);
}

void timeRead(benchmark::State &state, int threads, int streams) {
  const size_t part = memory().bytes / size_t(threads) / 4096 * 4096;
  size_t read = 0;
  for (auto _ : state)
    state.SetIterationTime(onThreads(threads, [&](int thread) {
      const size_t bytes = readMemory(memory().data.get() + size_t(thread) * part, part, streams);
      read = thread == 0 ? bytes : read; // Each as many.
    }));
  state.counters["bytes"] = benchmark::Counter(double(read) * threads, benchmark::Counter::kIsIterationInvariantRate);
}

void timeModel(benchmark::State &state, ModelLibrary &model, bool evicted) {
  for (auto _ : state) {
    if (evicted)
      evict();
    const Clock::time_point start = Clock::now();
    model.run();
    state.SetIterationTime(since(start));
  }
}

void timePeer(benchmark::State &state, Peer &peer, bool evicted) {
  peer.wake();
  for (auto _ : state) {
    if (evicted)
      evict();
    state.SetIterationTime(peer.run());
  }
  peer.sleep();
}

std::pair<std::string, std::string> split(const std::string &text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos)
    throw std::runtime_error("'" + text + "' is not LABEL=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// Takes our options out of the command line.
Options parse(int &argc, char **argv) {
  Options options;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    auto value = [&](const char *name) {
      const std::string start = std::string(name) + "=";
      return argument.compare(0, start.size(), start) == 0 ? argument.substr(start.size()) : std::string();
    };
    if (const std::string model = value("--model"); !model.empty())
      options.models.push_back(split(model));
    else if (const std::string peer = value("--peer"); !peer.empty())
      options.peers.push_back(split(peer));
    else if (const std::string inputs = value("--inputs"); !inputs.empty())
      options.inputs = inputs;
    else if (const std::string outputs = value("--outputs"); !outputs.empty())
      options.outputs = outputs;
    else if (const std::string threads = value("--machine"); !threads.empty())
      options.machine.push_back(std::stoi(threads));
    else if (const std::string megabytes = value("--memory"); !megabytes.empty())
      memoryBytes = std::stoul(megabytes) << 20;
    else if (argument == "--evict")
      options.evict = true;
    else
      argv[kept++] = argv[i];
  }
  argc = kept;
  return options;
}

void add(const std::string &label, std::function<void(benchmark::State &)> body) {
  benchmark::RegisterBenchmark(label.c_str(), std::move(body))->UseManualTime()->Unit(benchmark::kMicrosecond);
}

/// Loads and registers everything; what is made lives until the process ends.
void registerAll(const Options &options) {
  for (int threads : options.machine) {
    const std::string suffix = "/" + std::to_string(threads);
    add("machine/multiply_add" + suffix, [=](benchmark::State &state) { timeMultiplyAdd(state, threads); });
    for (int streams : readStreams)
      add("machine/read" + std::to_string(streams) + suffix,
          [=](benchmark::State &state) { timeRead(state, threads, streams); });
  }
  for (const auto &[label, path] : options.models) {
    auto *model = new ModelLibrary(path, options.inputs);
    model->run();
    if (!options.outputs.empty())
      model->writeOutputs(options.outputs + "/" + label + ".bin");
    add(label, [=](benchmark::State &state) { timeModel(state, *model, options.evict); });
  }
  for (const auto &[label, command] : options.peers) {
    auto *peer = new Peer(command);
    if (!options.outputs.empty())
      peer->writeOutputs(options.outputs + "/" + label + ".bin");
    add(label, [=](benchmark::State &state) { timePeer(state, *peer, options.evict); });
  }
}

} // namespace
} // namespace glmc::bench

int main(int argc, char **argv) {
  try {
    glmc::bench::Options options = glmc::bench::parse(argc, argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
      return 1;
    glmc::bench::registerAll(options);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
  } catch (const std::exception &problem) {
    std::fprintf(stderr, "error: %s\n", problem.what());
    return 1;
  }
}
