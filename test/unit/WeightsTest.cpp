//===- WeightsTest.cpp - Weights in a file of their own ------------------------===//
//
// What generated code carries of it; checksums are those of the xxhash package.
//
//===----------------------------------------------------------------------===//
#include "runtime-min/weights.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace {

std::vector<uint8_t> bytes(size_t count) {
  std::vector<uint8_t> data(count);
  for (size_t i = 0; i < count; ++i)
    data[i] = uint8_t(i * 7 + 3);
  return data;
}

uint64_t checksum(const std::vector<uint8_t> &data, size_t piece) {
  glmc_weights_hash hash;
  glmc_weights_hash_start(&hash);
  for (size_t i = 0; i < data.size(); i += piece)
    glmc_weights_hash_add(&hash, data.data() + i, int64_t(std::min(piece, data.size() - i)));
  return glmc_weights_hash_end(&hash);
}

TEST(Weights, ChecksumIsXxh64) {
  const std::pair<size_t, uint64_t> known[] = {{0, 0xef46db3751d8e999},
                                               {32, 0x23c3c17ef790fd97},
                                               {64, 0xeb64b3ef6eeb01f},
                                               {128, 0x46fbcfbf0150793f},
                                               {4096, 0x796398cd432797cc}};
  for (auto [count, expected] : known)
    for (size_t piece : {32, 64, 4096})
      EXPECT_EQ(checksum(bytes(count), piece), expected) << count;
}

constexpr uint64_t layout = 0x1234;
constexpr int64_t imageBytes = 128, fileBytes = glmc_weights_header_bytes + imageBytes;

/// A file in memory, aligned as mapped ones are.
struct File {
  alignas(64) uint8_t data[fileBytes + 64] = {};
  File() {
    const std::vector<uint8_t> image = bytes(imageBytes);
    set({glmc_weights_magic, glmc_weights_version, glmc_weights_header_bytes, layout, imageBytes, 0x46fbcfbf0150793f});
    std::copy(image.begin(), image.end(), data + glmc_weights_header_bytes);
  }
  void set(const glmc_weights_header &header) { std::memcpy(data, &header, sizeof header); }
  glmc_weights_header header() const {
    glmc_weights_header header;
    std::memcpy(&header, data, sizeof header);
    return header;
  }
  const uint8_t *open(int64_t size = fileBytes) const { return glmc_weights_open(data, size, layout, imageBytes); }
};

TEST(Weights, OpensTheFileThatItIsToldOf) {
  File file;
  EXPECT_EQ(file.data[0], 'g');
  EXPECT_EQ(std::memcmp(file.data, "glmc-wts", 8), 0);
  ASSERT_EQ(file.open(), file.data + 4096);
  EXPECT_EQ(file.open(fileBytes + 64), file.data + 4096); // A partition may be larger.
  EXPECT_EQ(glmc_weights_intact(file.open(), imageBytes), 1);
  file.data[fileBytes - 1] ^= 1;
  EXPECT_EQ(glmc_weights_intact(file.open(), imageBytes), 0);
}

TEST(Weights, RefusesEverythingElse) {
  File file;
  EXPECT_EQ(glmc_weights_open(nullptr, fileBytes, layout, imageBytes), nullptr);
  for (int64_t size : {INT64_MIN, int64_t(-1), int64_t(0), int64_t(40), int64_t(4095), int64_t(4096), fileBytes - 1})
    EXPECT_EQ(file.open(size), nullptr) << size;
  std::memmove(file.data + 32, file.data, fileBytes); // Whole, but not aligned.
  EXPECT_EQ(glmc_weights_open(file.data + 32, fileBytes, layout, imageBytes), nullptr);
  EXPECT_EQ(glmc_weights_open(File().data, fileBytes, layout + 1, imageBytes), nullptr);
  EXPECT_EQ(glmc_weights_open(File().data, fileBytes, layout, imageBytes - 64), nullptr);
  const auto refuses = [](auto change) {
    File changed;
    glmc_weights_header header = changed.header();
    change(header);
    changed.set(header);
    return changed.open() == nullptr;
  };
  EXPECT_TRUE(refuses([](auto &header) { header.magic ^= 1; }));
  EXPECT_TRUE(refuses([](auto &header) { ++header.version; }));
  EXPECT_TRUE(refuses([](auto &header) { header.headerBytes = 64; }));
  EXPECT_TRUE(refuses([](auto &header) { ++header.layout; }));
  EXPECT_TRUE(refuses([](auto &header) { header.imageBytes = INT64_MAX; }));
  EXPECT_TRUE(refuses([](auto &header) { header.imageBytes = -64; }));
  EXPECT_FALSE(refuses([](auto &header) { header.checksum ^= 1; })); // That is asked apart.
}

} // namespace
