//===- CompileKernel.cpp - One kernel through Halide ------------------------===//
//
// Each kernel is compiled in a forked child. Halide numbers the names that it
// makes with counters of the process, and those names reach bitcode, metadata
// and the order of some maps; in a child of a process that never ran Halide
// they always start from nothing, so the result depends on the arguments only:
// not on what was compiled before, nor on which thread did. A crash or an
// internal error of Halide's becomes an error that names the kernel.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/CompileKernel.h"
#include "codegen/kernels/BuildPipeline.h"
#include "codegen/kernels/Dots.h"
#include "codegen/kernels/PrintCxx.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace glmc::kernels {

namespace {

//===----------------------------------------------------------------------===//
// In the child
//===----------------------------------------------------------------------===//

std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw std::runtime_error("cannot read '" + path + "'");
  return {std::istreambuf_iterator<char>(stream), {}};
}

Halide::Target targetOf(const Kernel &kernel, const HalideTarget &target) {
  std::string text = target.halide + "-no_runtime-no_asserts-no_bounds_query";
  if (kernel.math == Math::exact)
    text += "-strict_float";
  // Adds the first parameter, through which parallel loops reach the pool.
  if (isParallel(kernel))
    text += "-user_context";
  return Halide::Target(text);
}

const Halide::Internal::LoweredFunc &functionOf(const Halide::Module &module, const std::string &name) {
  for (const auto &function : module.functions())
    if (function.name == name)
      return function;
  throw std::runtime_error("Halide made no function of the kernel's name");
}

/// The bodies of parallel loops, which Halide makes functions.
std::vector<Halide::Internal::LoweredFunc> tasksOf(const Halide::Module &module, const Kernel &kernel) {
  std::vector<Halide::Internal::LoweredFunc> tasks;
  for (const auto &function : module.functions())
    if (function.name != kernel.name && function.linkage == Halide::LinkageType::Internal)
      tasks.push_back(function);
  if (!tasks.empty() && !isParallel(kernel))
    throw std::runtime_error("it has a parallel loop, but no schedule parameter 'parallel'");
  return tasks;
}

/// The module with nothing in it that only PrintCxx knows.
Halide::Module lowerDots(const Halide::Module &module, const std::string &dot) {
  Halide::Module lowered(module.name(), module.target());
  const bool hasVectors = module.target().arch != Halide::Target::ARM || module.target().bits != 32;
  for (Halide::Internal::LoweredFunc function : module.functions()) {
    function.body = dots::lowerDots(function.body, dot, hasVectors);
    lowered.append(function);
  }
  return lowered;
}

/// `folder` is for the files that Halide writes.
CompiledKernel compileHere(const Kernel &kernel, const HalideTarget &target, const Wanted &wanted,
                           const std::string &folder) {
  CompiledKernel result;
  BuiltPipeline built = buildPipeline(kernel);
  std::vector<Halide::Argument> arguments(built.arguments.begin(), built.arguments.end());
  Halide::Module module = built.pipeline.compile_to_module(arguments, kernel.name, targetOf(kernel, target),
                                                           Halide::LinkageType::External);
  const auto &function = functionOf(module, kernel.name);
  const auto tasks = tasksOf(module, kernel);
  result.takesPool = isParallel(kernel);
  if (wanted.lowered) {
    std::ostringstream stream;
    for (const auto &task : tasks)
      stream << task.name << ":\n" << task.body << "\n" << kernel.name << ":\n";
    stream << function.body;
    result.lowered = stream.str();
  }
  if (wanted.cxx) {
    CxxFunction cxx = printCxx(function, kernel, tasks);
    if (!cxx.error.empty())
      throw std::runtime_error(cxx.error);
    result.cxx = std::move(cxx.text);
    result.cxxNeeds = std::move(cxx.needs);
  }
  std::map<Halide::OutputFileType, std::string> files;
  if (wanted.bitcode)
    files[Halide::OutputFileType::bitcode] = folder + "/kernel.bc";
  if (wanted.assembly)
    files[Halide::OutputFileType::assembly] = folder + "/kernel.s";
  if (files.empty())
    return result;
  Halide::Module lowered = lowerDots(module, target.dot);
  // Fast flags for single operations only: without this, a kernel that has no
  // strict operation may assume that a mask's -inf does not exist.
  lowered.set_any_strict_float(true);
  lowered.compile(files);
  if (wanted.bitcode) {
    std::string bytes = readFile(folder + "/kernel.bc");
    result.bitcode.assign(bytes.begin(), bytes.end());
  }
  if (wanted.assembly)
    result.assembly = readFile(folder + "/kernel.s");
  return result;
}

CompiledKernel compileCatching(const Kernel &kernel, const HalideTarget &target, const Wanted &wanted,
                               const std::string &folder) {
  CompiledKernel failed;
  try {
    return compileHere(kernel, target, wanted, folder);
  } catch (const std::exception &error) {
    failed.error = error.what();
  } catch (...) {
    failed.error = "unknown exception";
  }
  while (!failed.error.empty() && failed.error.back() == '\n')
    failed.error.pop_back();
  failed.error = "kernel '" + kernel.name + "': " + failed.error;
  return failed;
}

/// Warnings are about style of hand-written Halide; nobody reads them here.
struct Reporter : Halide::CompileTimeErrorReporter {
  void warning(const char *) override {}
  void error(const char *message) override { throw std::runtime_error(message); }
};

/// A kernel that Halide cannot digest ends its child, not the machine.
void limitResources() {
  rlimit time = {600, 600};
  setrlimit(RLIMIT_CPU, &time);
#if !defined(__SANITIZE_ADDRESS__) // whose shadow memory counts
  rlimit memory = {rlim_t(8) << 30, rlim_t(8) << 30};
  setrlimit(RLIMIT_DATA, &memory);
#endif
}

//===----------------------------------------------------------------------===//
// Between child and parent
//===----------------------------------------------------------------------===//

void append(std::string &out, const void *data, size_t size) {
  uint64_t length = size;
  out.append(reinterpret_cast<const char *>(&length), sizeof(length));
  out.append(static_cast<const char *>(data), size);
}

std::string serialise(const CompiledKernel &kernel) {
  std::string out;
  append(out, kernel.error.data(), kernel.error.size());
  append(out, kernel.bitcode.data(), kernel.bitcode.size());
  append(out, kernel.cxx.data(), kernel.cxx.size());
  append(out, kernel.lowered.data(), kernel.lowered.size());
  append(out, kernel.assembly.data(), kernel.assembly.size());
  append(out, "1", kernel.takesPool);
  for (const std::string &need : kernel.cxxNeeds)
    append(out, need.data(), need.size());
  return out;
}

bool deserialise(const std::string &in, CompiledKernel &kernel) {
  std::vector<std::string> fields;
  for (size_t at = 0; at < in.size();) {
    uint64_t length;
    if (in.size() - at < sizeof(length))
      return false;
    std::memcpy(&length, in.data() + at, sizeof(length));
    at += sizeof(length);
    if (in.size() - at < length)
      return false;
    fields.push_back(in.substr(at, length));
    at += length;
  }
  if (fields.size() < 6)
    return false;
  kernel.error = fields[0];
  kernel.bitcode.assign(fields[1].begin(), fields[1].end());
  kernel.cxx = fields[2];
  kernel.lowered = fields[3];
  kernel.assembly = fields[4];
  kernel.takesPool = !fields[5].empty();
  kernel.cxxNeeds.insert(fields.begin() + 6, fields.end());
  return true;
}

void writeAll(int file, const std::string &bytes) {
  for (size_t at = 0; at < bytes.size();) {
    ssize_t written = write(file, bytes.data() + at, bytes.size() - at);
    if (written < 0 && errno != EINTR)
      return;
    at += written > 0 ? static_cast<size_t>(written) : 0;
  }
}

std::string readAll(int file) {
  std::string bytes;
  char buffer[65536];
  for (;;) {
    ssize_t got = read(file, buffer, sizeof(buffer));
    if (got == 0 || (got < 0 && errno != EINTR))
      return bytes;
    if (got > 0)
      bytes.append(buffer, static_cast<size_t>(got));
  }
}

/// A folder for temporary files, removed with what is in it.
struct TemporaryFolder {
  std::string path;
  TemporaryFolder() {
    std::error_code ignored;
    path = (std::filesystem::temp_directory_path(ignored) / "glmc-XXXXXX").string();
    if (!mkdtemp(path.data()))
      path.clear();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path.empty())
      std::filesystem::remove_all(path, ignored);
  }
};

std::string describeEnd(int status) {
  if (WIFSIGNALED(status))
    return std::string("Halide stopped with signal ") + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")";
  return "Halide ended without a result, status " + std::to_string(WEXITSTATUS(status));
}

} // namespace

CompiledKernel compileKernel(const Kernel &kernel, const HalideTarget &target, const Wanted &wanted) {
  CompiledKernel result;
  auto fail = [&](const std::string &why) {
    result = CompiledKernel();
    result.error = "kernel '" + kernel.name + "': " + why;
    return result;
  };
  TemporaryFolder folder;
  if (folder.path.empty())
    return fail(std::string("cannot make a temporary folder: ") + std::strerror(errno));

  // One at a time, so that no other child keeps the writing end open.
  static std::mutex forking;
  std::unique_lock<std::mutex> lock(forking);
  int ends[2];
  if (pipe(ends) != 0)
    return fail(std::string("cannot make a pipe: ") + std::strerror(errno));
  pid_t child = fork();
  if (child < 0) {
    std::string why = std::strerror(errno);
    close(ends[0]);
    close(ends[1]);
    return fail("cannot start a process: " + why);
  }
  if (child == 0) {
    close(ends[0]);
    limitResources();
    Reporter reporter;
    Halide::set_custom_compile_time_error_reporter(&reporter);
    writeAll(ends[1], serialise(compileCatching(kernel, target, wanted, folder.path)));
    _exit(0);
  }
  close(ends[1]);
  lock.unlock();

  std::string bytes = readAll(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  if (status != 0 || !deserialise(bytes, result))
    return fail(describeEnd(status));
  return result;
}

} // namespace glmc::kernels
