//===- FuzzImport.cpp - The importer against damaged models -----------------===//
//
//   fuzz_import [--count N] [--seed S] [--only I] FOLDER...
//
// Case I of seed S damages one of the folders' models and imports it; list the
// folder of the best models first. An import
// must end within 10 seconds and 1 GB, either with a module that verifies or
// with an error. A child process does the work, so that a crash is a finding:
// the model is then kept, and the case can be repeated by --only I.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/ImportOnnx.h"
#include "test/fuzz/MutateModel.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace glmc;

namespace {

namespace fs = std::filesystem;

constexpr int maxSeconds = 10;
constexpr long maxKilobytes = 1 << 20;
/// Models larger than this cost much time a case and have no other operators.
constexpr uintmax_t maxSeedBytes = 600000;

struct Options {
  long count = 2000, only = -1;
  uint64_t seed = 1;
  std::vector<std::string> folders;
};

/// What parent and child both see.
struct Progress {
  long current, imported, refused;
};

std::string contentsOf(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The models of each folder, sorted so that a case is the same everywhere.
std::vector<std::vector<std::string>> readSeeds(const Options &options) {
  std::vector<std::vector<std::string>> seeds;
  for (const std::string &folder : options.folders) {
    std::vector<std::string> paths, models;
    for (const auto &entry : fs::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".onnx" && entry.file_size() <= maxSeedBytes && entry.file_size() > 0)
        paths.push_back(entry.path().string());
    std::sort(paths.begin(), paths.end());
    for (const std::string &path : paths)
      models.push_back(contentsOf(path));
    if (!models.empty())
      seeds.push_back(std::move(models));
  }
  return seeds;
}

const char *whatIsWrong(const std::string &path, Progress &progress) {
  auto start = std::chrono::steady_clock::now();
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  bool emitted = false;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    emitted |= diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
    return mlir::success();
  });
  mlir::OwningOpRef<mlir::ModuleOp> module = importOnnx(&context, path);
  ++(module ? progress.imported : progress.refused);
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  if (seconds.count() > maxSeconds)
    return "took too long";
  if (usage.ru_maxrss > maxKilobytes)
    return "took too much memory";
  if (!module)
    return emitted ? nullptr : "was refused without an error";
  if (emitted)
    return "was imported in spite of an error";
  return mlir::failed(mlir::verify(*module)) ? "does not verify" : nullptr;
}

/// Runs cases; exits 1 at the first one that is wrong.
int runCases(const Options &options, const std::vector<std::vector<std::string>> &seeds, const fs::path &model,
             Progress &progress) {
  for (long i = options.only >= 0 ? options.only : 0; i < options.count || i == options.only; ++i) {
    progress.current = i;
    fuzz::Chance chance(options.seed * 1000003 + uint64_t(i));
    // Half of the cases begin with the first folder, a quarter with the next, and
    // so on: small sound models are the best seeds, and the fastest.
    size_t folder = 0;
    while (folder + 1 < seeds.size() && chance.oneIn(2))
      ++folder;
    std::string mutated = fuzz::mutate(seeds[folder][chance.below(seeds[folder].size())], chance);
    std::ofstream(model, std::ios::binary | std::ios::trunc) << mutated;
    alarm(2 * maxSeconds); // Kills us when an import hangs.
    const char *wrong = whatIsWrong(model.string(), progress);
    alarm(0);
    if (wrong) {
      std::fprintf(stderr, "case %ld %s\n", i, wrong);
      return 1;
    }
    if (i == options.only)
      break;
  }
  return 0;
}

bool parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    bool hasValue = i + 1 < argc;
    if (argument == "--count" && hasValue)
      options.count = std::atol(argv[++i]);
    else if (argument == "--seed" && hasValue)
      options.seed = std::strtoull(argv[++i], nullptr, 10);
    else if (argument == "--only" && hasValue)
      options.only = std::atol(argv[++i]);
    else if (argument.rfind("--", 0) == 0)
      return false;
    else
      options.folders.push_back(argument);
  }
  return !options.folders.empty();
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: fuzz_import [--count N] [--seed S] [--only I] FOLDER...\n");
    return 2;
  }
  std::vector<std::vector<std::string>> seeds = readSeeds(options);
  if (seeds.empty()) {
    std::fprintf(stderr, "no models to begin with\n");
    return 2;
  }
  fs::path folder = fs::temp_directory_path() / ("glmc-fuzz-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "external.data", std::ios::binary) << std::string(4096, '\x3f');
  fs::path model = folder / "model.onnx";

  void *memory = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 2;
  auto *progress = new (memory) Progress();
  pid_t child = fork();
  if (child == 0) {
    int code = runCases(options, seeds, model, *progress);
    std::fflush(stderr);
    _exit(code); // Nothing to clean up that the parent does not own.
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    return 2;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    std::printf("%ld models imported, %ld refused\n", progress->imported, progress->refused);
    fs::remove_all(folder);
    return 0;
  }
  fs::path kept = fs::current_path() / ("fuzz-" + std::to_string(options.seed) + "-" +
                                        std::to_string(progress->current) + ".onnx");
  fs::copy_file(model, kept, fs::copy_options::overwrite_existing);
  fs::remove_all(folder);
  std::fprintf(stderr, "case %ld of seed %llu failed%s; model kept as %s\n", progress->current,
               static_cast<unsigned long long>(options.seed), WIFSIGNALED(status) ? " by a signal" : "", kept.c_str());
  return 1;
}
