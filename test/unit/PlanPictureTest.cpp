//===- PlanPictureTest.cpp - What a plan's picture shows --------------------===//
#include "compiler/report/PlanPicture.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace glmc;

namespace {

/// `text` with `old` replaced by `by`, everywhere.
std::string replaced(std::string text, const std::string &old, const std::string &by) {
  for (size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += by.size())
    text.replace(at, old.size(), by);
  return text;
}

size_t countOf(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at)
    ++count;
  return count;
}

/// An input, a sum in place, a launch of two results and scratch, a copy.
const char *const program = R"(
glm.kernel @neg(%x: tensor<16xf32>) -> tensor<16xf32> attributes {in_place = array<i64: 0, 0>} {
  %0 = glm.neg %x : tensor<16xf32>
  glm.yield %0 : tensor<16xf32>
}
glm.kernel @two(%x: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) attributes {scratch = [tensor<64xf32>]} {
  glm.yield %x, %x : tensor<16xf32>, tensor<16xf32>
}
glm.program @run arena 448 bound 448 peak ["whatever"]
    inputs [#glm.parameter<"x", tensor<16xf32>, <arena[0:64]>>]
    outputs [#glm.parameter<"y", tensor<16xf32>, <arena[64:64]>>, #glm.parameter<"z", tensor<16xf32>, <arena[0:64]>>]
    attributes {glm.planner = "beam search"} {
  glm.planned_launch @neg on "cpu" reads [#glm.place<arena[0:64]>] writes [#glm.place<arena[0:64]>] scratch [] loc("NODE")
  glm.planned_launch @two on "cpu" reads [#glm.place<arena[0:64]>] writes [#glm.place<arena[64:64]>, #glm.place<arena[128:64]>] scratch [#glm.place<arena[192:256]>]
  glm.planned_copy <arena[64:64]> to <arena[0:64]>
}
)";

std::string pictureOf(const std::string &text) {
  mlir::MLIRContext context;
  context.loadDialect<glm::GlmDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
  EXPECT_TRUE(module);
  return module ? planPicture(*module->getOps<glm::ProgramOp>().begin()) : "";
}

TEST(PlanPicture, ShowsLives) {
  std::string picture = pictureOf(replaced(program, "NODE", "layers/neg"));
  EXPECT_EQ(picture.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\"", 0), 0u);
  EXPECT_NE(picture.find("@run: arena 448 B, lower bound 448 B, gap 0 B, planned by beam search"), std::string::npos);
  for (const char *box : {"x: input, 64 B at 0, steps 0 to 0", "layers/neg: value, 64 B at 0, steps 0 to 1",
                          "two#0: output, 64 B at 64, steps 1 to 3", "two#1: value, 64 B at 128, steps 1 to 1",
                          "two scratch: scratch, 256 B at 192, steps 1 to 1", "copy: output, 64 B at 0, steps 2 to 3"})
    EXPECT_EQ(countOf(picture, std::string("<title>") + box + "</title>"), 1u) << box;
  EXPECT_EQ(countOf(picture, "<title>"), 6u);
}

TEST(PlanPicture, MarksThePeakAndTheBound) {
  std::string picture = pictureOf(program);
  EXPECT_EQ(countOf(picture, ">peak: 448 B in step 1</text>"), 1u);
  EXPECT_EQ(countOf(picture, ">bound 448 B</text>"), 1u);
  // Live then: what is read, two results, scratch.
  EXPECT_EQ(countOf(picture, "stroke=\"#b2182b\" stroke-width=\"1.5\""), 4u);
}

TEST(PlanPicture, TakesAnyName) {
  std::string picture = pictureOf(replaced(program, "NODE", R"(</title><script>&\22'\00\01\FF\C3)"));
  EXPECT_EQ(picture.find("<script"), std::string::npos);
  EXPECT_NE(picture.find("&lt;/title&gt;&lt;script&gt;&amp;&quot;'??\xef\xbf\xbd"), std::string::npos);
  for (char c : picture)
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  // A long name is cut between characters.
  std::string umlauts;
  for (int i = 0; i < 200; ++i)
    umlauts += "\\C3\\BC";
  EXPECT_NE(pictureOf(replaced(program, "NODE", umlauts)).find("\xc3\xbc\xe2\x80\xa6</text>"), std::string::npos);
}

TEST(PlanPicture, TakesEmptyAndWrongPrograms) {
  std::string picture = pictureOf(R"(glm.program @run arena 0 bound 0 peak [] inputs [] outputs [] {})");
  EXPECT_NE(picture.find("arena 0 B"), std::string::npos);
  EXPECT_EQ(picture.find("peak:"), std::string::npos);
  // Places outside the arena are not drawn.
  EXPECT_EQ(countOf(pictureOf(replaced(program, "arena 448", "arena 100")), "<title>"), 3u);
  EXPECT_EQ(countOf(pictureOf(replaced(program, "arena 448", "arena -5")), "<title>"), 0u);
  EXPECT_EQ(countOf(pictureOf(replaced(program, "arena 448", "arena 9223372036854775807")), "<title>"), 0u);
}

} // namespace
