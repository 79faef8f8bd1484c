//===- RoundingTest.cpp - Weights in fewer bits, bit for bit ----------------===//
//
// data/rounding_cases.txt has weights and what numpy makes of them by the rules of
// dialects/glm/Rounding.h (data/make_rounding_data.py).
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/Rounding.h"
#include "dialects/glm/WeightSource.h"
#include "dialects/glm/reference/Tensor.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

using namespace mlir;
using namespace glmc;

namespace {

using Bytes = std::vector<uint8_t>;

struct Case {
  std::string name, from, to;
  int64_t axis = 0, group = 0;
  std::vector<int64_t> shape;
  Bytes weight;
  std::map<std::string, Bytes> parts;
  double q4 = 0; ///< The squared error of llama.cpp's Q4_0; 0 if it is not known.
};

Bytes bytesOf(const std::string &text) {
  const std::string raw = text == "-" ? "" : llvm::fromHex(text);
  return Bytes(raw.begin(), raw.end());
}

std::vector<Case> readCases() {
  std::vector<Case> cases;
  std::ifstream file(GLMC_TEST_DIR "/unit/data/rounding_cases.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, text;
    words >> key;
    if (key == "case") {
      Case &one = cases.emplace_back();
      words >> one.name >> one.from >> one.to >> one.axis >> one.group;
      for (int64_t size; words >> size;)
        one.shape.push_back(size);
      continue;
    }
    words >> text;
    if (key == "from")
      cases.back().weight = bytesOf(text);
    else if (key == "q4_0")
      cases.back().q4 = std::stod(text);
    else
      cases.back().parts[key] = bytesOf(text);
  }
  return cases;
}

class RoundingTest : public ::testing::Test {
protected:
  RoundingTest() {
    context.loadDialect<glm::GlmDialect>();
    cases = readCases();
  }

  Type typeOf(const std::string &name) {
    Builder builder(&context);
    if (name == "f32")
      return builder.getF32Type();
    if (name == "f16")
      return builder.getF16Type();
    if (name == "bf16")
      return builder.getBF16Type();
    return IntegerType::get(&context, name.back() == '4' ? 4 : 8,
                            name[0] == 'u' ? IntegerType::Unsigned : IntegerType::Signless);
  }

  glm::RoundingAttr roundingOf(const Case &one, const std::string &part) {
    return glm::RoundingAttr::get(&context, RankedTensorType::get(one.shape, typeOf(one.from)), typeOf(one.to), part,
                                  one.axis, one.group);
  }

  reference::Tensor tensorOf(const Case &one, const std::string &part) {
    reference::Tensor tensor;
    tensor.type = roundingOf(one, part).type();
    tensor.bytes = one.parts.at(part);
    return tensor;
  }

  MLIRContext context;
  std::vector<Case> cases;
};

std::string labelOf(const Case &one, const std::string &part) { return one.name + " to " + one.to + ": " + part; }

TEST_F(RoundingTest, GivesTheBitsThatNumpyGives) {
  ASSERT_GT(cases.size(), 30u);
  for (const Case &one : cases) {
    EXPECT_EQ(one.parts.size(), one.group == 0 ? 1u : one.to[0] == 'u' ? 3u : 2u) << one.name;
    for (const auto &[part, expected] : one.parts) {
      Bytes bytes = {1, 2, 3};
      glm::roundWeight(roundingOf(one, part), one.weight, bytes);
      EXPECT_EQ(bytes, expected) << labelOf(one, part);
    }
  }
}

/// Searching for scales is worth it: half a decibel against the rule that llama.cpp
/// has for the same four bits and the same scales.
TEST_F(RoundingTest, IsBetterThanTheCommonRule) {
  int found = 0;
  for (const Case &one : cases) {
    if (one.q4 == 0)
      continue;
    ++found;
    const reference::Tensor values = tensorOf(one, "values"), scales = tensorOf(one, "scales");
    const int64_t columns = one.shape[1], groups = columns / one.group;
    double error = 0;
    for (int64_t i = 0; i < values.size(); ++i) {
      const int64_t group = one.axis == 0 ? i / columns / one.group * columns + i % columns
                                          : i / columns * groups + i % columns / one.group;
      float x;
      std::memcpy(&x, &one.weight[i * 4], 4);
      const double rest = x - values.getFloat(i) * scales.getFloat(group);
      error += rest * rest;
    }
    EXPECT_LT(error, 0.92 * one.q4) << one.name;
  }
  EXPECT_EQ(found, 2);
}

/// However a weight is cut into tasks, a column becomes what it becomes alone.
TEST_F(RoundingTest, RoundsEachColumnByItself) {
  constexpr int64_t depth = 300, columns = 2100;
  std::vector<float> weight(depth * columns);
  for (size_t i = 0; i < weight.size(); ++i)
    weight[i] = float(int(i * 7919 % 10007) - 5000) / 5000;
  auto round = [&](llvm::ArrayRef<float> from) {
    auto type = RankedTensorType::get({depth, int64_t(from.size()) / depth}, typeOf("f32"));
    auto rounding = glm::RoundingAttr::get(&context, type, typeOf("ui4"), "values", 0, 32);
    Bytes values;
    glm::roundWeight(rounding, llvm::ArrayRef(reinterpret_cast<const uint8_t *>(from.data()), from.size() * 4), values);
    return values;
  };
  const Bytes whole = round(weight);
  for (int64_t column : {0, 15, 16, 1023, 1024, 2095, 2099}) {
    std::vector<float> one(depth);
    Bytes expected(depth);
    for (int64_t k = 0; k < depth; ++k) {
      one[k] = weight[k * columns + column];
      expected[k] = whole[k * columns + column];
    }
    EXPECT_EQ(round(one), expected) << column;
  }
}

/// Parts of several weights may be asked for in any order, some more than once.
TEST_F(RoundingTest, IsReadThroughWeightSourceInAnyOrder) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("glmc-rounding", folder));
  std::ofstream file((folder + "/weights").str(), std::ios::binary);
  std::vector<std::pair<const Case *, glm::StoredAttr>> stored;
  uint64_t at = 0;
  for (const Case &one : cases) {
    file.write(reinterpret_cast<const char *>(one.weight.data()), one.weight.size());
    stored.push_back({&one, glm::StoredAttr::get(&context, "weights", at, one.weight.size(), "raw")});
    at += one.weight.size();
  }
  file.close();
  WeightSource source(folder.str().str());
  for (const char *part : {"zeros", "values", "values", "scales", "zeros"})
    for (const auto &[one, where] : stored) {
      if (!one->parts.count(part))
        continue;
      glm::RoundingAttr rounding = roundingOf(*one, part);
      Bytes bytes;
      ASSERT_TRUE(succeeded(source.read(ArrayAttr::get(&context, {where, rounding}), rounding.type(),
                                        UnknownLoc::get(&context), bytes)));
      EXPECT_EQ(bytes, one->parts.at(part)) << labelOf(*one, part);
    }
  llvm::sys::fs::remove_directories(folder);
}

} // namespace
