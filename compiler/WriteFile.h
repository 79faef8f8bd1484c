//===- WriteFile.h - Files appear whole or not at all -------------------------===//
//
// Written beside their place and renamed, so that neither a full disk nor an
// interrupt leaves half a file. Unlike LLVM's own way, a full disk is an error
// that is returned, not one that ends the process.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_WRITEFILE_H
#define GLMC_COMPILER_WRITEFILE_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glmc {

/// Writes `text` to `path`, or to stdout if `path` is "-". A pipe or a device is
/// written in place. If that fails, `error` says why, to be
/// put behind the path: "cannot be written: No space left on device".
bool writeFile(const std::string &path, std::string_view text, std::string &error);

/// A file that is made in pieces, at a path that nobody is to use before it is
/// closed; it is removed if it never is. What such a run left there is replaced,
/// anything but a plain file is an error.
class FileWriter {
public:
  explicit FileWriter(const std::string &path);
  FileWriter(const FileWriter &) = delete;
  FileWriter &operator=(const FileWriter &) = delete;
  ~FileWriter();
  /// What fails is told by close().
  void write(std::string_view text);
  /// In place of what was written first, which was no shorter.
  void overwriteStart(std::string_view text);
  /// False: nothing is at the path, and `error` says why, as writeFile does.
  bool close(std::string &error);
  int64_t bytes() const { return written; } ///< So far.

private:
  void flush();
  std::string path, buffer;
  int file;
  int problem = 0; ///< An errno.
  int64_t written = 0;
};

/// Folders that one command made; they are removed again, if they are empty,
/// unless `keep` is called.
class MadeFolders {
public:
  MadeFolders() = default;
  MadeFolders(const MadeFolders &) = delete;
  MadeFolders &operator=(const MadeFolders &) = delete;
  ~MadeFolders();
  /// Makes `path` and what it lies in, as far as they are not there.
  bool make(const std::string &path, std::string &error);
  void keep() { made.clear(); }

private:
  std::vector<std::string> made; ///< Outermost first.
};

/// Whether a file could be made in `path`, or in the folder that it would be
/// made in: asked before hours of work, not after. Makes nothing.
bool canWriteIn(const std::string &path, std::string &error);

/// A new folder in the system's place for temporary files; it is removed, with
/// all that is in it, when this goes.
class TemporaryFolder {
public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  ~TemporaryFolder();
  /// Empty if none could be made.
  const std::string &path() const { return folder; }

private:
  std::string folder;
};

} // namespace glmc

#endif // GLMC_COMPILER_WRITEFILE_H
