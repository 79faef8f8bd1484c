//===- ObjectWeightsTest.cpp - Objects whose weights are in a file -------------===//
#include "test/unit/ObjectModel.h"

#include "codegen/Status.h"
#include "codegen/WeightsLayout.h"
#include "runtime-min/weights.h"

#include <cstddef>
#include <cstring>

using namespace glmc;
using namespace glmc::object;
using namespace glmc::object::testing;

namespace {

/// The model with its weights apart, and their file.
struct ApartModel : Model {
  std::vector<uint8_t> storage;

  ApartModel() {
    program.weightsApart = true;
    program.weights = {{"w", f32({rows, columns}), 0, 4 * rows * columns}, {"b", f32({rows}), 4 * rows * columns, 4 * rows}};
    std::vector<uint8_t> image;
    program.writeWeights([&](const uint8_t *data, size_t bytes) { image.insert(image.end(), data, data + bytes); });
    glmc_weights_hash hash;
    glmc_weights_hash_start(&hash);
    glmc_weights_hash_add(&hash, image.data(), image.size());
    const glmc_weights_header header = {glmc_weights_magic,     glmc_weights_version, glmc_weights_header_bytes,
                                        weightsLayout(program), program.weightBytes,  glmc_weights_hash_end(&hash)};
    storage.resize(64 + glmc_weights_header_bytes + image.size());
    std::memcpy(file(), &header, sizeof header);
    std::copy(image.begin(), image.end(), file() + glmc_weights_header_bytes);
  }

  uint8_t *file() {
    const uintptr_t address = reinterpret_cast<uintptr_t>(storage.data());
    return storage.data() + (64 - address % 64) % 64;
  }
  int64_t fileBytes() const { return glmc_weights_header_bytes + program.weightBytes; }

  RunResult run(const std::string &entry, std::function<void(RunRequest &)> change = {}) {
    ObjectResult object = emitObject(program, kernels, optionsFor("x86-64"));
    EXPECT_EQ(object.error, "");
    RunRequest request = requestFor(object, entry);
    request.weightsApart = true;
    request.weights = file();
    request.weightsBytes = fileBytes();
    if (change)
      change(request);
    return runObject(request);
  }
};

TEST(ObjectWeights, ComputesWithTheFileItIsGiven) {
  ApartModel model;
  for (bool whole : {true, false}) {
    RunResult run = model.run(whole ? "run" : "again", [](RunRequest &request) { request.checkWeights = true; });
    ASSERT_EQ(run.error, "");
    EXPECT_EQ(floats(run.outputs[0]), Model::expected(whole));
  }
}

TEST(ObjectWeights, HoldsNone) {
  ApartModel model;
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(object.error, "");
  EXPECT_EQ(object.weightBytes, 0);
  EXPECT_LT(object.constantBytes, 1200); // Texts of statuses.
  for (const std::string &symbol : object.undefinedSymbols)
    EXPECT_TRUE(symbol == "memcpy" || symbol == "memset" || symbol == "memmove") << symbol;
  // However large they are.
  model.program.weightBytes = int64_t(6) << 30;
  EXPECT_EQ(emitObject(model.program, model.kernels, optionsFor("x86-64")).error, "");
}

TEST(ObjectWeights, InitRefusesAnythingElse) {
  ApartModel model;
  const auto statusOf = [&](std::function<void(RunRequest &)> change) { return model.run("run", change).status; };
  EXPECT_EQ(statusOf([](RunRequest &request) { request.weights = nullptr; }), statusWeights);
  EXPECT_EQ(statusOf([](RunRequest &request) { request.weightsBytes -= 1; }), statusWeights);
  EXPECT_EQ(statusOf([](RunRequest &request) { request.weightsBytes = -1; }), statusWeights);
  EXPECT_EQ(statusOf([](RunRequest &request) { request.weights = (const char *)request.weights + 4; }), statusWeights);
  model.file()[0] ^= 1;
  EXPECT_EQ(statusOf({}), statusWeights);
}

TEST(ObjectWeights, OfAnotherModelAreRefusedAndOtherValuesAreNot) {
  ApartModel model, other;
  other.program.weights[1].name = "c";
  const uint64_t layout = weightsLayout(other.program);
  EXPECT_NE(layout, weightsLayout(model.program));
  std::memcpy(model.file() + offsetof(glmc_weights_header, layout), &layout, 8);
  RunResult run = model.run("run");
  EXPECT_EQ(run.status, statusWeights);
  EXPECT_EQ(run.statusText, "there are no weights, or they are not this program's");
  float value = 0;
  std::memcpy(other.file() + glmc_weights_header_bytes, &value, 4);
  other.program.weights[1].name = "b";
  ASSERT_EQ(other.run("run").error, "");
  EXPECT_EQ(other.run("run", [](RunRequest &request) { request.checkWeights = true; }).status, statusWeights);
}

TEST(ObjectWeights, EveryPropertyOfAWeightIsInTheLayout) {
  const auto layoutOf = [](std::function<void(Program &)> change) {
    ApartModel model;
    change(model.program);
    return weightsLayout(model.program);
  };
  const uint64_t same = layoutOf([](Program &) {});
  EXPECT_EQ(same, layoutOf([](Program &) {}));
  EXPECT_NE(same, layoutOf([](Program &p) { p.weightBytes += 64; }));
  EXPECT_NE(same, layoutOf([](Program &p) { p.weights[0].offset += 64; }));
  EXPECT_NE(same, layoutOf([](Program &p) { p.weights[0].type.element = kernels::Element::i32; }));
  EXPECT_NE(same, layoutOf([](Program &p) { std::swap(p.weights[0].type.shape[0], p.weights[0].type.shape[1]); }));
  EXPECT_NE(same, layoutOf([](Program &p) { p.weights[0].type.layout = {kernels::Layout::panels, 0, 16}; }));
  EXPECT_NE(same, layoutOf([](Program &p) { p.weights.pop_back(); }));
}

TEST(ObjectWeights, EveryTargetChecksThemInLittleStack) {
  for (const char *name : {"x86-64-v3", "x86-64-v4"}) {
    ApartModel model;
    ObjectResult object = emitObject(model.program, model.kernels, optionsFor(name));
    ASSERT_EQ(object.error, "") << name;
    EXPECT_EQ(object.stack[1].function, "check_weights");
    EXPECT_LT(object.stack[1].bytes, 512);
  }
}

/// Whose addresses are 8 bytes, and 4.
TEST(ObjectWeights, OtherProcessorsEmitThem) {
  for (auto [triple, cpu] : {std::pair("aarch64-unknown-linux-gnu", "cortex-a72"),
                             std::pair("thumbv7em-none-unknown-eabihf", "cortex-m4")}) {
    ApartModel model;
    ObjectOptions options = optionsFor("x86-64");
    options.target.triple = triple;
    options.target.cpu = options.target.baselineCpu = cpu;
    options.target.features.clear();
    options.target.requirements.clear();
    ObjectResult object = emitObject(model.program, model.kernels, options);
    EXPECT_EQ(object.error, "") << triple;
    EXPECT_LT(object.codeBytes, 2500) << triple;
  }
}

} // namespace
