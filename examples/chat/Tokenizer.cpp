//===- Tokenizer.cpp - Text to tokens and back -----------------------------===//
#include "Tokenizer.h"
#include "Utf8Stream.h"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace chat {

Tokenizer Tokenizer::load(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // An empty file sets the stream's failbit too; the reader tells of that.
  if (!file || (file.peek() != EOF && !(text << file.rdbuf())))
    throw std::runtime_error(path + ": cannot be read");
  return parse(text.str(), path);
}

Tokenizer Tokenizer::parse(std::string_view json, const std::string &name) {
  return Tokenizer(readTokenizer(json, name));
}

std::vector<int64_t> Tokenizer::encode(std::string_view text, SpecialTokens special) const {
  std::vector<int64_t> ids;
  std::string valid = replaceInvalidUtf8(text);
  data.added.split(
      valid, special == SpecialTokens::Tokens, [&](const AddedToken &token) { ids.push_back(token.id); },
      [&](std::string_view piece) { encodeText(piece, ids); });
  return ids;
}

void Tokenizer::encodeText(std::string_view text, std::vector<int64_t> &ids) const {
  std::vector<uint32_t> tokens;
  for (const std::string &piece : data.preTokenizer.split(text)) {
    if (data.wholePieces) {
      auto whole = data.byBytes.find(piece);
      if (whole != data.byBytes.end()) {
        ids.push_back(whole->second);
        continue;
      }
    }
    tokens.clear();
    for (unsigned char byte : piece) {
      if (data.byByte[byte] == TokenizerData::none) {
        char hex[8];
        std::snprintf(hex, sizeof hex, "0x%02x", byte);
        throw std::runtime_error(std::string("the vocabulary has no token for byte ") + hex + " of the text");
      }
      tokens.push_back(data.byByte[byte]);
    }
    data.pairs.join(tokens);
    ids.insert(ids.end(), tokens.begin(), tokens.end());
  }
}

std::string_view Tokenizer::bytes(int64_t id) const {
  return id >= 0 && id < size() ? std::string_view(data.tokens[id].bytes) : std::string_view();
}

bool Tokenizer::isSpecial(int64_t id) const { return id >= 0 && id < size() && data.tokens[id].special; }

std::string Tokenizer::decode(const std::vector<int64_t> &ids) const {
  std::string text;
  for (int64_t id : ids)
    if (!isSpecial(id))
      text += bytes(id);
  return replaceInvalidUtf8(text);
}

std::optional<int64_t> Tokenizer::find(const std::string &token) const {
  auto found = data.byName.find(token);
  return found == data.byName.end() ? std::nullopt : std::optional<int64_t>(found->second);
}

} // namespace chat
