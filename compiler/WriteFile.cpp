//===- WriteFile.cpp - Files appear whole or not at all -----------------------===//
#include "compiler/WriteFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace glmc {
namespace {

/// All of `text`, however little the system takes at once.
bool writeAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    text.remove_prefix(size_t(written));
  }
  return true;
}

std::string cannotWrite(const std::string &why) { return "cannot be written: " + why; }

/// What is there and no plain file cannot be replaced by renaming.
bool isSpecial(const std::string &path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

bool writeInPlace(const std::string &path, std::string_view text, std::string &error) {
  const int file = path == "-" ? ::dup(STDOUT_FILENO) : ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool good = file >= 0 && writeAll(file, text);
  if (!good)
    error = cannotWrite(std::strerror(errno));
  if (file >= 0)
    ::close(file);
  return good;
}

} // namespace

bool writeFile(const std::string &path, std::string_view text, std::string &error) {
  if (path == "-") {
    std::fflush(stdout);
    return writeInPlace(path, text, error);
  }
  if (isSpecial(path))
    return writeInPlace(path, text, error);
  int file = -1;
  llvm::SmallString<128> aside;
  if (std::error_code code = llvm::sys::fs::createUniqueFile(path + ".%%%%%%%%.tmp", file, aside)) {
    error = cannotWrite(code.message());
    return false;
  }
  bool good = writeAll(file, text);
  // Some file systems tell of a full disk only here.
  good = ::close(file) == 0 && good;
  good = good && ::rename(aside.c_str(), path.c_str()) == 0;
  if (!good) {
    error = cannotWrite(std::strerror(errno));
    ::unlink(aside.c_str());
  }
  return good;
}

/// Of small pieces, so many bytes are written at once.
static constexpr size_t writerBufferBytes = size_t(1) << 20;

/// What is removed when it fails must be ours: a new file, and neither a link nor
/// a device.
static int makeFile(const char *path) {
  struct stat status;
  if (::lstat(path, &status) == 0 && S_ISREG(status.st_mode))
    ::unlink(path); // What an interrupted run has left.
  return ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

FileWriter::FileWriter(const std::string &path)
    : path(path), file(makeFile(path.c_str())), problem(file < 0 ? errno : 0) {}

FileWriter::~FileWriter() {
  if (file < 0)
    return;
  ::close(file);
  ::unlink(path.c_str());
}

void FileWriter::flush() {
  if (!problem && !writeAll(file, buffer))
    problem = errno ? errno : EIO;
  buffer.clear();
}

void FileWriter::write(std::string_view text) {
  written += int64_t(text.size());
  if (buffer.size() + text.size() > writerBufferBytes)
    flush();
  if (text.size() < writerBufferBytes) {
    buffer += text;
    return;
  }
  if (!problem && !writeAll(file, text))
    problem = errno ? errno : EIO;
}

void FileWriter::overwriteStart(std::string_view text) {
  flush();
  if (problem)
    return;
  if (::lseek(file, 0, SEEK_SET) != 0 || !writeAll(file, text) || ::lseek(file, 0, SEEK_END) < 0)
    problem = errno ? errno : EIO;
}

bool FileWriter::close(std::string &error) {
  flush();
  // Some file systems tell of a full disk only here.
  if (file >= 0 && ::close(file) != 0 && !problem)
    problem = errno;
  if (problem && file >= 0)
    ::unlink(path.c_str());
  file = -1;
  if (problem)
    error = cannotWrite(std::strerror(problem));
  return !problem;
}

MadeFolders::~MadeFolders() {
  for (auto folder = made.rbegin(); folder != made.rend(); ++folder)
    ::rmdir(folder->c_str());
}

bool MadeFolders::make(const std::string &path, std::string &error) {
  if (path.empty() || llvm::sys::fs::is_directory(path))
    return true;
  if (!make(llvm::sys::path::parent_path(path).str(), error))
    return false;
  if (::mkdir(path.c_str(), 0777) != 0) {
    error = cannotWrite("folder '" + path + "' cannot be made: " + std::strerror(errno));
    return false;
  }
  made.push_back(path);
  return true;
}

bool canWriteIn(const std::string &path, std::string &error) {
  std::string folder = path.empty() ? "." : path;
  while (!llvm::sys::fs::exists(folder)) {
    folder = llvm::sys::path::parent_path(folder).str();
    if (folder.empty())
      folder = ".";
  }
  if (!llvm::sys::fs::is_directory(folder))
    error = cannotWrite("'" + folder + "' is not a folder");
  else if (::access(folder.c_str(), W_OK | X_OK) != 0)
    error = cannotWrite(std::strerror(errno));
  return error.empty();
}

TemporaryFolder::TemporaryFolder() {
  llvm::SmallString<128> made;
  if (!llvm::sys::fs::createUniqueDirectory("glmc", made))
    folder = made.str().str();
}

TemporaryFolder::~TemporaryFolder() {
  if (!folder.empty())
    llvm::sys::fs::remove_directories(folder);
}

} // namespace glmc
