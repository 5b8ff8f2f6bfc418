// The BPE model: a vocabulary of byte strings, written in the byte-level alphabet, and ranked merges.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hone/base/result.h"

namespace hone {

// What tokenizer.json says of the model.
struct BpeSource {
  std::vector<std::pair<std::string, std::int64_t>> vocab;
  std::vector<std::pair<std::string, std::string>> merges;  // first merges first
  std::optional<std::string> unk_token;
  bool fuse_unk = false;
  bool ignore_merges = false;  // a word that is a token is taken whole
};

// Thread safety: const methods may be called from many threads, each with a workspace of its own.
class Bpe {
 public:
  // Error: an id out of range or given twice, a merge whose parts or result are not in the vocabulary.
  static Result<Bpe> build(BpeSource source, const std::string& where);

  Bpe(Bpe&&) = default;  // not copied: ids_ points into vocab_
  Bpe& operator=(Bpe&&) = default;

  // Words met before, and room for merging.
  class Workspace {
   private:
    friend class Bpe;
    static constexpr std::size_t kKeyBytes = 62, kIds = 14, kSlots = 1 << 14;
    struct Slot {
      std::uint64_t hash = 0;
      std::uint8_t key_length = 0;  // 0: empty
      std::uint8_t count = 0;
      char key[kKeyBytes];
      std::int32_t ids[kIds];
    };
    struct Symbol {
      std::int32_t id, previous, next;  // -1: none; an id of kGone was merged into its left neighbour
    };
    std::vector<Slot> slots_;  // direct-mapped: a newer word takes an older one's place
    std::vector<Symbol> symbols_;
    std::vector<std::int32_t> small_;
    std::vector<std::uint32_t> ranks_;
    std::vector<std::uint64_t> heap_;
  };

  // Appends the ids of one word, given as raw bytes.
  void encode(std::string_view word, Workspace& workspace, std::vector<std::int32_t>& ids) const;

  std::optional<std::int32_t> id_of(std::string_view token) const;
  std::string_view token(std::int32_t id) const;  // empty: none
  std::int64_t token_count() const { return static_cast<std::int64_t>(ids_.size()); }
  std::int64_t id_limit() const { return static_cast<std::int64_t>(tokens_.size()); }  // largest id + 1

 private:
  Bpe() = default;

  static constexpr std::uint32_t kNoMerge = 0xFFFFFFFF;
  struct Merge {
    std::uint64_t pair = kEmptyPair;
    std::uint32_t rank = kNoMerge;
    std::int32_t result = 0;
  };
  static constexpr std::uint64_t kEmptyPair = ~std::uint64_t{0};

  const Merge* find_merge(std::int32_t left, std::int32_t right) const;
  std::uint32_t rank_of(std::int32_t left, std::int32_t right) const;
  void put_merge(const Merge& merge);
  void merge_word(std::string_view word, Workspace& workspace, std::vector<std::int32_t>& ids) const;
  void merge_small(Workspace& workspace, std::vector<std::int32_t>& ids) const;
  void merge_large(Workspace& workspace, std::vector<std::int32_t>& ids) const;

  std::vector<std::pair<std::string, std::int64_t>> vocab_;  // owns the texts
  std::unordered_map<std::string_view, std::int32_t> ids_;
  std::vector<std::string_view> tokens_;  // by id
  std::vector<Merge> merges_;             // open addressing
  std::uint64_t merges_mask_ = 0;
  std::array<std::int32_t, 256> byte_ids_{};  // -1: not in the vocabulary
  std::int32_t unk_id_ = -1;
  bool fuse_unk_ = false, ignore_merges_ = false;
};

}  // namespace hone
