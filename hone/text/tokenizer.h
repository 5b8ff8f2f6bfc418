// Byte-level BPE exactly as a Hugging Face tokenizer.json describes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"

namespace hone {

// Thread safety: const methods may be called from many threads.
class Tokenizer {
 public:
  // From FOLDER/tokenizer.json (and tokenizer_config.json, special_tokens_map.json where present).
  // Errors: a model that is not byte-level BPE, an unsupported normalizer or pre-tokenizer (named), merges
  // that are not in the vocabulary, malformed JSON.
  static Result<Tokenizer> load(const std::filesystem::path& folder);

  // Added tokens that stand in the text are matched. With add_special, also what the post-processor adds (bos
  // …). Bytes that are not UTF-8 are read as U+FFFD.
  std::vector<std::int32_t> encode(std::string_view text, bool add_special = false) const;

  // Invalid UTF-8 becomes U+FFFD, as the reference decoder does. Ids outside the
  // vocabulary decode to nothing.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = false) const;

  // The raw bytes of one token; for a special token its text.
  std::string_view bytes_of(std::int32_t id) const;
  std::string token(std::int32_t id) const;  // as written in the vocabulary ("Ġthe")
  bool is_special(std::int32_t id) const;
  std::optional<std::int32_t> id_of(std::string_view token) const;
  std::int64_t vocab_size() const;  // largest id + 1

  // From tokenizer_config.json, or else special_tokens_map.json; absent where they have none.
  std::optional<std::int32_t> eos_id() const;
  std::optional<std::int32_t> bos_id() const;
  std::optional<std::int32_t> pad_id() const;
  const std::string& chat_template() const;  // Jinja; empty: none
  std::string bos_token() const;
  std::string eos_token() const;

  // Copies the tokenizer's own files into a model folder, byte for byte.
  Result<void> save(const std::filesystem::path& folder) const;

  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

// Decodes a stream of ids, holding back bytes that are not yet a whole UTF-8 character.
class StreamDecoder {
 public:
  explicit StreamDecoder(Tokenizer tokenizer, bool skip_special = true);
  std::string push(std::int32_t id);  // the text that became complete
  std::string finish();               // what was held back, as U+FFFD

 private:
  Tokenizer tokenizer_;
  bool skip_special_;
  std::string pending_;
};

// Trains a byte-level BPE vocabulary on `texts` and returns the files of a standard tokenizer: the text of
// tokenizer.json and of tokenizer_config.json (with a chat template, <|im_start|>role … <|im_end|>, whose eos
// is
// <|im_end|> and whose pad is <|endoftext|>). Deterministic: ties go to the pair of smaller ids.
// Error: vocab_size smaller than 256 bytes and the special tokens.
struct TokenizerFiles {
  std::string tokenizer_json;
  std::string tokenizer_config_json;
};
Result<TokenizerFiles> train_tokenizer(const TokenizerInitOptions& options,
                                       std::span<const std::string> texts);
Result<void> write_tokenizer(const TokenizerFiles& files, const std::filesystem::path& folder);

}  // namespace hone
