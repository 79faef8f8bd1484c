//===- ChatTokenizerTest.cpp - The chat example's tokenizer ----------------===//
//
// Held against Hugging Face's `tokenizers`: data/chat/make_tokenizers.py made the
// files and what they give. With GLMC_CHAT_TOKENIZERS=FOLDER in the environment,
// the files of that folder are compared as well (make_tokenizers.py --random).
//
//===----------------------------------------------------------------------===//
#include "examples/chat/Tokenizer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

using namespace chat;
using nlohmann::json;

namespace {

using Special = Tokenizer::SpecialTokens;
using Ids = std::vector<int64_t>;

const std::string folder = GLMC_TEST_DIR "/unit/data/chat/";

std::string fromHex(const std::string &hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

/// Compares all texts of one tokenizer; returns how many there were.
int compare(const std::filesystem::path &file) {
  Tokenizer tokenizer = Tokenizer::load(file.string());
  std::filesystem::path expected = file;
  expected.replace_extension(".expected.json");
  std::ifstream stream(expected);
  json cases = json::parse(stream);
  for (const json &sample : cases) {
    SCOPED_TRACE(file.filename().string() + ": " + sample["text"].get<std::string>());
    std::string text = fromHex(sample["text"]);
    Ids ids = sample["ids"];
    EXPECT_EQ(tokenizer.encode(text, Special::Tokens), ids);
    EXPECT_EQ(tokenizer.encode(text, Special::Text), sample.value("ids_as_text", ids));
    EXPECT_EQ(tokenizer.decode(ids), sample["decoded"].get<std::string>());
  }
  return static_cast<int>(cases.size());
}

int compareFolder(const std::filesystem::path &path) {
  int texts = 0;
  std::set<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".json" && entry.path().stem().extension() != ".expected")
      files.insert(entry.path());
  for (const auto &file : files)
    texts += compare(file);
  return texts;
}

/// A vocabulary of single bytes, `ab` and `abc`, and changes to it.
json smallTokenizer() {
  json vocabulary;
  std::ifstream stream(folder + "gpt2.json");
  json other = json::parse(stream);
  for (const auto &[token, id] : other["model"]["vocab"].items())
    if (id < 256)
      vocabulary[token] = id;
  vocabulary["ab"] = 256;
  vocabulary["abc"] = 257;
  return {{"added_tokens", json::array()},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", {"a b", "ab c"}}}}};
}

json addedToken(const char *text, int id) { return {{"id", id}, {"content", text}, {"special", true}}; }

/// The message that reading gives; empty if the file is accepted.
std::string errorOf(const std::string &text) {
  try {
    Tokenizer::parse(text, "file");
    return "";
  } catch (const std::runtime_error &error) {
    return error.what();
  }
}

/// The same after setting the value at a JSON pointer.
std::string errorWith(const char *pointer, const json &value) {
  json file = smallTokenizer();
  file[json::json_pointer(pointer)] = value;
  return errorOf(file.dump());
}

json splitStep(const std::string &pattern) {
  return {{"type", "Sequence"},
          {"pretokenizers",
           {{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}},
            {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
}

} // namespace

TEST(ChatTokenizer, GivesWhatTokenizersGives) {
  EXPECT_GE(compareFolder(folder), 3 * 80);
  if (const char *more = std::getenv("GLMC_CHAT_TOKENIZERS"))
    std::printf("%d texts of %s compared\n", compareFolder(more), more);
}

TEST(ChatTokenizer, AcceptsTheSmallTokenizerThatOthersAreChangesOf) {
  Tokenizer tokenizer = Tokenizer::parse(smallTokenizer().dump(), "file");
  EXPECT_EQ(tokenizer.encode("abcab", Special::Text), (Ids{257, 256}));
  EXPECT_EQ(tokenizer.size(), 258);
  EXPECT_EQ(tokenizer.find("abc"), 257);
  EXPECT_EQ(tokenizer.find("nothing"), std::nullopt);
}

TEST(ChatTokenizer, TokensThatAreNoneHaveNoText) {
  Tokenizer tokenizer = Tokenizer::load(folder + "glm4.json");
  for (int64_t id : {int64_t(-1), tokenizer.size(), INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(tokenizer.bytes(id), "");
    EXPECT_FALSE(tokenizer.isSpecial(id));
  }
  EXPECT_EQ(tokenizer.decode({-5, 1 << 30}), "");
}

TEST(ChatTokenizer, LongPiecesTakeNoSquareOfTheirLength) {
  Tokenizer tokenizer = Tokenizer::load(folder + "glm4.json");
  // One piece each; quadratic joining would take minutes.
  for (const char *unit : {"the", " ", "ab", "!", "\n", "\xe7\x9a\x84"}) {
    std::string text;
    while (text.size() < 100000)
      text += unit;
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, Special::Text)), text);
  }
}

TEST(ChatTokenizer, AByteWithoutATokenIsAnError) {
  json file = smallTokenizer();
  file["model"]["vocab"].erase("z");
  Tokenizer tokenizer = Tokenizer::parse(file.dump(), "file");
  EXPECT_THROW(tokenizer.encode("puzzle", Special::Text), std::runtime_error);
  EXPECT_EQ(tokenizer.encode("ab", Special::Text), (Ids{256}));
}

TEST(ChatTokenizer, RefusesWhatIsNoTokenizer) {
  EXPECT_THROW(Tokenizer::load(folder + "there is no such file"), std::runtime_error);
  EXPECT_THROW(Tokenizer::load(folder), std::runtime_error);
  for (const char *text : {"", "{", "[1, 2", "\"\xff\"", "{\"a\": \"\\ud800\"}"})
    EXPECT_NE(errorOf(text).find("file: is not JSON"), std::string::npos) << text;
  EXPECT_NE(errorOf("[]").find("the file: holds array"), std::string::npos);
  EXPECT_NE(errorOf("{}").find("model: found nothing"), std::string::npos);
  EXPECT_NE(errorOf(std::string(100000, '[')).find("is not JSON"), std::string::npos);
}

TEST(ChatTokenizer, NamesWhatIsWrong) {
  const struct {
    const char *pointer;
    json value;
    const char *message;
  } cases[] = {
      {"/model", 5, "model: found number, expected an object"},
      {"/model/type", "Unigram", "model.type: found 'Unigram', expected 'BPE'"},
      {"/model/type", 3, "model.type: found number, expected a string"},
      {"/model/vocab", json::array(), "model.vocab: found array"},
      {"/model/vocab/a", -1, "model.vocab['a']: found number, expected a token id"},
      {"/model/vocab/a", 1.5, "model.vocab['a']: found number, expected a token id"},
      {"/model/vocab/a", 4000000000u, "the id is 4000000000, expected one below 1048576"},
      {"/model/vocab/abc", 256, "has the id 256, which another token has too"},
      {"/model/merges", nullptr, "model.merges: found nothing"},
      {"/model/merges/1", "ab", "model.merges[1]: found 'ab', expected two tokens"},
      {"/model/merges/1", "a b c", "model.merges[1]: found 'a b c', expected two tokens"},
      {"/model/merges/1", 7, "model.merges[1]: found number, expected a string"},
      {"/model/merges/1", {"a", "b", "c"}, "model.merges[1]: found 3 tokens, expected 2"},
      {"/model/merges/1", {"a", 2}, "model.merges[1]: found number, expected a string"},
      {"/model/merges/1", "ab x", "'abx' is not in the vocabulary"},
      {"/model/merges/1", "ab xyz", "'xyz' is not in the vocabulary"},
      {"/model/dropout", 0.1, "model.dropout: "},
      {"/model/byte_fallback", true, "model.byte_fallback: is not supported"},
      {"/model/ignore_merges", "yes", "model.ignore_merges: found string, expected true or false"},
      {"/model/end_of_word_suffix", "</w>", "model.end_of_word_suffix: '</w>' is not supported"},
      {"/normalizer", {{"type", "NFC"}}, "normalizer: 'NFC' is not supported"},
      {"/decoder", {{"type", "WordPiece"}}, "decoder: 'WordPiece' is not supported, expected ByteLevel"},
      {"/added_tokens", 1, "added_tokens: found number, expected an array"},
      {"/added_tokens/0", "x", "added_tokens[0]: found string, expected an object"},
      {"/added_tokens/0", {{"id", 300}}, "added_tokens[0].content: found nothing, expected a string"},
      {"/added_tokens/0", addedToken("<x>", 5), "added_tokens[0]: '<x>' has the id 5, which another token has too"},
      {"/added_tokens/0", addedToken("ab", 300), "added_tokens[0]: 'ab' has the id 300, elsewhere 256"},
      {"/added_tokens/0", {{"id", 300}, {"content", "w"}, {"single_word", true}}, "single_word: "},
      {"/pre_tokenizer", nullptr, "pre_tokenizer: found nothing"},
      {"/pre_tokenizer", {{"type", "Metaspace"}}, "pre_tokenizer: 'Metaspace' is not supported"},
      {"/pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", json::array()}}, "has no ByteLevel step"},
      {"/pre_tokenizer",
       {{"type", "Sequence"}, {"pretokenizers", {{{"type", "ByteLevel"}}, {{"type", "ByteLevel"}}}}},
       "pre_tokenizer.pretokenizers[1]: 'ByteLevel' comes after ByteLevel"},
      {"/pre_tokenizer", splitStep(""), "pattern: is empty"},
  };
  for (const auto &wrong : cases) {
    std::string message = errorWith(wrong.pointer, wrong.value);
    EXPECT_EQ(message.rfind("file: ", 0), 0u) << wrong.pointer;
    EXPECT_NE(message.find(wrong.message), std::string::npos) << wrong.pointer << ": " << message;
  }
}

TEST(ChatTokenizer, DamagedFilesAreErrorsOrTokenizers) {
  std::ifstream stream(folder + "whole.json");
  const std::string whole((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  std::mt19937 random(5);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::string text = whole.substr(0, round % 10 ? whole.size() : random() % whole.size());
    for (int i = 0; i < 1 + round % 4 && !text.empty(); ++i)
      text[random() % text.size()] =
          static_cast<char>(random() % 3 ? "0123456789[]{}\"\\:,tn-"[random() % 21] : random());
    try {
      Tokenizer tokenizer = Tokenizer::parse(text, "file");
      Ids ids = tokenizer.encode("<|user|>\nHello, 你好 12345\xff", Special::Tokens);
      for (int64_t id : ids)
        EXPECT_LT(id, tokenizer.size());
      tokenizer.decode(ids);
    } catch (const std::runtime_error &) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_LT(refused, 300);
}

TEST(ChatTokenizer, DeepNestingEndsNoStack) {
  json file = smallTokenizer();
  std::string text = file.dump(), nested, closing;
  for (int i = 0; i < 20000; ++i) {
    nested += R"({"type":"Sequence","pretokenizers":[)";
    closing += "]}";
  }
  nested += R"({"type":"ByteLevel"})" + closing;
  size_t at = text.find(file["pre_tokenizer"].dump());
  ASSERT_NE(at, std::string::npos);
  text.replace(at, file["pre_tokenizer"].dump().size(), nested);
  EXPECT_NE(errorOf(text).find("'Sequence' is not supported"), std::string::npos);
}

TEST(ChatTokenizer, ReadsPatternsAsOnigurumaDoes) {
  // What tokenizers' Split finds.
  const struct {
    const char *pattern, *text;
    std::vector<std::string> found;
  } cases[] = {
      {R"(\p{Han}+)", "\u4e2d\u3002\u6587", {"\u4e2d", "\u6587"}},
      {R"(\s+)",
       "a\u180eb\xc2\x85"
       "c\x1c d",
       {"\xc2\x85", " "}},
      {"a+$", "aa\naa", {"aa", "aa"}},
      {"^a", "aa\naa", {"a", "a"}},
      {".+", "x\ny", {"x", "y"}},
      {"(?i:k)", "kK\u212a", {"k", "K", "\u212a"}},
      {R"(\d+)", "1\u0663\u00b2x", {"1\u0663"}},
      {R"(\p{^L}+)", "a1\u4e2d2", {"1", "2"}},
      {R"([\S]+)", "a b\u3000c", {"a", "b", "c"}},
      {"x*", "axb", {"x"}},
  };
  for (const auto &sample : cases) {
    std::vector<std::string> found;
    for (auto [start, end] : Pattern::regex(sample.pattern).matches(sample.text))
      found.push_back(std::string(sample.text).substr(start, end - start));
    EXPECT_EQ(found, sample.found) << sample.pattern;
  }
}

TEST(ChatTokenizer, RefusesPatternsThatPcreReadsOtherwise) {
  // Each means something else in Oniguruma, which wrote the file, than in PCRE2.
  for (const char *pattern : {R"(\h+)",   R"(\w+)", R"(\b)",  R"(\R)",   R"(\X)",   R"(\K)",   R"(\x41)", R"(\1)",
                              R"(\Qa\E)", R"(\pL)", "[a[b]]", "[a&&b]",  "[]a]",    "[^]]",    "a{2}+",   "a{2}?",
                              "a{,3}",    "a{x",    "(?m:.)", "(?i)a|b", "(?<n>a)", "(*UTF)a", "(?#x)a",  "a\\"}) {
    std::string message = errorWith("/pre_tokenizer", splitStep(pattern));
    EXPECT_NE(message.find("the pattern has "), std::string::npos) << pattern << ": " << message;
    EXPECT_NE(message.find("pretokenizers[0].pattern: "), std::string::npos) << message;
  }
  for (const char *pattern : {"(", "a)", "[a", "*", R"(\p{Nonsense})", R"(\p{Any})", R"(\p{})", "(?<=a+)b"})
    EXPECT_NE(errorWith("/pre_tokenizer", splitStep(pattern)).find("is not a regular expression"), std::string::npos)
        << pattern;
}

TEST(ChatTokenizer, APatternThatTakesForeverIsAnError) {
  json file = smallTokenizer();
  file["pre_tokenizer"] = splitStep("(?:(?:a+)+)+[bc]");
  Tokenizer tokenizer = Tokenizer::parse(file.dump(), "file");
  EXPECT_THROW(tokenizer.encode(std::string(60, 'a'), Special::Text), std::runtime_error);
}
