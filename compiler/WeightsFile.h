//===- WeightsFile.h - A program's weights in a file of their own -------------===//
//
// Writes the file that runtime-min/weights.h describes, a weight at a time, and
// maps it for runs of our own.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_WEIGHTSFILE_H
#define GLMC_COMPILER_WEIGHTSFILE_H

#include "codegen/Program.h"
#include "compiler/WriteFile.h"

#include <memory>

namespace glmc {

/// Where a program's weights go: into the object and the C++ file, or into a
/// file; the last for runs of our own, which map what is large.
enum class WeightsPlace { inside, apart, apartIfLarge };

/// XXH64 of the weights image. False: they cannot be read, which was reported.
bool checksumWeights(const Program &program, uint64_t &checksum);

/// Writes the weights file at `path`, which nobody is to use before this is done.
/// False: `error` says why, to be put behind the path, or is empty if a source
/// cannot be read, which was reported; nothing is at `path` then.
bool writeWeightsFile(const Program &program, const std::string &path, uint64_t &checksum, std::string &error);

/// A weights file that generated code can be given. Once it is mapped the file
/// may be removed.
class MappedWeights {
public:
  MappedWeights(const MappedWeights &) = delete;
  MappedWeights &operator=(const MappedWeights &) = delete;
  ~MappedWeights();
  /// Null: `error` says why.
  static std::unique_ptr<MappedWeights> map(const std::string &path, std::string &error);

  const void *data() const { return address; }
  int64_t bytes() const { return size; }

private:
  MappedWeights(void *address, int64_t size) : address(address), size(size) {}
  void *address;
  int64_t size;
};

/// Where compile() is to put weights that a run of our own maps; they are gone
/// from there once this is, and from the disk with the mapping.
class TemporaryWeights {
public:
  /// Empty if the system gives no place for temporary files.
  std::string path() const { return folder.path().empty() ? "" : folder.path() + "/weights"; }
  /// Null if the program has no weights apart, or with `error` set.
  std::unique_ptr<MappedWeights> map(const Program &program, std::string &error) const;

private:
  TemporaryFolder folder;
};

} // namespace glmc

#endif // GLMC_COMPILER_WEIGHTSFILE_H
