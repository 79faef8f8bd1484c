//===- WeightsFile.cpp - A program's weights in a file of their own -----------===//
#include "compiler/WeightsFile.h"

#include "codegen/WeightsLayout.h"
#include "compiler/Outputs.h"
#include "runtime-min/weights.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace glmc {
namespace {

/// The checksum of bytes that come in pieces of any size.
class Checksum {
public:
  Checksum() { glmc_weights_hash_start(&hash); }

  void add(const uint8_t *data, size_t bytes) {
    total += int64_t(bytes);
    if (kept > 0) {
      const size_t taken = std::min(bytes, sizeof stripe - kept);
      std::copy_n(data, taken, stripe + kept);
      data += taken;
      bytes -= taken;
      kept += taken;
      if (kept < sizeof stripe)
        return;
      glmc_weights_hash_add(&hash, stripe, sizeof stripe);
    }
    kept = bytes % sizeof stripe;
    glmc_weights_hash_add(&hash, data, int64_t(bytes - kept));
    std::copy_n(data + (bytes - kept), kept, stripe);
  }

  int64_t bytes() const { return total; }
  uint64_t value() const { return glmc_weights_hash_end(&hash); }

private:
  glmc_weights_hash hash;
  uint8_t stripe[32];
  size_t kept = 0;
  int64_t total = 0;
};

} // namespace

bool checksumWeights(const Program &program, uint64_t &checksum) {
  Checksum sum;
  if (!program.writeWeights([&](const uint8_t *data, size_t bytes) { sum.add(data, bytes); }))
    return false;
  checksum = sum.value();
  return true;
}

bool writeWeightsFile(const Program &program, const std::string &path, uint64_t &checksum, std::string &error) {
  FileWriter file(path);
  const std::string nothing(glmc_weights_header_bytes, '\0');
  file.write(nothing); // The checksum is known when all is written.
  Checksum sum;
  const bool read = program.writeWeights([&](const uint8_t *data, size_t bytes) {
    sum.add(data, bytes);
    file.write({reinterpret_cast<const char *>(data), bytes});
  });
  if (!read)
    return false;
  if (sum.bytes() != program.weightBytes) {
    error = "has " + std::to_string(sum.bytes()) + " bytes of weights, expected " + std::to_string(program.weightBytes);
    return false;
  }
  checksum = sum.value();
  const glmc_weights_header header = {glmc_weights_magic,     glmc_weights_version, glmc_weights_header_bytes,
                                      weightsLayout(program), program.weightBytes,  checksum};
  file.overwriteStart({reinterpret_cast<const char *>(&header), sizeof header});
  return file.close(error);
}

std::unique_ptr<MappedWeights> MappedWeights::map(const std::string &path, std::string &error) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  void *address = MAP_FAILED;
  if (file >= 0 && ::fstat(file, &status) == 0)
    address = ::mmap(nullptr, size_t(status.st_size), PROT_READ, MAP_SHARED, file, 0);
  if (address == MAP_FAILED)
    error = std::string("cannot be mapped: ") + std::strerror(errno);
  if (file >= 0)
    ::close(file);
  if (address == MAP_FAILED)
    return nullptr;
  return std::unique_ptr<MappedWeights>(new MappedWeights(address, status.st_size));
}

std::unique_ptr<MappedWeights> TemporaryWeights::map(const Program &program, std::string &error) const {
  return program.weightsApart ? MappedWeights::map(asideOf(path()), error) : nullptr;
}

MappedWeights::~MappedWeights() { ::munmap(address, size_t(size)); }

} // namespace glmc
