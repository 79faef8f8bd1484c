//===- SessionTest.cpp - Stateful programs, both emissions --------------------===//
//
// data/session.c uses the program of SessionModel.h through its header, and is
// linked with the object, and with the C++ file of each compiler. It computes what
// must come out from the tokens alone.
//
//===----------------------------------------------------------------------===//
#include "test/unit/SessionModel.h"

#include "codegen/Status.h"
#include "codegen/source/EmitSource.h"
#include "runtime-min/session.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace glmc;
using namespace glmc::object;
using namespace glmc::object::testing;

static_assert(glmc_session_ok == statusOk && glmc_session_null == statusNull &&
                  glmc_session_not_initialised == statusNotInitialised && glmc_session_full == statusContextFull &&
                  glmc_session_bad_token == statusToken && glmc_session_bad_count == statusCount &&
                  glmc_session_small_buffer == statusBuffer && glmc_session_bad_snapshot == statusSnapshot,
              "runtime-min and Status.h number statuses alike");

namespace {

source::EmitOptions headerOptions() {
  source::EmitOptions options;
  options.prefix = "tiny";
  options.headerName = "tiny.h";
  options.buildId = "build-1";
  options.weightHash = "none";
  return options;
}

std::string sourceOf(const SessionModel &model, const source::EmitOptions &options = headerOptions()) {
  std::string text, error;
  source::emitSource(
      model.program, model.kernels, options, [&](std::string_view piece) { text += piece; }, error);
  EXPECT_EQ(error, "");
  return text;
}

const std::string strict = " -O2 -Wall -Wextra -Werror ", cxx = " -std=c++17 -fno-exceptions -fno-rtti" + strict;

/// A folder with the header and one emission of a model.
class SessionTest : public ::testing::Test {
protected:
  void SetUp() override {
    folder = ::testing::TempDir() + "glmc-session-" + std::to_string(getpid());
    mkdir(folder.c_str(), 0700);
  }
  void TearDown() override { std::system(("rm -rf " + folder).c_str()); }

  void put(const std::string &name, const std::string &text) { std::ofstream(folder + "/" + name) << text; }
  int shell(const std::string &command) {
    const int status = std::system(("cd " + folder + " && " + command).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string outputOf(const std::string &command) {
    EXPECT_EQ(shell("(" + command + ") > output"), 0);
    std::stringstream text;
    text << std::ifstream(folder + "/output").rdbuf();
    return text.str();
  }

  /// Writes tiny.h and tiny.o; `compiler` is "object" for the object emission.
  void build(const SessionModel &model, const std::string &compiler, int optimize = 3) {
    put("tiny.h", source::emitHeader(model.program, headerOptions()));
    if (compiler == "object") {
      ObjectOptions options = optionsFor("x86-64");
      options.optimize = optimize;
      ObjectResult object = emitObject(model.program, model.kernels, options);
      ASSERT_EQ(object.error, "");
      std::ofstream(folder + "/tiny.o", std::ios::binary).write(object.object.data(), object.object.size());
    } else {
      put("tiny.cpp", sourceOf(model));
      ASSERT_EQ(shell(compiler + cxx + "-c tiny.cpp -o tiny.o"), 0);
    }
  }
  /// Links tiny.o with data/session.c to `main`.
  int link(const std::string &flags) {
    return shell("gcc -std=gnu11" + strict + flags +
                 " -I. " GLMC_TEST_DIR "/unit/data/session.c tiny.o -pthread -o main");
  }

  std::string folder;
};

const char *const emissions[] = {"object", "g++", "clang++-14"};

TEST_F(SessionTest, EveryEmissionDoesWhatTheHeaderSays) {
  SessionModel model;
  for (const std::string compiler : emissions) {
    build(model, compiler);
    ASSERT_EQ(link("-DMALLOC_FORBIDDEN"), 0) << compiler;
    EXPECT_EQ(shell("./main"), 0) << compiler;
    EXPECT_NE(shell("nm -u tiny.o | grep -vE ' (mem(cpy|set|move)|_GLOBAL_OFFSET_TABLE_)$'"), 0) << "undefined symbols";
    EXPECT_NE(shell("objdump -h tiny.o | grep -E 'init_array|gcc_except'"), 0);
    EXPECT_EQ(shell("mv main main-" + compiler + " && mv snapshot.bin snapshot-" + compiler), 0);
  }
  // Each takes over what another one kept.
  for (const std::string from : emissions)
    for (const std::string to : emissions)
      EXPECT_EQ(shell("cp snapshot-" + from + " snapshot.bin && ./main-" + to + " restore"), 0) << from << " to " << to;
  build(model, "object", /*optimize=*/0);
  ASSERT_EQ(link("-DMALLOC_FORBIDDEN"), 0);
  EXPECT_EQ(shell("./main"), 0) << "without optimisation";
}

TEST_F(SessionTest, TheSanitizersFindNothing) {
  const std::string sanitize = " -g -fsanitize=address,undefined -fno-sanitize-recover=all ";
  for (const bool gnu : {true, false}) {
    const std::string compiler = gnu ? "g++" : "clang++-14";
    build(SessionModel(), compiler + sanitize);
    ASSERT_EQ(shell((gnu ? "gcc" : "clang-14") + sanitize +
                    "-std=gnu11 -I. -c " GLMC_TEST_DIR "/unit/data/session.c -o session.o && " + compiler + sanitize +
                    "session.o tiny.o -pthread -o main"),
              0);
    EXPECT_EQ(shell("./main"), 0) << compiler;
  }
}

TEST_F(SessionTest, ThreadsDoNotChangeTheFunctions) {
  SessionModel model;
  model.program.threads = 2;
  for (const std::string compiler : emissions) {
    build(model, compiler);
    ASSERT_EQ(link("-DPOOL"), 0) << compiler;
    EXPECT_EQ(shell("./main"), 0) << compiler;
  }
}

TEST_F(SessionTest, ExportsTheFunctionsOfTheHeaderAndNoSteps) {
  const std::string expected = "tiny_build_id\ntiny_decode\ntiny_default\ntiny_init\ntiny_length\ntiny_prefill\n"
                               "tiny_reset\ntiny_restore\ntiny_rollback\ntiny_snapshot\ntiny_snapshot_bytes\n"
                               "tiny_status_text\n";
  for (const std::string compiler : emissions) {
    build(SessionModel(), compiler);
    EXPECT_EQ(outputOf("nm --defined-only -g -f posix tiny.o | cut -d' ' -f1 | LC_ALL=C sort"), expected) << compiler;
  }
  // What is not used does not stay: a section a function.
  build(SessionModel(), "object");
  put("use.c",
      "#include \"tiny.h\"\nint main(void) { return tiny_length(&tiny_default) != -TINY_ERROR_NOT_INITIALISED; }\n");
  ASSERT_EQ(shell("gcc -std=c11" + strict + "-Wl,--gc-sections use.c tiny.o -o use"), 0);
  EXPECT_EQ(shell("./use"), 0);
  EXPECT_NE(shell("nm use | grep -qE 'tiny_(prefill|decode|restore)|step'"), 0);
  EXPECT_NE(shell("objdump -h tiny.o | grep -qE ' \\.data'"), 0) << "pointers that a loader must fill in";
}

TEST_F(SessionTest, HeaderIsC11AndCxx17) {
  for (const bool allLogits : {false, true}) {
    SessionModel model({1, 4, 16}, allLogits);
    put("tiny.h", source::emitHeader(model.program, headerOptions()));
    put("use.c", "#include \"tiny.h\"\nextern char size[TINY_CONTEXT_TOKENS == 40 && TINY_VOCABULARY == 11 ? 1 : -1];\n"
                 "int f(tiny_context *c, const int64_t *t, float *l) { return tiny_prefill(c, t, 3, l) + "
                 "tiny_decode(c, 1, l); }\n"
                 "int64_t g(const tiny_context *c, void *b) { return tiny_length(c) + tiny_snapshot(c, b, "
                 "tiny_snapshot_bytes(c)); }\n");
    EXPECT_EQ(shell("gcc -std=c11 -pedantic" + strict + "-c use.c -o use.o"), 0);
    EXPECT_EQ(shell("g++ -std=c++17 -pedantic" + strict + "-x c++ -c use.c -o use.o"), 0);
    EXPECT_EQ(shell("clang-14 -std=c11 -pedantic" + strict + "-c use.c -o use.o"), 0);
  }
  const std::string header = source::emitHeader(SessionModel().program, headerOptions());
  EXPECT_NE(header.find("cache tensors*h*d*T*bytes = 1*2*3*48*4 = 1152 of the state, f32"), std::string::npos);
  for (const char *left : {" P_", "(P_", "-M_", " M_"})
    EXPECT_EQ(header.find(left), std::string::npos) << "a name of the template is left";
  EXPECT_EQ(header.find("tiny_step"), std::string::npos);
}

const char *const allLogitsText = R"(
#include "tiny.h"
enum { V = TINY_VOCABULARY };
static int right(const float *logits, const int64_t *tokens, int64_t count) {
  float sum = 0;
  for (int64_t q = 0; q < count; ++q)
    sum += (float)(q + 1) * (float)(2 * tokens[q] + 222);
  for (int v = 0; v < V; ++v)
    if (logits[v] != sum + (float)v)
      return 0;
  return 1;
}
int main(void) {
  static float logits[(TINY_CONTEXT_TOKENS + 1) * V];
  int64_t tokens[TINY_CONTEXT_TOKENS];
  for (int i = 0; i < TINY_CONTEXT_TOKENS; ++i)
    tokens[i] = (i * 5 + 3) % V;
  if (tiny_init(&tiny_default))
    return 1;
  for (int64_t start = 0; start < TINY_CONTEXT_TOKENS; start += 7)
    for (int64_t count = 1; start + count <= TINY_CONTEXT_TOKENS; ++count) {
      tiny_reset(&tiny_default);
      if (start && tiny_prefill(&tiny_default, tokens, start, logits))
        return 2;
      logits[count * V] = -1;
      if (tiny_prefill(&tiny_default, tokens + start, count, logits) || logits[count * V] != -1)
        return 3;
      for (int64_t i = 0; i < count; ++i)
        if (!right(logits + i * V, tokens, start + i + 1))
          return 4;
    }
  tiny_rollback(&tiny_default, 1);
  if (tiny_decode(&tiny_default, tokens[35], logits))
    return 5;
  return 0;
}
)";

TEST_F(SessionTest, AllLogitsAreThoseOfEachToken) {
  for (const std::string compiler : emissions) {
    build(SessionModel({1, 4, 16}, /*allLogits=*/true), compiler);
    put("main.c", allLogitsText);
    ASSERT_EQ(shell("gcc -std=c11" + strict + "main.c tiny.o -o main"), 0) << compiler;
    EXPECT_EQ(shell("./main"), 0) << compiler;
  }
}

TEST_F(SessionTest, OneStepOfOneTokenIsEnough) {
  for (const std::string compiler : emissions) {
    build(SessionModel({1}), compiler);
    put("main.c", "#include \"tiny.h\"\nint main(void) {\n  float a[TINY_VOCABULARY], b[TINY_VOCABULARY];\n"
                  "  const int64_t tokens[3] = {1, 5, 9};\n  tiny_init(&tiny_default);\n"
                  "  if (tiny_prefill(&tiny_default, tokens, 3, a))\n    return 1;\n  tiny_reset(&tiny_default);\n"
                  "  for (int i = 0; i < 3; ++i)\n    if (tiny_decode(&tiny_default, tokens[i], b))\n      return 2;\n"
                  "  return a[0] != b[0] || a[0] != 224 + 2 * 232 + 3 * 240;\n}\n");
    ASSERT_EQ(shell("gcc -std=c11" + strict + "main.c tiny.o -o main"), 0) << compiler;
    EXPECT_EQ(shell("./main"), 0) << compiler;
  }
}

TEST_F(SessionTest, WeightsMayLieApart) {
  SessionModel model;
  model.program.weightsApart = true;
  model.program.weightBytes = 64;
  model.program.writeWeights = [](std::function<void(const uint8_t *, size_t)>) { return true; };
  for (const std::string compiler : emissions) {
    build(model, compiler);
    put("main.c",
        "#include \"tiny.h\"\nint main(void) {\n  float a[TINY_VOCABULARY];\n  const int64_t tokens[1] = {1};\n"
        "  return tiny_init(&tiny_default, 0, 64) != TINY_ERROR_WEIGHTS ||\n"
        "         tiny_prefill(&tiny_default, tokens, 1, a) != TINY_ERROR_NOT_INITIALISED;\n}\n");
    ASSERT_EQ(shell("gcc -std=c11" + strict + "main.c tiny.o -o main"), 0) << compiler;
    EXPECT_EQ(shell("./main"), 0) << compiler;
  }
  EXPECT_NE(source::emitHeader(model.program, headerOptions()).find("tiny_init(&tiny_default, weights, weightBytes);"),
            std::string::npos);
}

TEST_F(SessionTest, IsTheSameBytesTwiceAndTwoProgramsLiveTogether) {
  SessionModel model;
  EXPECT_EQ(sourceOf(model), sourceOf(SessionModel()));
  EXPECT_EQ(emitObject(model.program, model.kernels, optionsFor("x86-64")).object,
            emitObject(model.program, model.kernels, optionsFor("x86-64")).object);
  put("tiny.h", source::emitHeader(model.program, headerOptions()));
  put("tiny.cpp", sourceOf(model));
  source::EmitOptions other = headerOptions();
  other.prefix = "other";
  other.headerName = "other.h";
  put("other.h", source::emitHeader(model.program, other));
  put("other.cpp", sourceOf(model, other));
  put("both.cpp", "#include \"tiny.cpp\"\n#include \"other.cpp\"\n");
  for (const std::string compiler : {"g++", "clang++-14"})
    EXPECT_EQ(shell(compiler + cxx + "-c both.cpp -o both.o"), 0) << compiler;
}

int64_t stackOf(const ObjectResult &object, const std::string &function) {
  for (const StackUse &use : object.stack)
    if (use.function == function)
      return use.bytes;
  ADD_FAILURE() << function << " has no stack bound";
  return 0;
}

TEST(SessionObject, StackBoundFollowsSteps) {
  for (const int optimize : {0, 3}) {
    ObjectOptions options = optionsFor("x86-64");
    options.optimize = optimize;
    SessionModel small, large({1, 4, 16}, false, 3000);
    ObjectResult without = emitObject(small.program, small.kernels, options),
                 with = emitObject(large.program, large.kernels, options);
    ASSERT_EQ(without.error, "");
    ASSERT_EQ(with.error, "");
    for (const char *function : {"prefill", "decode"}) {
      EXPECT_GE(stackOf(with, function), stackOf(without, function) + 2900) << function << optimize;
      EXPECT_LE(stackOf(with, function), stackOf(without, function) + 3200) << function << optimize;
    }
    EXPECT_GE(stackOf(without, "prefill"), 16 * 8); // Room for padding.
    for (const char *function : {"init", "length", "reset", "rollback", "snapshot_bytes", "snapshot", "restore"})
      EXPECT_EQ(stackOf(with, function), stackOf(without, function)) << function;
    EXPECT_EQ(with.stackBytes, stackOf(with, "prefill"));
  }
}

TEST(SessionObject, StepsBesideTheSessionStayPublic) {
  // As `glmc bench` has them: one more entry point with the places of a step.
  SessionModel model;
  EntryPoint more = model.program.entryPoints[0];
  more.name = "again";
  model.program.entryPoints.push_back(more);
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  ASSERT_EQ(object.error, "");
  EXPECT_GT(stackOf(object, "again"), 0);
  EXPECT_NE(source::emitHeader(model.program, headerOptions()).find("int tiny_again("), std::string::npos);
}

TEST(SessionObject, EmitsForOtherProcessors) {
  SessionModel model;
  ObjectOptions options = optionsFor("x86-64");
  options.target.features.clear();
  options.target.requirements.clear();
  const std::pair<const char *, const char *> processors[] = {{"aarch64-unknown-linux-gnu", "cortex-a72"},
                                                              {"thumbv7em-none-eabihf", "cortex-m4"}};
  for (auto [triple, cpu] : processors) {
    options.target.triple = triple;
    options.target.cpu = options.target.baselineCpu = cpu;
    ObjectResult object = emitObject(model.program, model.kernels, options);
    EXPECT_EQ(object.error, "") << triple;
    EXPECT_GT(stackOf(object, "prefill"), 16 * 8);
  }
}

std::string errorOf(const std::function<void(Program &)> &change) {
  SessionModel model;
  change(model.program);
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  std::string error;
  source::emitSource(
      model.program, model.kernels, headerOptions(), [](std::string_view) {}, error);
  EXPECT_EQ(object.error, error) << "the emissions refuse different things";
  return object.error;
}

TEST(SessionObject, RefusesSessionsThatDoNotFit) {
  EXPECT_EQ(errorOf([](Program &p) { p.session->context = 0; }),
            "the session has a context of 0 tokens and a vocabulary of 11, expected at least 1");
  EXPECT_EQ(errorOf([](Program &p) { p.session->vocabulary = INT64_MAX; }).substr(0, 24), "the session has a contex");
  EXPECT_EQ(errorOf([](Program &p) { p.session->lengthOffset = 1 << 20; }),
            "the session's length is at 1048576 of 1408 bytes of state");
  EXPECT_EQ(errorOf([](Program &p) { p.session->steps.clear(); }),
            "the session has 0 steps, expected 1 to 16, the first of one token");
  EXPECT_EQ(errorOf([](Program &p) { p.session->steps.erase(p.session->steps.begin()); }),
            "the session has 2 steps, expected 1 to 16, the first of one token");
  EXPECT_EQ(errorOf([](Program &p) { std::swap(p.session->steps[1], p.session->steps[2]); }),
            "the session has a step of 4 tokens after one of 16, expected more, and at most the context's 40");
  EXPECT_EQ(errorOf([](Program &p) { p.session->context = 15; }),
            "the session has a step of 16 tokens after one of 4, expected more, and at most the context's 15");
  EXPECT_EQ(errorOf([](Program &p) { p.session->steps[1].entry = 3; }),
            "step of 4 tokens: found entry point 3, expected one of 3");
  EXPECT_EQ(errorOf([](Program &p) { p.session->steps[1].entry = 2; }),
            "step 'step_16': input 'input_ids' is not 4 tokens (i64) that the caller passes");
  EXPECT_EQ(errorOf([](Program &p) { p.session->allLogits = true; }),
            "step 'step_4' has 2 inputs and 1 outputs, expected 1 and 1");
  EXPECT_EQ(errorOf([](Program &p) { p.session->vocabulary = 12; }),
            "step 'step_1': output 'logits' is not 1 x 12 logits (f32)");
  EXPECT_EQ(errorOf([](Program &p) { p.session->caches = {3}; }), "found state 3 as a cache, expected one of 3");
  EXPECT_EQ(errorOf([](Program &p) { p.session->caches = {0}; }),
            "cache 'length' is not [1, heads, 40 or more positions, features]");
  EXPECT_EQ(errorOf([](Program &p) { p.session->caches.clear(); }), "the session has no caches, expected at least 1");
  EXPECT_EQ(errorOf([](Program &p) { p.states[2].offset = 1280; }),
            "state 'steps' is at 1280 of 1408 bytes, which is outside or inside another");
  EXPECT_EQ(errorOf([](Program &p) { p.states[1].offset = 0; }),
            "state 'layer.0 key' is at 0 of 1408 bytes, which is outside or inside another");
}

TEST(SessionLayout, CacheGroupsHaveTheirFormula) {
  SessionModel model;
  std::vector<CacheGroup> groups = cacheGroups(model.program);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].formula(), "1*2*3*48*4");
  EXPECT_EQ(groups[0].bytes, 1152);
  model.program.states.push_back(model.program.states[1]);
  model.program.session->caches.push_back(3);
  groups = cacheGroups(model.program);
  EXPECT_EQ(groups[0].formula(), "2*1*2*3*48*4");
  EXPECT_EQ(groups[0].bytes, 2304);
  EXPECT_EQ(largestSnapshot(model.program), 48 + 40 * 4 * (2 * 2 * 3 + 1));
}

TEST(SessionLayout, OtherProgramsHaveOtherSnapshots) {
  SessionModel model;
  const int64_t layout = sessionTable(model.program, "a").layout;
  EXPECT_EQ(layout, sessionTable(model.program, "a").layout);
  EXPECT_NE(layout, sessionTable(model.program, "b").layout);
  model.program.states[1].type.element = kernels::Element::i32;
  EXPECT_NE(layout, sessionTable(model.program, "a").layout);
}

} // namespace
