// Training a small byte-level BPE vocabulary, and writing it as a standard tokenizer.
#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <unordered_map>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/text/byte_level.h"
#include "hone/text/tokenizer_impl.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

constexpr const char* kEnd = "<|endoftext|>";
constexpr const char* kTurnStart = "<|im_start|>";
constexpr const char* kTurnEnd = "<|im_end|>";

// ChatML, one turn after another.
constexpr const char* kChatTemplate =
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

struct Pair {
  std::int32_t left, right;
  auto operator<=>(const Pair&) const = default;
};

// The words of the texts with their counts, merged step by step.
class Trainer {
 public:
  Trainer(const std::map<std::string, std::int64_t>& words, const std::vector<std::int32_t>& byte_ids) {
    for (const auto& [text, count] : words) {
      Word word{{}, count};
      for (const char c : text) word.symbols.push_back(byte_ids[static_cast<std::uint8_t>(c)]);
      for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i) {
        change({word.symbols[i], word.symbols[i + 1]}, count, words_.size());
      }
      words_.push_back(std::move(word));
    }
    for (const auto& [pair, use] : uses_) queue_.push({use.count, pair});
  }

  // The commonest pair, the one of smaller ids among equals; none when no pair comes twice.
  std::optional<Pair> best() {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      const std::int64_t count = uses_[top.pair].count;
      if (count == top.count && count >= 2) return top.pair;
      queue_.pop();  // counted anew since
      if (count >= 2 && count < top.count) queue_.push({count, top.pair});
    }
    return std::nullopt;
  }

  void merge(Pair pair, std::int32_t result) {
    const std::set<std::size_t> where = std::move(uses_[pair].words);
    uses_.erase(pair);
    std::set<Pair> grown;
    for (const std::size_t index : where) {
      Word& word = words_[index];
      std::vector<std::int32_t> merged;
      for (std::size_t i = 0; i < word.symbols.size(); ++i) {
        const bool here =
            i + 1 < word.symbols.size() && word.symbols[i] == pair.left && word.symbols[i + 1] == pair.right;
        merged.push_back(here ? result : word.symbols[i]);
        i += here ? 1 : 0;
      }
      for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i) {
        const Pair old{word.symbols[i], word.symbols[i + 1]};
        if (old != pair) change(old, -word.count, index);
      }
      for (std::size_t i = 0; i + 1 < merged.size(); ++i) {
        const Pair next{merged[i], merged[i + 1]};
        change(next, word.count, index);
        grown.insert(next);
      }
      word.symbols = std::move(merged);
    }
    for (const Pair& next : grown) queue_.push({uses_[next].count, next});
  }

 private:
  struct Word {
    std::vector<std::int32_t> symbols;
    std::int64_t count;
  };
  struct Use {
    std::int64_t count = 0;
    std::set<std::size_t> words;  // those that hold the pair, or once did
  };
  struct Candidate {
    std::int64_t count;
    Pair pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : other.pair < pair;
    }
  };

  void change(Pair pair, std::int64_t by, std::size_t word) {
    Use& use = uses_[pair];
    use.count += by;
    if (by > 0) use.words.insert(word);
  }

  std::vector<Word> words_;
  std::map<Pair, Use> uses_;
  std::priority_queue<Candidate> queue_;
};

Json added_token(const std::string& content, bool special) {
  return {{"content", content}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},    {"normalized", false},  {"special", special}};
}

// tokenizer.json with its keys in the usual order.
std::string tokenizer_text(const nlohmann::ordered_json& vocab, const nlohmann::ordered_json& merges,
                           const std::vector<std::string>& added, bool digits) {
  using Ordered = nlohmann::ordered_json;
  const auto byte_level_stage = [](bool add_prefix_space) {
    return Ordered{{"type", "ByteLevel"},
                   {"add_prefix_space", add_prefix_space},
                   {"trim_offsets", true},
                   {"use_regex", true}};
  };
  Ordered tokens = Ordered::array();
  for (std::size_t i = 0; i < added.size(); ++i) {
    Ordered token{{"id", i}};
    token.update(Ordered(added_token(added[i], i < 3)));
    tokens.push_back(std::move(token));
  }
  Ordered pre_tokenizer = byte_level_stage(false);
  if (digits) {
    pre_tokenizer = {
        {"type", "Sequence"},
        {"pretokenizers",
         Ordered::array({Ordered{{"type", "Digits"}, {"individual_digits", true}}, pre_tokenizer})}};
  }
  const Ordered root{{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", tokens},
                     {"normalizer", nullptr},
                     {"pre_tokenizer", pre_tokenizer},
                     {"post_processor", nullptr},
                     {"decoder", byte_level_stage(true)},
                     {"model",
                      {{"type", "BPE"},
                       {"dropout", nullptr},
                       {"unk_token", nullptr},
                       {"continuing_subword_prefix", nullptr},
                       {"end_of_word_suffix", nullptr},
                       {"fuse_unk", false},
                       {"byte_fallback", false},
                       {"ignore_merges", false},
                       {"vocab", vocab},
                       {"merges", merges}}}};
  return root.dump(1) + "\n";
}

std::string config_text(const std::vector<std::string>& added) {
  nlohmann::ordered_json decoder = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < added.size(); ++i) decoder[std::to_string(i)] = added_token(added[i], i < 3);
  const nlohmann::ordered_json root{{"added_tokens_decoder", decoder},
                                    {"bos_token", nullptr},
                                    {"chat_template", kChatTemplate},
                                    {"clean_up_tokenization_spaces", false},
                                    {"eos_token", kTurnEnd},
                                    {"model_max_length", 1000000000},
                                    {"pad_token", kEnd},
                                    {"tokenizer_class", "PreTrainedTokenizerFast"},
                                    {"unk_token", nullptr}};
  return root.dump(1) + "\n";
}

Result<std::vector<std::string>> added_tokens(const TokenizerInitOptions& options) {
  std::vector<std::string> added = {kEnd, kTurnStart, kTurnEnd};
  for (const std::string& text : options.special) {
    if (text.empty() || !is_valid_utf8(text)) return Error{"tokenizer.special", "must be texts", text};
    if (std::find(added.begin(), added.end(), text) != added.end()) {
      return Error{"tokenizer.special", "must differ from each other and from the chat's own tokens", text};
    }
    if (byte_level(text) == text && text.size() == 1) {
      return Error{"tokenizer.special", "must be longer than one byte", text};
    }
    added.push_back(text);
  }
  const std::size_t least = 256 + added.size();
  if (options.vocab_size < 0 || static_cast<std::size_t>(options.vocab_size) < least) {
    return Error{"tokenizer.vocab_size",
                 fmt::format("must be at least {} (256 bytes and {} added tokens)", least, added.size()),
                 std::to_string(options.vocab_size)};
  }
  return added;
}

}  // namespace

Result<TokenizerFiles> train_tokenizer(const TokenizerInitOptions& options,
                                       std::span<const std::string> texts) {
  HONE_TRY(const std::vector<std::string> added, added_tokens(options));
  nlohmann::ordered_json vocab = nlohmann::ordered_json::object(), merges = nlohmann::ordered_json::array();
  std::vector<std::string> written = added;  // by id
  std::vector<std::int32_t> byte_ids;
  for (int byte = 0; byte < 256; ++byte) {
    byte_ids.push_back(static_cast<std::int32_t>(written.size()));
    written.push_back(byte_level(std::string(1, static_cast<char>(byte))));
  }
  const auto text_so_far = [&] {
    nlohmann::ordered_json::object_t members;
    for (std::size_t id = 0; id < written.size(); ++id) members.emplace_back(written[id], id);
    return tokenizer_text(nlohmann::ordered_json(std::move(members)), merges, added, options.digits);
  };

  // The same tokenizer without merges cuts the texts into words, so that training sees what encoding will.
  const std::string unmerged = text_so_far();
  HONE_TRY(const std::shared_ptr<Tokenizer::Impl> cutter,
           Tokenizer::Impl::parse({unmerged, "trained tokenizer.json"}, {}, {}));
  std::map<std::string, std::int64_t> words;
  Tokenizer::Impl::Workspace workspace;
  for (const std::string& text : texts) {
    std::string valid;
    append_lossy_utf8(text, valid);
    cutter->walk(
        valid, workspace, [&](std::string_view word) { ++words[std::string(word)]; }, [](std::int32_t) {});
  }

  Trainer trainer(words, byte_ids);
  std::map<std::string, std::int32_t> ids;
  for (std::size_t id = 0; id < written.size(); ++id) ids.emplace(written[id], static_cast<std::int32_t>(id));
  while (static_cast<std::int64_t>(written.size()) < options.vocab_size) {
    const std::optional<Pair> pair = trainer.best();
    if (!pair) break;
    const std::string left = written[static_cast<std::size_t>(pair->left)];
    const std::string right = written[static_cast<std::size_t>(pair->right)];
    // Two ways to one text share its id: ("a", "bc") and ("ab", "c").
    const auto [known, is_new] = ids.try_emplace(left + right, static_cast<std::int32_t>(written.size()));
    if (is_new) written.push_back(left + right);
    merges.push_back({left, right});
    trainer.merge(*pair, known->second);
  }
  return TokenizerFiles{text_so_far(), config_text(added)};
}

Result<void> write_tokenizer(const TokenizerFiles& files, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error{folder.string(), "must be a folder that can be made", error.message()};
  HONE_TRY_VOID(write_file_atomically(folder / "tokenizer.json", files.tokenizer_json));
  return write_file_atomically(folder / "tokenizer_config.json", files.tokenizer_config_json);
}

}  // namespace hone
