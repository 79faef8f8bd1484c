//===- Conversation.cpp - Turns of a chat over one context ------------------===//
#include "Conversation.h"
#include "Utf8Stream.h"

#include <algorithm>
#include <chrono>

namespace chat {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Tokens read at once, between which a turn can be interrupted: a multiple of
/// the sizes that models are compiled for.
constexpr size_t readAtOnce = 512;

/// Passes text on without the newline that it may begin with.
class AnswerWriter {
public:
  explicit AnswerWriter(const std::function<void(std::string_view)> &write) : write(write) {}

  void push(std::string_view bytes) { pass(stream.push(bytes)); }
  void finish() { pass(stream.finish()); }

private:
  void pass(const std::string &text) {
    std::string_view rest = text;
    if (rest.empty())
      return;
    if (first && rest[0] == '\n')
      rest.remove_prefix(1);
    first = false;
    if (!rest.empty())
      write(rest);
  }

  const std::function<void(std::string_view)> &write;
  Utf8Stream stream;
  bool first = true;
};

} // namespace

Conversation::Conversation(Model &model, const Tokenizer &tokenizer, const Template &chatTemplate, Sampler sampler,
                           Options options)
    : model(model), tokenizer(tokenizer), chatTemplate(chatTemplate), sampler(std::move(sampler)),
      options(std::move(options)) {}

bool Conversation::isStop(int64_t token) const {
  return std::find(options.stopIds.begin(), options.stopIds.end(), token) != options.stopIds.end();
}

void Conversation::reset() {
  model.forget(model.length());
  said.clear();
  unread.clear();
}

bool Conversation::readTurn(const std::vector<int64_t> &tokens, const std::function<bool()> &interrupted,
                            Answer::End &end) {
  int64_t before = model.length();
  bool stopped = false, room = static_cast<int64_t>(tokens.size()) <= model.context() - before;
  for (size_t at = 0; at < tokens.size() && room && !stopped; at += readAtOnce) {
    size_t until = std::min(tokens.size(), at + readAtOnce);
    room = model.read({tokens.begin() + at, tokens.begin() + until}, logits);
    stopped = interrupted() && until < tokens.size();
  }
  if (room && !stopped)
    return true;
  if (model.length() > before)
    model.forget(model.length() - before);
  end = room ? Answer::Interrupted : Answer::ContextFull;
  return false;
}

Answer Conversation::ask(std::string_view text, const std::function<void(std::string_view)> &write,
                         const std::function<bool()> &interrupted) {
  Answer answer;
  Clock::time_point start = Clock::now();
  std::vector<int64_t> turn = chatTemplate.turn(tokenizer, said.empty(), options.system, text);
  std::vector<int64_t> tokens = unread;
  tokens.insert(tokens.end(), turn.begin(), turn.end());
  if (tokens.empty()) // A plain empty text says nothing and asks for nothing.
    return answer;

  answer.promptTokens = static_cast<int64_t>(tokens.size());
  if (!readTurn(tokens, interrupted, answer.end))
    return answer;
  answer.promptSeconds = secondsSince(start);
  said.insert(said.end(), turn.begin(), turn.end());
  unread.clear();

  answer.end = generate(answer, write, interrupted);
  answer.decodeSeconds = secondsSince(start) - answer.firstSeconds;
  return answer;
}

Answer::End Conversation::generate(Answer &answer, const std::function<void(std::string_view)> &write,
                                   const std::function<bool()> &interrupted) {
  Clock::time_point start = Clock::now();
  AnswerWriter writer(write);
  while (true) {
    Answer::End end;
    int64_t token = sampler.choose(logits, said);
    if (answer.tokens == 0)
      answer.firstSeconds = answer.promptSeconds + secondsSince(start);
    if (isStop(token)) {
      writer.finish();
      return Answer::Stop;
    }
    said.push_back(token);
    unread = {token};
    ++answer.tokens;
    if (!tokenizer.isSpecial(token))
      writer.push(tokenizer.bytes(token));
    if (answer.tokens >= options.mostTokens)
      end = Answer::Limit;
    else if (interrupted())
      end = Answer::Interrupted;
    else if (!model.read(unread, logits))
      end = Answer::ContextFull;
    else {
      unread.clear();
      ++answer.steps;
      continue;
    }
    writer.finish();
    return end;
  }
}

} // namespace chat
