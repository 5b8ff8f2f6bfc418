// What a Tokenizer holds. Internal to text/.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "hone/text/added_tokens.h"
#include "hone/text/bpe.h"
#include "hone/text/normalizer.h"
#include "hone/text/post_processor.h"
#include "hone/text/pre_tokenizer.h"
#include "hone/text/tokenizer.h"

namespace hone {

struct Tokenizer::Impl {
  explicit Impl(Bpe model) : bpe(std::move(model)) {}

  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  Bpe bpe;
  AddedTokens added;
  PostProcessor post_processor;

  // By id; an id that is not in use has no bytes.
  std::string bytes;                   // of all tokens, one after another
  std::vector<std::size_t> byte_ends;  // bytes of id: [byte_ends[id - 1], byte_ends[id])
  std::vector<bool> special;
  std::unordered_map<std::int32_t, std::string> added_texts;
  std::unordered_map<std::string, std::int32_t> added_ids;

  std::optional<std::int32_t> eos, bos, pad;
  std::string eos_text, bos_text;
  std::string chat_template;
  std::vector<std::pair<std::string, std::string>> files;  // name, bytes

  // Buffers of one encode(), lent to one thread at a time, so that words met before stay known.
  struct Workspace {
    PreTokenizer::Words words;
    Bpe::Workspace bpe;
    std::vector<AddedTokens::Piece> raw, normalized;
  };
  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<Workspace>> idle;

  // Calls word(bytes) for every word and token(id) for every added token of a text, in order.
  void walk(std::string_view text, Workspace& workspace, const std::function<void(std::string_view)>& word,
            const std::function<void(std::int32_t)>& token) const;

  // The texts of its files (empty: there is none), with names for errors.
  struct Source {
    std::string_view text;
    std::string where;
  };
  static Result<std::shared_ptr<Impl>> parse(const Source& tokenizer, const Source& config,
                                             const Source& special_tokens_map);
};

}  // namespace hone
