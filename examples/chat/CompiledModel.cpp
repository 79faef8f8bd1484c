//===- CompiledModel.cpp - The model that glmc compiled --------------------===//
#include "CompiledModel.h"

#include "glm.h"

#include <fcntl.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef GLM_VOCABULARY
#error "glm.h is of a model without state: compile it with glmc compile --context N"
#endif
#if GLM_ALL_LOGITS
#error "this program wants the last token's logits only: compile the model without --logits all"
#endif

namespace chat {

namespace {

void check(int status, const std::string &what) {
  if (status != GLM_OK)
    throw std::runtime_error(what + ": " + glm_status_text(status));
}

} // namespace

#ifdef GLM_WEIGHTS_FILE_BYTES

void CompiledModel::mapWeights(const std::string &path) {
  if (path.empty())
    throw std::runtime_error("the model's weights are in a file of their own: name it with --weights");
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0) {
    mapped = mmap(nullptr, status.st_size, PROT_READ, MAP_SHARED, file, 0);
    mappedBytes = status.st_size;
  }
  if (file >= 0)
    close(file);
  if (mappedBytes == 0 || mapped == MAP_FAILED)
    throw std::runtime_error(path + ": cannot be mapped");
}

CompiledModel::CompiledModel(const std::string &weights, bool checkWeights) {
  mapWeights(weights);
  check(glm_init(&glm_default, mapped, mappedBytes), weights);
  if (checkWeights)
    check(glm_check_weights(&glm_default), weights);
}

#else

CompiledModel::CompiledModel(const std::string &weights, bool) {
  if (!weights.empty())
    throw std::runtime_error(weights + ": this model carries its weights: leave --weights out");
  check(glm_init(&glm_default), "the model");
}

#endif

CompiledModel::~CompiledModel() {
  // Threads of a model that has any sleep now, and end with the program.
  if (mappedBytes)
    munmap(mapped, mappedBytes);
}

bool CompiledModel::read(const std::vector<int64_t> &tokens, std::vector<float> &logits) {
  logits.resize(GLM_VOCABULARY);
  int status = tokens.size() == 1
                   ? glm_decode(&glm_default, tokens[0], logits.data())
                   : glm_prefill(&glm_default, tokens.data(), static_cast<int64_t>(tokens.size()), logits.data());
  if (status == GLM_ERROR_CONTEXT_FULL)
    return false;
  check(status, "the model");
  return true;
}

int64_t CompiledModel::length() const { return glm_length(&glm_default); }

void CompiledModel::forget(int64_t count) {
  if (count == length())
    check(glm_reset(&glm_default), "the model");
  else
    check(glm_rollback(&glm_default, count), "the model");
}

int64_t CompiledModel::context() const { return GLM_CONTEXT_TOKENS; }

int64_t CompiledModel::vocabulary() const { return GLM_VOCABULARY; }

int64_t CompiledModel::contextBytes() { return sizeof(glm_context); }

} // namespace chat
