//===- main.cpp - Talk to a GLM that glmc compiled --------------------------===//
//
// Reads lines from the terminal, prints the answers as they come, and says how
// fast they came. See README.md beside this file.
//
//===----------------------------------------------------------------------===//
#include "CompiledModel.h"
#include "Conversation.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

using namespace chat;

namespace {

struct Options {
  std::string tokenizer, weights, templateName = "glm4", system, prompt;
  std::vector<int64_t> stopIds;
  bool checkWeights = false, greedy = false, quiet = false, hasPrompt = false;
  int64_t mostTokens = INT64_MAX;
  SamplerOptions sampling;
};

volatile std::sig_atomic_t interruptCount = 0;

/// While this lives, Ctrl-C stops an answer; without it, the program.
class InterruptsAnswer {
public:
  InterruptsAnswer() {
    interruptCount = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { interruptCount = 1; };
    action.sa_flags = SA_RESTART; // What is being printed is to be printed whole.
    sigaction(SIGINT, &action, &before);
  }
  ~InterruptsAnswer() { sigaction(SIGINT, &before, nullptr); }

private:
  struct sigaction before;
};

std::string withUnit(double bytes) {
  const char *unit = bytes < 1e6 ? "kB" : bytes < 1e9 ? "MB" : "GB";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", bytes / (bytes < 1e6 ? 1e3 : bytes < 1e9 ? 1e6 : 1e9), unit);
  return text;
}

std::string peakMemory() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return withUnit(usage.ru_maxrss * 1024.0);
}

double rate(int64_t count, double seconds) { return seconds > 0 ? static_cast<double>(count) / seconds : 0; }

void printSpeed(const Answer &answer, const Model &model) {
  std::fprintf(stderr, "[%lld tokens read, %.1f tok/s; first token after %.3f s; %lld tokens written, %.1f tok/s; ",
               static_cast<long long>(answer.promptTokens), rate(answer.promptTokens, answer.promptSeconds),
               answer.firstSeconds, static_cast<long long>(answer.tokens), rate(answer.steps, answer.decodeSeconds));
  std::fprintf(stderr, "context %lld of %lld; memory %s]\n", static_cast<long long>(model.length()),
               static_cast<long long>(model.context()), peakMemory().c_str());
}

/// Asks and prints; false if there was no room for the question.
bool answerTo(Conversation &conversation, const Model &model, const std::string &text, bool quiet) {
  InterruptsAnswer interrupts;
  Answer answer = conversation.ask(
      text,
      [](std::string_view piece) {
        std::fwrite(piece.data(), 1, piece.size(), stdout);
        std::fflush(stdout);
      },
      [] { return interruptCount != 0; });
  std::printf("\n");
  std::fflush(stdout);
  bool answered = answer.end != Answer::ContextFull || answer.tokens > 0;
  if (!answered)
    std::fprintf(stderr,
                 "chat: the context is full: %lld of %lld tokens are taken and this turn has %lld more; "
                 "/reset forgets the conversation\n",
                 static_cast<long long>(model.length()), static_cast<long long>(model.context()),
                 static_cast<long long>(answer.promptTokens));
  else if (answer.end == Answer::ContextFull)
    std::fprintf(stderr,
                 "chat: the context of %lld tokens is full, so the answer ends here; "
                 "/reset forgets the conversation\n",
                 static_cast<long long>(model.context()));
  else if (answer.end == Answer::Interrupted)
    std::fprintf(stderr, answer.tokens ? "chat: stopped\n" : "chat: stopped; the question is forgotten\n");
  if (answered && !quiet)
    printSpeed(answer, model);
  return answered;
}

/// Lines from the terminal or a pipe until they end.
bool talk(Conversation &conversation, const Model &model, bool quiet) {
  bool terminal = isatty(STDIN_FILENO), allAnswered = true;
  if (terminal)
    std::fprintf(stderr, "Type a line. Ctrl-C stops an answer, /reset forgets the conversation, /quit ends.\n");
  while (true) {
    if (terminal)
      std::fprintf(stderr, "> ");
    std::string line;
    if (!std::getline(std::cin, line) || line == "/quit")
      return allAnswered;
    if (line == "/reset")
      conversation.reset();
    else if (!line.empty())
      allAnswered &= answerTo(conversation, model, line, quiet);
  }
}

void addOptions(CLI::App &app, Options &options) {
  app.add_option("--tokenizer", options.tokenizer, "The checkpoint's tokenizer.json")->required();
  app.add_option("--weights", options.weights, "The weights file, if the model was compiled with --weights");
  app.add_flag("--check-weights", options.checkWeights, "Compare the weights file's checksum first: reads all of it");
  app.add_option("--template", options.templateName, "How turns are written: glm4, glm-edge, or plain for base models")
      ->check(CLI::IsMember({"glm4", "glm-edge", "plain"}))
      ->capture_default_str();
  app.add_option("--system", options.system, "What the model is told before the first turn");
  app.add_option("--stop", options.stopIds, "Ids of the tokens that end an answer, instead of the template's")
      ->delimiter(',');
  app.add_option("--prompt", options.prompt, "Answer this text and end")->each([&options](const std::string &) {
    options.hasPrompt = true;
  });
  app.add_option("--max-tokens", options.mostTokens, "End an answer after so many tokens")->check(CLI::PositiveNumber);
  app.add_flag("--greedy", options.greedy, "Always the likeliest token; the same as --temperature 0");
  app.add_option("--temperature", options.sampling.temperature, "Higher is more varied")->capture_default_str();
  app.add_option("--top-k", options.sampling.topK, "Draw from the K likeliest tokens; 0: from all")
      ->capture_default_str();
  app.add_option("--top-p", options.sampling.topP, "Draw from the likeliest tokens that have this probability together")
      ->capture_default_str();
  app.add_option("--repetition-penalty", options.sampling.repetitionPenalty, "Above 1 makes said tokens less likely")
      ->capture_default_str();
  app.add_option("--seed", options.sampling.seed, "Of the random numbers: the same seed gives the same text")
      ->default_str("random");
  app.add_flag("--quiet", options.quiet, "Print answers and errors only");
}

void checkIds(const Tokenizer &tokenizer, const Model &model, const std::vector<int64_t> &stopIds) {
  if (tokenizer.size() > model.vocabulary())
    throw std::runtime_error("the tokenizer has ids up to " + std::to_string(tokenizer.size() - 1) +
                             ", the model tokens up to " + std::to_string(model.vocabulary() - 1) +
                             ": they do not belong together");
  for (int64_t id : stopIds)
    if (id < 0 || id >= model.vocabulary())
      throw std::runtime_error("the stop id " + std::to_string(id) + " is not one of the model's tokens, 0 to " +
                               std::to_string(model.vocabulary() - 1) + ": choose others with --stop");
}

int run(Options options) {
  if (options.greedy)
    options.sampling.temperature = 0;
  Sampler sampler(options.sampling);
  Tokenizer tokenizer = Tokenizer::load(options.tokenizer);
  const Template &chatTemplate = *Template::find(options.templateName);
  CompiledModel model(options.weights, options.checkWeights);
  if (options.stopIds.empty())
    options.stopIds = chatTemplate.stopIds(tokenizer);
  checkIds(tokenizer, model, options.stopIds);
  if (!options.quiet)
    std::fprintf(stderr, "context %lld tokens, %s; seed %llu\n", static_cast<long long>(model.context()),
                 withUnit(static_cast<double>(CompiledModel::contextBytes())).c_str(),
                 static_cast<unsigned long long>(options.sampling.seed));
  Conversation conversation(model, tokenizer, chatTemplate, std::move(sampler),
                            {options.system, options.stopIds, options.mostTokens});
  bool answered = options.hasPrompt ? answerTo(conversation, model, options.prompt, options.quiet)
                                    : talk(conversation, model, options.quiet);
  return answered ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Talk to a GLM that glmc compiled.", "chat");
  Options options;
  options.sampling.seed = std::random_device()();
  addOptions(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(std::move(options));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "chat: error: %s\n", error.what());
    return 1;
  }
}
