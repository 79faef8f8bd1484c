//===- Template.cpp - How a chat is written for a model --------------------===//
#include "Template.h"

#include <stdexcept>

namespace chat {

const Template *Template::find(std::string_view name) {
  static const Template templates[] = {
      {"glm4",
       {"[gMASK]", "<sop>"},
       {{"<|endoftext|>", 151329}, {"<|user|>", 151336}, {"<|observation|>", 151338}},
       true},
      {"glm-edge", {}, {{"<|endoftext|>", 59246}, {"<|user|>", 59253}, {"<|observation|>", 59255}}, true},
      {"plain", {}, {}, false},
  };
  for (const Template &known : templates)
    if (name == known.name)
      return &known;
  return nullptr;
}

std::vector<int64_t> Template::turn(const Tokenizer &tokenizer, bool first, std::string_view system,
                                    std::string_view user) const {
  if (!hasRoles) {
    std::string text = std::string(first ? system : "") + std::string(user);
    return tokenizer.encode(text, Tokenizer::SpecialTokens::Tokens);
  }

  std::vector<int64_t> ids;
  auto mark = [&](const std::string &token) {
    std::optional<int64_t> id = tokenizer.find(token);
    if (!id)
      throw std::runtime_error("the tokenizer has no token " + token + ", which the template '" + name +
                               "' needs: choose another with --template");
    ids.push_back(*id);
  };
  auto say = [&](const char *role, std::string_view text) {
    mark(role);
    // The newline belongs to the text: the two may share a token.
    std::vector<int64_t> tokens = tokenizer.encode("\n" + std::string(text), Tokenizer::SpecialTokens::Text);
    ids.insert(ids.end(), tokens.begin(), tokens.end());
  };
  if (first) {
    for (const char *token : begin)
      mark(token);
    if (!system.empty())
      say("<|system|>", system);
  }
  say("<|user|>", user);
  mark("<|assistant|>");
  return ids;
}

std::vector<int64_t> Template::stopIds(const Tokenizer &tokenizer) const {
  std::vector<int64_t> ids;
  for (const StopToken &stop : stops)
    ids.push_back(tokenizer.find(stop.name).value_or(stop.id));
  return ids;
}

} // namespace chat
