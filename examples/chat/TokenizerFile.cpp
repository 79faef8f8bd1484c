//===- TokenizerFile.cpp - Reads tokenizer.json ----------------------------===//
//
// The file may be anything: whatever is not understood is an error that names
// the place in the file, since a tokenizer that is nearly right gives answers
// that are nearly sense.
//
//===----------------------------------------------------------------------===//
#include "Tokenizer.h"
#include "Utf8Stream.h"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace chat {

namespace {

using nlohmann::json;

/// More than any vocabulary has; keeps a wrong id from taking all memory.
constexpr uint32_t mostTokens = 1 << 20;

/// What GPT-2 cuts text with; a ByteLevel step's own pattern.
constexpr const char *gpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// Byte-level vocabularies spell a byte as a character that can be seen: these
/// stand for themselves, all others for U+0100 and up, in their order.
bool standsForItself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

/// The byte that each character below U+0144 spells, or -1.
std::array<int, 0x144> makeSpelling() {
  std::array<int, 0x144> spelling;
  spelling.fill(-1);
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte)
    spelling[standsForItself(byte) ? byte : next++] = static_cast<int>(byte);
  return spelling;
}

/// The bytes that a token's name spells, or nothing if it spells none: then it
/// is text as it is, and no byte pair makes it.
std::optional<std::string> spelledBytes(std::string_view name) {
  static const std::array<int, 0x144> spelling = makeSpelling();
  std::string bytes;
  while (!name.empty()) {
    size_t length = firstUnit(name).bytes;
    unsigned character = length == 1   ? static_cast<unsigned char>(name[0])
                         : length == 2 ? (name[0] & 0x1fu) << 6 | (name[1] & 0x3fu)
                                       : 0xffff;
    if (character >= spelling.size() || spelling[character] < 0)
      return std::nullopt;
    bytes += static_cast<char>(spelling[character]);
    name.remove_prefix(length);
  }
  return bytes;
}

class Reader {
public:
  explicit Reader(const std::string &name) : name(name) { data.byByte.fill(TokenizerData::none); }

  TokenizerData read(std::string_view text) {
    json root;
    try {
      root = json::parse(text);
    } catch (const json::exception &error) {
      throw std::runtime_error(name + ": is not JSON: " + error.what());
    }
    if (!root.is_object())
      fail("the file", "holds " + std::string(root.type_name()) + ", expected an object");
    readNormalizer(field(root, "normalizer"));
    readModel(field(root, "model"));
    readAddedTokens(field(root, "added_tokens"));
    readPreTokenizer(field(root, "pre_tokenizer"));
    readDecoder(field(root, "decoder"), "decoder");
    return std::move(data);
  }

private:
  //===--- Values, each with a name for messages --------------------------===//

  struct Value {
    const json *value; ///< null: absent or null
    std::string where;
    explicit operator bool() const { return value; }
  };

  [[noreturn]] void fail(const std::string &where, const std::string &what) const {
    throw std::runtime_error(name + ": " + where + ": " + what);
  }

  static Value field(const json &object, const std::string &key, const std::string &parent = "") {
    auto found = object.find(key);
    return {found == object.end() || found->is_null() ? nullptr : &*found, parent.empty() ? key : parent + "." + key};
  }
  Value field(const Value &object, const std::string &key) const {
    if (!object || !object.value->is_object())
      fail(object.where, found(object) + ", expected an object");
    return field(*object.value, key, object.where);
  }

  static std::string found(const Value &value) {
    return "found " + std::string(value ? value.value->type_name() : "nothing");
  }

  const std::string &string(const Value &value) const {
    if (!value || !value.value->is_string())
      fail(value.where, found(value) + ", expected a string");
    return value.value->get_ref<const std::string &>();
  }
  bool flag(const Value &value, bool otherwise) const {
    if (value && !value.value->is_boolean())
      fail(value.where, found(value) + ", expected true or false");
    return value ? value.value->get<bool>() : otherwise;
  }
  uint32_t id(const Value &value) const {
    if (!value || !value.value->is_number_unsigned())
      fail(value.where, found(value) + ", expected a token id");
    uint64_t id = value.value->get<uint64_t>();
    if (id >= mostTokens)
      fail(value.where, "the id is " + std::to_string(id) + ", expected one below " + std::to_string(mostTokens));
    return static_cast<uint32_t>(id);
  }
  /// The elements of an array; none if it is absent.
  std::vector<Value> elements(const Value &array) const {
    std::vector<Value> values;
    if (array && !array.value->is_array())
      fail(array.where, found(array) + ", expected an array");
    if (array)
      for (const json &element : *array.value)
        values.push_back({&element, array.where + "[" + std::to_string(values.size()) + "]"});
    return values;
  }

  //===--- The parts of the file ------------------------------------------===//

  void readNormalizer(const Value &normalizer) const {
    if (!normalizer)
      return;
    const std::string &type = string(field(normalizer, "type"));
    if (type != "Sequence" || !elements(field(normalizer, "normalizers")).empty())
      fail("normalizer", "'" + type + "' is not supported; GLM's tokenizers have none");
  }

  void readModel(const Value &model) {
    if (Value type = field(model, "type"); type && string(type) != "BPE")
      fail(type.where, "found '" + string(type) + "', expected 'BPE'");
    if (Value dropout = field(model, "dropout"); dropout && *dropout.value != 0.0)
      fail(dropout.where, "tokens that are dropped by chance are not supported");
    if (Value fallback = field(model, "byte_fallback"); flag(fallback, false))
      fail(fallback.where, "is not supported: the vocabulary must be byte-level");
    for (const char *key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (Value affix = field(model, key); affix && !string(affix).empty())
        fail(affix.where, "'" + string(affix) + "' is not supported: the vocabulary must be byte-level");
    data.wholePieces = flag(field(model, "ignore_merges"), false);
    readVocabulary(field(model, "vocab"));
    readMerges(field(model, "merges"));
  }

  /// Takes an id; messages call the token `spelled` at `where`.
  TokenizerData::Token &newToken(uint32_t id, const std::string &spelled, const std::string &where) {
    if (id >= data.tokens.size())
      data.tokens.resize(id + 1);
    if (data.tokens[id].known)
      fail(where, "'" + spelled + "' has the id " + std::to_string(id) + ", which another token has too");
    data.tokens[id].known = true;
    data.byName[spelled] = id;
    return data.tokens[id];
  }

  void readVocabulary(const Value &vocabulary) {
    if (!vocabulary || !vocabulary.value->is_object())
      fail(vocabulary.where, found(vocabulary) + ", expected an object of tokens and ids");
    for (const auto &[spelled, value] : vocabulary.value->items()) {
      uint32_t number = id({&value, vocabulary.where + "['" + spelled + "']"});
      TokenizerData::Token &token = newToken(number, spelled, vocabulary.where);
      std::optional<std::string> bytes = spelledBytes(spelled);
      token.bytes = bytes.value_or(spelled);
      if (!bytes || bytes->empty())
        continue;
      data.byBytes[*bytes] = number;
      if (bytes->size() == 1)
        data.byByte[static_cast<unsigned char>((*bytes)[0])] = number;
    }
  }

  /// The halves of a merge: "a b" in older files, ["a", "b"] in newer ones.
  std::pair<std::string, std::string> halves(const Value &merge) const {
    if (merge.value->is_array() && merge.value->size() == 2)
      return {string({&(*merge.value)[0], merge.where}), string({&(*merge.value)[1], merge.where})};
    if (merge.value->is_array())
      fail(merge.where, "found " + std::to_string(merge.value->size()) + " tokens, expected 2");
    const std::string &text = string(merge);
    size_t space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos)
      fail(merge.where, "found '" + text + "', expected two tokens with one space between them");
    return {text.substr(0, space), text.substr(space + 1)};
  }

  void readMerges(const Value &merges) {
    if (!merges)
      fail(merges.where, "found nothing, expected an array");
    auto idOf = [&](const std::string &token, const std::string &where) {
      auto known = data.byName.find(token);
      if (known == data.byName.end())
        fail(where, "'" + token + "' is not in the vocabulary");
      return known->second;
    };
    for (const Value &merge : elements(merges)) {
      if (merge.value->is_string() && string(merge).rfind("#version", 0) == 0)
        continue;
      auto [left, right] = halves(merge);
      uint32_t leftId = idOf(left, merge.where), rightId = idOf(right, merge.where);
      data.pairs.add(leftId, rightId, idOf(left + right, merge.where));
    }
  }

  void readAddedTokens(const Value &added) {
    for (const Value &element : elements(added)) {
      AddedToken token;
      token.id = id(field(element, "id"));
      token.text = string(field(element, "content"));
      token.special = flag(field(element, "special"), false);
      token.normalized = flag(field(element, "normalized"), false);
      token.stripLeft = flag(field(element, "lstrip"), false);
      token.stripRight = flag(field(element, "rstrip"), false);
      if (Value word = field(element, "single_word"); flag(word, false))
        fail(word.where, "tokens that must be whole words are not supported");
      if (token.text.empty())
        continue;
      auto known = data.byName.find(token.text);
      if (known == data.byName.end())
        newToken(token.id, token.text, element.where);
      else if (known->second != token.id)
        fail(element.where, "'" + token.text + "' has the id " + std::to_string(token.id) + ", elsewhere " +
                                std::to_string(known->second));
      data.tokens[token.id].bytes = token.text;
      data.tokens[token.id].special = token.special;
      data.added.add(std::move(token));
    }
  }

  void readPreTokenizer(const Value &preTokenizer) {
    if (!preTokenizer)
      fail(preTokenizer.where, "found nothing, expected one with a ByteLevel step");
    bool byteLevel = false;
    readStep(preTokenizer, byteLevel, 0);
    if (!byteLevel)
      fail(preTokenizer.where, "has no ByteLevel step: the vocabulary must be byte-level");
  }

  void readStep(const Value &step, bool &byteLevel, unsigned depth) {
    const std::string &type = string(field(step, "type"));
    // A Sequence in a Sequence is allowed; a hostile file must not end the stack.
    if (type == "Sequence" && depth < 8) {
      for (const Value &inner : elements(field(step, "pretokenizers")))
        readStep(inner, byteLevel, depth + 1);
      return;
    }
    if (byteLevel)
      fail(step.where, "'" + type + "' comes after ByteLevel, which must be the last step");
    if (type == "Split") {
      readSplit(step);
    } else if (type == "ByteLevel") {
      byteLevel = true;
      if (flag(field(step, "add_prefix_space"), true))
        data.preTokenizer.addPrefixSpace();
      if (flag(field(step, "use_regex"), true))
        data.preTokenizer.addSplit(Pattern::regex(gpt2Pattern), PreTokenizer::Keep::All);
    } else {
      fail(step.where, "'" + type + "' is not supported, expected Split, ByteLevel or a Sequence of them");
    }
  }

  void readSplit(const Value &step) {
    Value behavior = field(step, "behavior"), pattern = field(step, "pattern");
    bool invert = flag(field(step, "invert"), false);
    PreTokenizer::Keep keep = PreTokenizer::Keep::All;
    if (string(behavior) == "Removed")
      keep = invert ? PreTokenizer::Keep::Matches : PreTokenizer::Keep::Rest;
    else if (string(behavior) != "Isolated")
      fail(behavior.where, "'" + string(behavior) + "' is not supported, expected Isolated or Removed");
    Value regex = field(pattern, "Regex"), literal = field(pattern, "String");
    const std::string &text = string(regex ? regex : literal);
    if (text.empty())
      fail(pattern.where, "is empty");
    try {
      data.preTokenizer.addSplit(regex ? Pattern::regex(text) : Pattern::literal(text), keep);
    } catch (const std::runtime_error &error) {
      fail(pattern.where, error.what());
    }
  }

  void readDecoder(const Value &decoder, const std::string &where) const {
    if (decoder && string(field(decoder, "type")) != "ByteLevel")
      fail(where, "'" + string(field(decoder, "type")) + "' is not supported, expected ByteLevel");
  }

  std::string name;
  TokenizerData data;
};

} // namespace

TokenizerData readTokenizer(std::string_view text, const std::string &name) { return Reader(name).read(text); }

} // namespace chat
