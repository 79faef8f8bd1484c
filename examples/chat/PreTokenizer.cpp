//===- PreTokenizer.cpp - Cuts text into pieces that no token crosses ------===//
#include "PreTokenizer.h"

namespace chat {

namespace {

void cut(const std::string &piece, const Pattern &pattern, PreTokenizer::Keep keep, std::vector<std::string> &out) {
  size_t done = 0;
  auto take = [&](size_t end, PreTokenizer::Keep unless) {
    if (end > done && keep != unless)
      out.push_back(piece.substr(done, end - done));
    done = end;
  };
  for (auto [start, end] : pattern.matches(piece)) {
    take(start, PreTokenizer::Keep::Matches);
    take(end, PreTokenizer::Keep::Rest);
  }
  take(piece.size(), PreTokenizer::Keep::Matches);
}

} // namespace

void PreTokenizer::addSplit(Pattern pattern, Keep keep) { steps.push_back({{std::move(pattern)}, keep}); }

void PreTokenizer::addPrefixSpace() { steps.push_back({{}, Keep::All}); }

std::vector<std::string> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string> pieces;
  if (!text.empty())
    pieces.emplace_back(text);
  for (const Step &step : steps) {
    std::vector<std::string> next;
    for (std::string &piece : pieces) {
      if (!step.pattern.empty())
        cut(piece, step.pattern.front(), step.keep, next);
      else
        next.push_back(piece[0] == ' ' ? std::move(piece) : ' ' + piece);
    }
    pieces = std::move(next);
  }
  return pieces;
}

} // namespace chat
