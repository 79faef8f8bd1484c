//===- SessionRunnerTest.cpp - The runner of stateful objects ------------------===//
#include "test/unit/SessionModel.h"

#include "codegen/Status.h"
#include "codegen/WeightsLayout.h"
#include "codegen/object/SessionRunner.h"

#include "runtime-min/weights.h"

using namespace glmc;
using namespace glmc::object;
using namespace glmc::object::testing;

namespace {

SessionRequest requestOf(const SessionModel &model) {
  ObjectResult object = emitObject(model.program, model.kernels, optionsFor("x86-64"));
  EXPECT_EQ(object.error, "");
  SessionRequest request = sessionRequest(model.program);
  EXPECT_EQ(request.contextBytes, object.contextBytes);
  request.object = object.object;
  request.prefix = "tiny";
  request.timeoutSeconds = 30;
  return request;
}

std::unique_ptr<SessionRunner> started(const SessionRequest &request) {
  std::string error;
  auto runner = SessionRunner::start(request, error);
  EXPECT_EQ(error, "");
  return runner;
}

TEST(SessionRunner, CallsEveryFunction) {
  auto runner = started(requestOf(SessionModel()));
  ASSERT_TRUE(runner);
  std::vector<float> logits, again;
  std::vector<int64_t> tokens = {3, 1, 4, 1, 5, 9};
  EXPECT_EQ(runner->prefill(tokens, logits).error, "");
  EXPECT_EQ(logits, sessionLogits(tokens));
  tokens.push_back(2);
  SessionAnswer answer = runner->decode(2, logits);
  EXPECT_EQ(answer.error, "");
  EXPECT_GT(answer.seconds, 0);
  EXPECT_EQ(logits, sessionLogits(tokens));
  EXPECT_EQ(runner->length().value, 7);
  std::vector<uint8_t> bytes;
  EXPECT_EQ(runner->snapshot(bytes).error, "");
  EXPECT_EQ(bytes.size(), 48u + 7 * 4 * 7);
  EXPECT_EQ(runner->rollback(3).error, "");
  EXPECT_EQ(runner->length().value, 4);
  EXPECT_EQ(runner->reset().error, "");
  EXPECT_EQ(runner->length().value, 0);
  EXPECT_EQ(runner->restore(bytes).error, "");
  tokens.push_back(6);
  EXPECT_EQ(runner->decode(6, again).error, "");
  EXPECT_EQ(again, sessionLogits(tokens));
}

TEST(SessionRunner, GivesAllLogits) {
  auto runner = started(requestOf(SessionModel({1, 4}, /*allLogits=*/true)));
  ASSERT_TRUE(runner);
  const std::vector<int64_t> tokens = {3, 1, 4, 1, 5, 9, 2};
  std::vector<float> logits, expected;
  EXPECT_EQ(runner->prefill(tokens, logits).error, "");
  for (size_t i = 1; i <= tokens.size(); i++) {
    const std::vector<float> row = sessionLogits({tokens.begin(), tokens.begin() + i});
    expected.insert(expected.end(), row.begin(), row.end());
  }
  EXPECT_EQ(logits, expected);
}

TEST(SessionRunner, StatusesAreErrorsAndTheSessionGoesOn) {
  auto runner = started(requestOf(SessionModel()));
  ASSERT_TRUE(runner);
  std::vector<float> logits;
  SessionAnswer answer = runner->prefill({1, 99, 2}, logits);
  EXPECT_EQ(answer.status, statusToken);
  EXPECT_EQ(answer.error, "tiny_prefill returned status 6: a token is outside the vocabulary");
  EXPECT_TRUE(logits.empty());
  EXPECT_EQ(runner->prefill({}, logits).status, statusCount);
  EXPECT_EQ(runner->prefill(std::vector<int64_t>(41, 1), logits).status, statusContextFull);
  EXPECT_EQ(runner->prefill(std::vector<int64_t>(4000, 1), logits).status, statusContextFull);
  EXPECT_EQ(runner->decode(-1, logits).status, statusToken);
  EXPECT_EQ(runner->rollback(1).status, statusCount);
  EXPECT_EQ(runner->restore({}).status, statusBuffer);
  EXPECT_EQ(runner->restore(std::vector<uint8_t>(100000, 1)).status, statusSnapshot);
  EXPECT_EQ(runner->decode(7, logits).error, "");
  EXPECT_EQ(logits, sessionLogits({7}));

  SessionRequest request = requestOf(SessionModel());
  request.initialise = false;
  runner = started(request);
  ASSERT_TRUE(runner);
  EXPECT_EQ(runner->decode(1, logits).status, statusNotInitialised);
  EXPECT_EQ(runner->length().error, "tiny_length returned status 2: the context was not initialised: call init first");
}

TEST(SessionRunner, GivesInitTheWeightsFile) {
  SessionModel model;
  model.program.weightsApart = true;
  model.program.weightBytes = 64;
  model.program.writeWeights = [](std::function<void(const uint8_t *, size_t)>) { return true; };
  alignas(64) static uint8_t file[glmc_weights_header_bytes + 64];
  const glmc_weights_header header = {
      glmc_weights_magic, glmc_weights_version, glmc_weights_header_bytes, weightsLayout(model.program), 64, 0};
  std::memcpy(file, &header, sizeof header);
  SessionRequest request = requestOf(model);
  std::string error;
  EXPECT_FALSE(SessionRunner::start(request, error));
  EXPECT_EQ(error, "tiny_init returned status 10: there are no weights, or they are not this program's");
  request.weights = file;
  request.weightsBytes = sizeof file;
  auto runner = started(request);
  ASSERT_TRUE(runner);
  std::vector<float> logits;
  EXPECT_EQ(runner->prefill({3, 1, 4}, logits).error, "");
  EXPECT_EQ(logits, sessionLogits({3, 1, 4}));
}

/// A session whose steps have this body.
SessionRequest requestOfBody(const std::string &body) {
  SessionModel model({1});
  model.kernels[0] = assemble(kernelText("k00_step", 7, body));
  return requestOf(model);
}

TEST(SessionRunner, ReportsACrashAndStaysDead) {
  auto runner = started(requestOfBody("  store volatile i32 1, ptr inttoptr (i64 8 to ptr)\n  ret i32 0\n"));
  ASSERT_TRUE(runner);
  std::vector<float> logits;
  EXPECT_EQ(runner->reset().error, "");
  EXPECT_EQ(runner->decode(1, logits).error, "tiny_decode crashed: Segmentation fault");
  EXPECT_EQ(runner->reset().error, "tiny_decode crashed: Segmentation fault");
  // A step of one more logit than there are.
  runner = started(requestOfBody("  %q = getelementptr float, ptr %p4, i64 11\n  store volatile float 1.0, ptr %q\n"
                                 "  ret i32 0\n"));
  ASSERT_TRUE(runner);
  EXPECT_EQ(runner->decode(1, logits).error, "tiny_decode crashed: Segmentation fault, 0 bytes past the logits");
}

TEST(SessionRunner, EndsAStepThatDoesNotEnd) {
  SessionRequest request =
      requestOfBody("  br label %again\nagain:\n  %v = load volatile i8, ptr %p0\n  br label %again\n");
  request.timeoutSeconds = 0.3;
  auto runner = started(request);
  ASSERT_TRUE(runner);
  std::vector<float> logits;
  EXPECT_EQ(runner->decode(1, logits).error, "tiny_decode did not end within 0.3 seconds");
}

TEST(SessionRunner, ReportsWhatCannotStart) {
  std::string error;
  SessionRequest request = requestOf(SessionModel());
  request.prefix = "large";
  EXPECT_FALSE(SessionRunner::start(request, error));
  EXPECT_NE(error.find("large_prefill"), std::string::npos) << error;
  request = requestOf(SessionModel());
  request.object = {'n', 'o'};
  EXPECT_FALSE(SessionRunner::start(request, error));
  EXPECT_EQ(error.rfind("the object cannot be read: ", 0), 0u);
  request = requestOf(SessionModel());
  request.contextBytes = 0;
  EXPECT_FALSE(SessionRunner::start(request, error));
  EXPECT_EQ(error, "the session has no context, no vocabulary or no snapshots");
}

} // namespace
