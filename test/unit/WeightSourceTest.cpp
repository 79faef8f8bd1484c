//===- WeightSourceTest.cpp - Reading weights from files that may lie -------===//
//
// Varints below were encoded by protobuf's Python package (TensorProto's
// int32_data and int64_data).
//
//===----------------------------------------------------------------------===//
#include "dialects/glm/WeightSource.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

using namespace mlir;
using namespace glmc;

namespace {

using Bytes = std::vector<uint8_t>;

class WeightSourceTest : public ::testing::Test {
protected:
  void SetUp() override {
    context.loadDialect<glm::GlmDialect>();
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("glmc-weights", folder));
    ASSERT_FALSE(llvm::sys::fs::create_directories(folder + "/model/sub"));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string modelFolder() { return (folder + "/model").str(); }

  void write(StringRef file, const Bytes &bytes) {
    std::ofstream stream((folder + "/" + file).str(), std::ios::binary);
    stream.write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  }

  void link(StringRef to, StringRef from) {
    ASSERT_FALSE(llvm::sys::fs::create_link(folder + "/" + to, folder + "/" + from));
  }

  glm::StoredAttr stored(StringRef file, uint64_t offset, uint64_t bytes, StringRef encoding = "raw") {
    return glm::StoredAttr::get(&context, file, offset, bytes, encoding);
  }

  /// What is read, or the error.
  Bytes read(glm::StoredAttr where, StringRef type, std::string *error = nullptr) {
    WeightSource source(modelFolder());
    Bytes elements;
    std::string text;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) { text += diagnostic.str(); });
    bool ok = succeeded(
        source.read(where, cast<RankedTensorType>(parseType(type, &context)), UnknownLoc::get(&context), elements));
    EXPECT_EQ(ok, text.empty());
    if (error)
      *error = text;
    else
      EXPECT_EQ(text, "");
    return elements;
  }

  std::string errorOf(glm::StoredAttr where, StringRef type) {
    std::string error;
    read(where, type, &error);
    return error;
  }

  MLIRContext context;
  SmallString<128> folder;
};

TEST_F(WeightSourceTest, ReadsRawElements) {
  write("model/w.bin", {9, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(read(stored("w.bin", 1, 8), "tensor<2xf32>"), (Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(read(stored("w.bin", 8, 2), "tensor<1x1xbf16>"), (Bytes{8, 9}));
  EXPECT_EQ(read(stored("./w.bin", 2, 1), "tensor<i8>"), (Bytes{2}));
  EXPECT_EQ(read(stored("w.bin", 10, 0), "tensor<0x5xf32>"), Bytes());
}

TEST_F(WeightSourceTest, ReadsFromSubfoldersAndInnerLinks) {
  write("model/sub/w.bin", {1, 2});
  link("model/sub/w.bin", "model/inner");
  EXPECT_EQ(read(stored("sub/w.bin", 0, 2), "tensor<2xui8>"), (Bytes{1, 2}));
  EXPECT_EQ(read(stored("inner", 0, 2), "tensor<2xui8>"), (Bytes{1, 2}));
}

TEST_F(WeightSourceTest, BoolsBecomeZeroOrOne) {
  write("model/w.bin", {0, 1, 2, 255});
  EXPECT_EQ(read(stored("w.bin", 0, 4), "tensor<4xi1>"), (Bytes{0, 1, 1, 1}));
  // 0, 1, 256 (whose low byte is zero)
  write("model/v.bin", {0x00, 0x01, 0x80, 0x02});
  EXPECT_EQ(read(stored("v.bin", 0, 4, "varint"), "tensor<3xi1>"), (Bytes{0, 1, 1}));
}

TEST_F(WeightSourceTest, DecodesVarints) {
  // int32_data of [1, 300, -1, 0, 2147483647, -2147483648]
  write("model/v.bin", {0x01, 0xac, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00, 0xff,
                        0xff, 0xff, 0xff, 0x07, 0x80, 0x80, 0x80, 0x80, 0xf8, 0xff, 0xff, 0xff, 0xff, 0x01});
  Bytes elements = read(stored("v.bin", 0, 29, "varint"), "tensor<2x3xi32>");
  ASSERT_EQ(elements.size(), 24u);
  int32_t values[6];
  std::memcpy(values, elements.data(), sizeof(values));
  EXPECT_EQ(std::vector<int32_t>(values, values + 6), (std::vector<int32_t>{1, 300, -1, 0, INT32_MAX, INT32_MIN}));

  // int64_data of [-5, 1099511627776]
  write("model/l.bin",
        {0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20});
  elements = read(stored("l.bin", 0, 16, "varint"), "tensor<2xi64>");
  ASSERT_EQ(elements.size(), 16u);
  int64_t wide[2];
  std::memcpy(wide, elements.data(), sizeof(wide));
  EXPECT_EQ(wide[0], -5);
  EXPECT_EQ(wide[1], int64_t(1) << 40);

  // int32_data of [15360], the bits of 1.0 as a half
  write("model/h.bin", {0x80, 0x78});
  EXPECT_EQ(read(stored("h.bin", 0, 2, "varint"), "tensor<1xf16>"), (Bytes{0x00, 0x3c}));
}

TEST_F(WeightSourceTest, RefusesMalformedVarints) {
  write("model/v.bin", {0x01, 0x02, 0xff, 0xff});
  EXPECT_EQ(errorOf(stored("v.bin", 0, 2, "varint"), "tensor<3xi32>"),
            "weight data in 'v.bin' has at most 2 elements, expected 3");
  EXPECT_EQ(errorOf(stored("v.bin", 0, 2, "varint"), "tensor<1xi32>"),
            "weight data in 'v.bin' has more than the expected 1 elements");
  EXPECT_EQ(errorOf(stored("v.bin", 1, 3, "varint"), "tensor<2xi32>"),
            "weight data in 'v.bin' has a malformed varint at element 1");
  EXPECT_EQ(errorOf(stored("v.bin", 0, 2, "varint"), "tensor<2xf32>"),
            "weight data in 'v.bin' is varint, which 'tensor<2xf32>' is never stored as");
  write("model/long.bin", Bytes(11, 0x80));
  EXPECT_EQ(errorOf(stored("long.bin", 0, 11, "varint"), "tensor<1xi64>"),
            "weight data in 'long.bin' has a malformed varint at element 0");
  write("model/two.bin", {0xac, 0x02});
  EXPECT_EQ(errorOf(stored("two.bin", 0, 2, "varint"), "tensor<2xi64>"),
            "weight data in 'two.bin' has 1 elements, expected 2");
}

TEST_F(WeightSourceTest, RefusesPathsThatLeaveTheFolder) {
  write("secret", {1, 2, 3, 4});
  write("model-other", {1, 2, 3, 4});
  link("secret", "model/escape");
  link(".", "model/up");
  auto error = [&](StringRef file) { return errorOf(stored(file, 0, 4), "tensor<4xi8>"); };
  EXPECT_EQ(error("../secret"), "weight file '../secret' leaves the model's folder by '..'");
  EXPECT_EQ(error("sub/../../secret"), "weight file 'sub/../../secret' leaves the model's folder by '..'");
  EXPECT_EQ(error("../model-other"), "weight file '../model-other' leaves the model's folder by '..'");
  EXPECT_EQ(error("escape"), "weight file 'escape' leaves the model's folder by a symbolic link");
  EXPECT_EQ(error("up/secret"), "weight file 'up/secret' leaves the model's folder by a symbolic link");
  EXPECT_EQ(error("up/model-other"), "weight file 'up/model-other' leaves the model's folder by a symbolic link");
  EXPECT_EQ(error("/etc/passwd"), "weight file '/etc/passwd' is an absolute path, expected one relative to the model");
  EXPECT_EQ(error(""), "weight file '' is not a file name");
  EXPECT_NE(error(StringRef("a\0b", 3)), "");
}

TEST_F(WeightSourceTest, RefusesWhatIsNotThere) {
  write("model/w.bin", {1, 2, 3, 4});
  EXPECT_EQ(errorOf(stored("none", 0, 4), "tensor<4xi8>"), "cannot open weight file 'none': No such file or directory");
  EXPECT_EQ(errorOf(stored("sub", 0, 4), "tensor<4xi8>"), "weight file 'sub' is not a regular file");
  EXPECT_EQ(errorOf(stored("w.bin", 1, 4), "tensor<4xi8>"),
            "weight file 'w.bin' has 4 bytes, expected 4 bytes at offset 1");
  EXPECT_EQ(errorOf(stored("w.bin", UINT64_MAX - 4, 4), "tensor<4xi8>"),
            "weight file 'w.bin' has 4 bytes, expected 4 bytes at offset 18446744073709551611");
  EXPECT_EQ(errorOf(stored("w.bin", 0, 4), "tensor<2xf32>"),
            "weight data in 'w.bin' has 4 bytes, type 'tensor<2xf32>' takes 8");
  EXPECT_EQ(errorOf(stored("w.bin", 0, 4), "tensor<4294967296x4294967296x4xf32>"),
            "no weight can have type 'tensor<4294967296x4294967296x4xf32>'");
  EXPECT_EQ(errorOf(stored("w.bin", 0, 4), "tensor<1000000000000xi8>"),
            "weight data in 'w.bin' has 4 bytes, type 'tensor<1000000000000xi8>' takes 1000000000000");
  EXPECT_EQ(errorOf(stored("w.bin", 0, 4), "tensor<8xi2>"), "no weight can have type 'tensor<8xi2>'");
}

TEST_F(WeightSourceTest, FailsAgainAfterAFailure) {
  WeightSource source(modelFolder());
  Bytes elements;
  auto read = [&] {
    ScopedDiagnosticHandler handler(&context, [](Diagnostic &) {});
    return source.read(stored("later", 0, 1), cast<RankedTensorType>(parseType("tensor<1xi8>", &context)),
                       UnknownLoc::get(&context), elements);
  };
  EXPECT_TRUE(failed(read()));
  EXPECT_TRUE(failed(read()));
  write("model/later", {5});
  EXPECT_TRUE(succeeded(read()));
}

TEST_F(WeightSourceTest, MapsEachFileOnce) {
  write("model/w.bin", Bytes(100000, 7));
  WeightSource source(modelFolder());
  auto first = source.map(stored("w.bin", 0, 10), UnknownLoc::get(&context));
  auto second = source.map(stored("w.bin", 5, 10), UnknownLoc::get(&context));
  ASSERT_TRUE(succeeded(first) && succeeded(second));
  EXPECT_EQ(first->data() + 5, second->data());
}

TEST_F(WeightSourceTest, DirectoryComesFromTheModule) {
  write("model/w.bin", {1});
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  (*module)->setAttr(glm::GlmDialect::directoryAttr, StringAttr::get(&context, modelFolder()));
  WeightSource source(*module);
  EXPECT_TRUE(succeeded(source.map(stored("w.bin", 0, 1), UnknownLoc::get(&context))));
}

} // namespace
