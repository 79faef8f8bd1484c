//===- ModelLibrary.h - A compiled model, loaded for timing -------------------===//
//
// glue.py makes a shared library of a model and adds the table that is read
// here, so that one program times any model.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_BENCH_MODELLIBRARY_H
#define GLMC_TEST_BENCH_MODELLIBRARY_H

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace glmc::bench {

/// As glue.py writes it, in C.
struct ModelParameter {
  const char *name, *element, *shape;
  size_t bytes;
  int isOutput;
};

/// Zeros that begin a page; in large pages where the machine has them, so that
/// reading is limited by memory and not by the search for pages.
struct Buffer {
  explicit Buffer(size_t bytes);
  std::unique_ptr<char, void (*)(void *)> data;
  size_t bytes;
};

class ModelLibrary {
public:
  /// Loads the library at `path`, fills its inputs, one behind the other, from
  /// the file `inputs` and makes the context ready with its weights file, which
  /// is read once for all libraries. Throws std::runtime_error.
  ModelLibrary(const std::string &path, const std::string &inputs);

  /// One run; throws if the model returns a status.
  void run();
  /// Writes what the last run left, output behind output.
  void writeOutputs(const std::string &path) const;

private:
  void fillInputs(const std::string &inputs);

  int (*runModel)(void *, void *const *) = nullptr;
  const ModelParameter *parameters = nullptr;
  std::vector<Buffer> buffers;
  std::vector<void *> pointers;
  std::unique_ptr<Buffer> context;
};

} // namespace glmc::bench

#endif // GLMC_TEST_BENCH_MODELLIBRARY_H
