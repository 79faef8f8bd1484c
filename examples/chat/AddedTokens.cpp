//===- AddedTokens.cpp - Tokens that are found in the text as they are -----===//
#include "AddedTokens.h"
#include "WhiteSpace.h"

#include <algorithm>

namespace chat {

void AddedTokens::add(AddedToken token) {
  uint32_t node = token.normalized;
  for (unsigned char byte : token.text) {
    auto [child, isNew] = children.try_emplace({node, byte}, static_cast<uint32_t>(ends.size()));
    if (isNew)
      ends.push_back(none);
    node = child->second;
  }
  ends[node] = static_cast<uint32_t>(tokens.size());
  tokens.push_back(std::move(token));
}

const AddedToken *AddedTokens::longest(std::string_view text, Pass normalized) const {
  const AddedToken *found = nullptr;
  uint32_t node = normalized;
  for (unsigned char byte : text) {
    auto child = children.find({node, byte});
    if (child == children.end())
      break;
    node = child->second;
    if (ends[node] != none)
      found = &tokens[ends[node]];
  }
  return found;
}

void AddedTokens::splitPass(std::string_view text, bool special, Pass normalized,
                            const std::function<void(const AddedToken &)> &onToken,
                            const std::function<void(std::string_view)> &onText) const {
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const AddedToken *token = longest(text.substr(at), normalized);
    if (!token) {
      ++at;
      continue;
    }
    size_t start = at, end = at + token->text.size();
    at = end;
    if (token->special && !special)
      continue;
    // White space that an earlier token took is not there any more.
    if (token->stripLeft)
      start -= whiteSpaceAtEnd(text.substr(0, start));
    if (token->stripRight)
      end += whiteSpaceAtStart(text.substr(end));
    start = std::max(start, done);
    if (done < start)
      onText(text.substr(done, start - done));
    onToken(*token);
    done = std::max(done, end);
  }
  if (done < text.size())
    onText(text.substr(done));
}

void AddedTokens::split(std::string_view text, bool special, const std::function<void(const AddedToken &)> &onToken,
                        const std::function<void(std::string_view)> &onText) const {
  splitPass(text, special, false, onToken,
            [&](std::string_view rest) { splitPass(rest, special, true, onToken, onText); });
}

} // namespace chat
