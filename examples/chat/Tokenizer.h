//===- Tokenizer.h - Text to tokens and back -------------------------------===//
//
// Byte-level byte-pair encoding as GLM-4 and GLM-Edge use it, read from the
// `tokenizer.json` of a checkpoint. Gives the tokens that Hugging Face's
// `tokenizers` gives; what a file asks for beyond that is refused by name:
// normalizers, subword prefixes, dropout, byte fallback and single-word tokens.
// A file's post-processor, which adds [gMASK] and <sop>, is not applied: the
// chat templates (Template.h) write these themselves.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_TOKENIZER_H
#define GLMC_EXAMPLES_CHAT_TOKENIZER_H

#include "AddedTokens.h"
#include "BytePairs.h"
#include "PreTokenizer.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat {

/// All that a tokenizer file says; see TokenizerFile.cpp.
struct TokenizerData {
  struct Token {
    std::string bytes;    ///< what it stands for
    bool known = false;   ///< the file has a token of this id
    bool special = false; ///< steers the model and is no text
  };
  static constexpr uint32_t none = UINT32_MAX;

  std::vector<Token> tokens;                         ///< by id
  std::unordered_map<std::string, uint32_t> byBytes; ///< tokens that text can become
  std::unordered_map<std::string, uint32_t> byName;  ///< all, as the file spells them
  std::array<uint32_t, 256> byByte;                  ///< tokens of one byte, or none
  BytePairs pairs;
  bool wholePieces = false; ///< a piece that is a token is not put together from pairs
  AddedTokens added;
  PreTokenizer preTokenizer;
};

class Tokenizer {
public:
  /// Reads a tokenizer.json. Throws std::runtime_error naming the file, the
  /// place in it, what was found and what is expected.
  static Tokenizer load(const std::string &path);
  /// The same for its text; `name` stands for the file in messages.
  static Tokenizer parse(std::string_view json, const std::string &name);

  /// What a text that names special tokens becomes. Users' text is Text, or
  /// they could end their turn and speak as the system.
  enum class SpecialTokens { Text, Tokens };

  /// Tokens of a text. What is not UTF-8 in it counts as U+FFFD. Throws when a
  /// byte of the text has no token.
  std::vector<int64_t> encode(std::string_view text, SpecialTokens special) const;

  /// The bytes of a token; none for an id without one.
  std::string_view bytes(int64_t id) const;
  bool isSpecial(int64_t id) const;
  /// The text of tokens without special ones, U+FFFD for what is not UTF-8.
  std::string decode(const std::vector<int64_t> &ids) const;

  /// The id of a token as the file spells it, such as `<|user|>`.
  std::optional<int64_t> find(const std::string &token) const;
  /// One more than the greatest id.
  int64_t size() const { return static_cast<int64_t>(data.tokens.size()); }

private:
  explicit Tokenizer(TokenizerData data) : data(std::move(data)) {}

  void encodeText(std::string_view text, std::vector<int64_t> &ids) const;

  TokenizerData data;
};

/// Reads the text of a tokenizer.json; throws as Tokenizer::load does.
TokenizerData readTokenizer(std::string_view json, const std::string &name);

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_TOKENIZER_H
