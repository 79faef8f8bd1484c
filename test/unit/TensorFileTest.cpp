//===- TensorFileTest.cpp - Tensors in files, against NumPy's and ONNX's own ---===//
//
// test/unit/data/tensors was written by NumPy and the onnx package (make.py).
//
//===----------------------------------------------------------------------===//
#include "compiler/TensorFile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace glmc;
using mlir::RankedTensorType;

namespace {

const std::string folder = std::string(GLMC_TEST_DIR) + "/unit/data/tensors/";

std::string contents(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class TensorFile : public testing::Test {
protected:
  NamedTensor read(const std::string &name) {
    std::string error;
    auto tensor = readTensorFile(context, folder + name, error);
    EXPECT_TRUE(tensor) << error;
    return tensor ? std::move(*tensor) : NamedTensor{"", reference::Tensor(type({0}))};
  }
  std::string npyError(const std::string &text) {
    std::string error;
    EXPECT_FALSE(parseNpy(context, text, error));
    return error;
  }
  std::string protoError(const std::string &text) {
    std::string error;
    EXPECT_FALSE(parseTensorProto(context, text, error));
    return error;
  }
  RankedTensorType type(llvm::ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, mlir::Builder(&context).getF32Type());
  }
  /// A .npy file of this header and these bytes of elements.
  static std::string npy(const std::string &header, size_t bytes) {
    std::string text("\x93NUMPY\1\0", 8);
    text += char(header.size() & 0xff);
    text += char(header.size() >> 8);
    return text + header + std::string(bytes, '\0');
  }

  mlir::MLIRContext context;
};

/// Every type that NumPy, ONNX and glmc share.
class EveryType : public TensorFile, public testing::WithParamInterface<const char *> {};

void expectValues(const reference::Tensor &tensor, const std::string &name) {
  ASSERT_EQ(tensor.shape(), llvm::ArrayRef<int64_t>({2, 3}));
  EXPECT_EQ(describeType(tensor.type), name + "[2, 3]");
  for (int64_t i = 0; i < 6; ++i)
    if (llvm::StringRef(name).contains("float"))
      EXPECT_EQ(tensor.getFloat(i), double(i) / 2);
    else
      EXPECT_EQ(tensor.getInt(i), name == "bool" ? i % 2 : i);
}

TEST_P(EveryType, IsReadFromNpy) { expectValues(read(GetParam() + std::string(".npy")).tensor, GetParam()); }

TEST_P(EveryType, IsReadFromRawData) {
  NamedTensor tensor = read(GetParam() + std::string(".pb"));
  EXPECT_EQ(tensor.name, GetParam());
  expectValues(tensor.tensor, GetParam());
}

TEST_P(EveryType, IsReadFromItsOwnField) {
  expectValues(read(GetParam() + std::string(".typed.pb")).tensor, GetParam());
}

TEST_P(EveryType, IsWrittenAsNumPyDoes) {
  std::string error;
  auto text = printNpy(read(GetParam() + std::string(".npy")).tensor, error);
  ASSERT_TRUE(text) << error;
  EXPECT_EQ(*text, contents(folder + GetParam() + ".npy"));
}

TEST_P(EveryType, IsWrittenAsOnnxDoes) {
  const std::string name = GetParam() + std::string(".pb");
  EXPECT_EQ(printTensorProto(read(name)), contents(folder + name));
}

INSTANTIATE_TEST_SUITE_P(TensorFile, EveryType,
                         testing::Values("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
                                         "uint64", "float16", "float32", "float64"));

TEST_F(TensorFile, ReadsBfloat16AndRefusesToWriteItAsNpy) {
  NamedTensor tensor = read("bfloat16.typed.pb");
  expectValues(tensor.tensor, "bfloat16");
  std::string error;
  auto again = parseTensorProto(context, printTensorProto(tensor), error);
  ASSERT_TRUE(again) << error;
  EXPECT_EQ(again->tensor.bytes, tensor.tensor.bytes);
  EXPECT_FALSE(printNpy(tensor.tensor, error));
  EXPECT_EQ(error, "NumPy has no bfloat16; write a .pb file instead");
}

TEST_F(TensorFile, ReadsEveryOrderAndVersionOfNpy) {
  for (const char *name : {"fortran.npy", "bigendian.npy", "version2.npy"})
    expectValues(read(name).tensor, "int32");
  NamedTensor cube = read("fortran3.npy");
  for (int64_t i = 0; i < 24; ++i)
    EXPECT_EQ(cube.tensor.getInt(i), i);
}

TEST_F(TensorFile, KeepsShapesOfNoneOneAndNoElements) {
  std::string error;
  for (auto [name, shape] :
       {std::pair("scalar.npy", "float32[]"), {"vector.npy", "float32[5]"}, {"empty.npy", "float32[0, 4]"}}) {
    NamedTensor tensor = read(name);
    EXPECT_EQ(describeType(tensor.tensor.type), shape);
    auto text = printNpy(tensor.tensor, error);
    EXPECT_EQ(*text, contents(folder + name));
    auto again = parseTensorProto(context, printTensorProto(tensor), error);
    ASSERT_TRUE(again) << error;
    EXPECT_EQ(again->tensor.type, tensor.tensor.type);
    EXPECT_EQ(again->tensor.bytes, tensor.tensor.bytes);
  }
}

TEST_F(TensorFile, RefusesWhatIsNotNpy) {
  EXPECT_EQ(npyError(""), "is not a .npy file: it does not begin with \"\\x93NUMPY\"");
  EXPECT_EQ(npyError("PK\3\4"), "is not a .npy file: it does not begin with \"\\x93NUMPY\"");
  const std::string good = contents(folder + "int32.npy");
  for (size_t size = 6; size < 128; ++size)
    EXPECT_EQ(npyError(good.substr(0, size)), "ends within the .npy header") << size;
  EXPECT_EQ(npyError(good.substr(0, good.size() - 1)), "holds 23 bytes of elements, expected 6 elements of 4");
  EXPECT_EQ(npyError(good + "x"), "holds 25 bytes of elements, expected 6 elements of 4");
  EXPECT_EQ(npyError(std::string("\x93NUMPY\4\0\0\0", 10)), "has .npy version 4, expected 1, 2 or 3");
}

TEST_F(TensorFile, RefusesHeadersThatMeanHarm) {
  const std::string notHeader = "has a .npy header that is not {'descr': ..., 'fortran_order': ..., 'shape': ...}";
  for (const char *header :
       {"", "{", "{}", "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2}", "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", "{'descr': [('a', '<f4')], 'shape': ()}"})
    EXPECT_EQ(npyError(npy(header, 4)), notHeader) << header;
  EXPECT_EQ(npyError(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (4294967296, 4294967296)}", 4)),
            "has a shape of too many elements");
  EXPECT_EQ(npyError(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (4611686018427387904,)}", 4)),
            "holds 4 bytes of elements, expected 4611686018427387904 elements of 4");
  EXPECT_EQ(npyError(contents(folder + "complex.npy")),
            "has elements of type '<c8', expected bool, an integer or a float of up to 64 bits");
  std::string error;
  EXPECT_TRUE(parseNpy(context,
                       npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}", 0), error))
      << error;
}

TEST_F(TensorFile, RefusesWhatIsNoTensorOfOurs) {
  EXPECT_EQ(protoError("no protobuf at all"), "is not an ONNX TensorProto");
  EXPECT_EQ(protoError(""), "has element type UNDEFINED, expected BOOL, an integer of 8 to 64 bits or a float of 16 to "
                            "64 bits");
  EXPECT_EQ(protoError(contents(folder + "string.pb")), "has element type STRING, expected BOOL, an integer of 8 to 64 "
                                                        "bits or a float of 16 to 64 bits");
  // dims: [2^62, 2^62]; data_type: 1. Then dims: [-1].
  const std::string large = "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40";
  EXPECT_EQ(protoError(large + large + "\x10\x01"), "has a dimension of 4611686018427387904 elements");
  EXPECT_EQ(protoError("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01"), "has a dimension of -1 elements");
  EXPECT_EQ(protoError("\x08\x02\x10\x01"), "holds 0 bytes of elements, expected 8");
  // data_location: EXTERNAL.
  EXPECT_EQ(protoError("\x08\x02\x10\x01\x70\x01"),
            "refers to external data, expected the elements in the file itself");
}

TEST_F(TensorFile, SaysWhichFileAndWhy) {
  std::string error;
  EXPECT_FALSE(readTensorFile(context, folder + "none.pb", error));
  EXPECT_EQ(error, folder + "none.pb: error: cannot be read: No such file or directory");
  EXPECT_FALSE(readTensorFile(context, folder, error));
  EXPECT_EQ(error, folder + ": error: cannot be read: Is a directory");
  EXPECT_FALSE(writeTensorFile("/no/such/folder/x.npy", read("scalar.npy"), error));
  EXPECT_EQ(error, "/no/such/folder/x.npy: error: cannot be written: No such file or directory");
  EXPECT_FALSE(writeTensorFile("/dev/full", read("scalar.npy"), error));
  EXPECT_EQ(error, "/dev/full: error: cannot be written: No space left on device");
}

TEST_F(TensorFile, WritesFilesWhole) {
  char made[] = "/tmp/glmc-tensor-XXXXXX";
  ASSERT_TRUE(mkdtemp(made));
  std::string error;
  for (const char *name : {"float32.npy", "float32.pb"}) {
    const std::string path = std::string(made) + "/" + name;
    ASSERT_TRUE(writeTensorFile(path, read(name), error)) << error;
    EXPECT_EQ(contents(path), contents(folder + name));
    ASSERT_EQ(unlink(path.c_str()), 0);
  }
  EXPECT_EQ(rmdir(made), 0); // Nothing else is left in it.
}

} // namespace
