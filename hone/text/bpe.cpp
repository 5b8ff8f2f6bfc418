#include "hone/text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "hone/base/check.h"
#include "hone/text/byte_level.h"

namespace hone {
namespace {

constexpr std::int64_t kIdLimit = std::int64_t{1} << 24;  // no vocabulary comes near
constexpr std::size_t kSmallWord = 32;                    // up to here a scan for the best pair beats a heap

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(left) << 32) | static_cast<std::uint32_t>(right);
}

std::uint64_t mix(std::uint64_t x) {
  x *= 0x9E3779B97F4A7C15u;
  return x ^ (x >> 29);
}

// Eight bytes at a time; for tables within one process only.
std::uint64_t hash_word(std::string_view word) {
  std::uint64_t hash = word.size();
  std::size_t i = 0;
  for (; i + 8 <= word.size(); i += 8) {
    std::uint64_t block;
    std::memcpy(&block, word.data() + i, 8);
    hash = mix(hash ^ block);
  }
  std::uint64_t rest = 0;
  if (i < word.size()) std::memcpy(&rest, word.data() + i, word.size() - i);
  return mix(hash ^ mix(rest + 1));
}

}  // namespace

Result<Bpe> Bpe::build(BpeSource source, const std::string& where) {
  Bpe bpe;
  bpe.vocab_ = std::move(source.vocab);
  bpe.fuse_unk_ = source.fuse_unk;
  bpe.ignore_merges_ = source.ignore_merges;
  bpe.ids_.reserve(bpe.vocab_.size());
  std::int64_t limit = 0;
  for (const auto& [text, id] : bpe.vocab_) {
    if (id < 0 || id >= kIdLimit) {
      return Error{where + ".vocab", "ids must lie within [0, 2^24)", fmt::format("{} for {:?}", id, text)};
    }
    limit = std::max(limit, id + 1);
  }
  bpe.tokens_.resize(static_cast<std::size_t>(limit));
  for (const auto& [text, id] : bpe.vocab_) {
    std::string_view& slot = bpe.tokens_[static_cast<std::size_t>(id)];
    if (slot.data() != nullptr && slot != text) {
      return Error{where + ".vocab", "ids must be distinct",
                   fmt::format("{} for {:?} and {:?}", id, slot, text)};
    }
    slot = text;
    bpe.ids_[text] = static_cast<std::int32_t>(id);
  }
  for (int byte = 0; byte < 256; ++byte) {
    bpe.byte_ids_[static_cast<std::size_t>(byte)] =
        bpe.id_of(byte_level(std::string(1, static_cast<char>(byte)))).value_or(-1);
  }
  if (source.unk_token) {
    const auto id = bpe.id_of(*source.unk_token);
    if (!id) return Error{where + ".unk_token", "must be in the vocabulary", *source.unk_token};
    bpe.unk_id_ = *id;
  }

  std::size_t capacity = 16;
  while (capacity < 2 * source.merges.size()) capacity *= 2;
  bpe.merges_.resize(capacity);
  bpe.merges_mask_ = capacity - 1;
  std::string joined;
  for (std::size_t rank = 0; rank < source.merges.size(); ++rank) {
    const auto& [left, right] = source.merges[rank];
    joined.assign(left).append(right);
    const auto a = bpe.ids_.find(left), b = bpe.ids_.find(right), c = bpe.ids_.find(joined);
    if (a == bpe.ids_.end() || b == bpe.ids_.end() || c == bpe.ids_.end()) {
      const std::string& missing = a == bpe.ids_.end() ? left : b == bpe.ids_.end() ? right : joined;
      return Error{
          fmt::format("{}.merges[{}]", where, rank),
          fmt::format("both parts and what they make must be in the vocabulary, {:?} is not", missing),
          fmt::format("{:?}, {:?}", left, right)};
    }
    bpe.put_merge({pair_key(a->second, b->second), static_cast<std::uint32_t>(rank), c->second});
  }
  return bpe;
}

std::optional<std::int32_t> Bpe::id_of(std::string_view token) const {
  const auto it = ids_.find(token);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

std::string_view Bpe::token(std::int32_t id) const {
  if (id < 0 || id >= id_limit()) return {};
  return tokens_[static_cast<std::size_t>(id)];
}

void Bpe::put_merge(const Merge& merge) {
  std::uint64_t slot = mix(merge.pair) & merges_mask_;
  while (merges_[slot].pair != kEmptyPair && merges_[slot].pair != merge.pair) {
    slot = (slot + 1) & merges_mask_;
  }
  merges_[slot] = merge;
}

const Bpe::Merge* Bpe::find_merge(std::int32_t left, std::int32_t right) const {
  const std::uint64_t key = pair_key(left, right);
  for (std::uint64_t slot = mix(key) & merges_mask_;; slot = (slot + 1) & merges_mask_) {
    if (merges_[slot].pair == key) return &merges_[slot];
    if (merges_[slot].pair == kEmptyPair) return nullptr;
  }
}

std::uint32_t Bpe::rank_of(std::int32_t left, std::int32_t right) const {
  const Merge* merge = find_merge(left, right);
  return merge == nullptr ? kNoMerge : merge->rank;
}

void Bpe::encode(std::string_view word, Workspace& workspace, std::vector<std::int32_t>& ids) const {
  if (word.empty()) return;
  const bool cacheable = word.size() <= Workspace::kKeyBytes;
  Workspace::Slot* slot = nullptr;
  std::uint64_t hash = 0;
  if (cacheable) {
    if (workspace.slots_.empty()) workspace.slots_.resize(Workspace::kSlots);
    hash = hash_word(word);
    slot = &workspace.slots_[(hash >> 32) & (Workspace::kSlots - 1)];
    if (slot->hash == hash && slot->key_length == word.size() &&
        std::memcmp(slot->key, word.data(), word.size()) == 0) {
      ids.insert(ids.end(), slot->ids, slot->ids + slot->count);
      return;
    }
  }
  const std::size_t first = ids.size();
  merge_word(word, workspace, ids);
  const std::size_t count = ids.size() - first;
  if (cacheable && count <= Workspace::kIds) {
    slot->hash = hash;
    slot->key_length = static_cast<std::uint8_t>(word.size());
    slot->count = static_cast<std::uint8_t>(count);
    std::memcpy(slot->key, word.data(), word.size());
    std::copy(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end(), slot->ids);
  }
}

void Bpe::merge_word(std::string_view word, Workspace& workspace, std::vector<std::int32_t>& ids) const {
  if (ignore_merges_) {
    if (const auto whole = id_of(byte_level(word))) {
      ids.push_back(*whole);
      return;
    }
  }
  std::vector<std::int32_t>& symbols = workspace.small_;
  symbols.clear();
  bool after_unknown = false;
  for (const char c : word) {
    std::int32_t id = byte_ids_[static_cast<std::uint8_t>(c)];
    // A byte that is in no token is the unknown token, or nothing where there is none, as in the reference.
    const bool unknown = id < 0;
    if (unknown && (unk_id_ < 0 || (fuse_unk_ && after_unknown))) continue;
    if (unknown) id = unk_id_;
    after_unknown = unknown;
    symbols.push_back(id);
  }
  if (symbols.size() <= kSmallWord) {
    merge_small(workspace, ids);
  } else {
    merge_large(workspace, ids);
  }
}

// The pair of lowest rank is merged, the leftmost of equals first, until none is left.
void Bpe::merge_small(Workspace& workspace, std::vector<std::int32_t>& ids) const {
  std::vector<std::int32_t>& symbols = workspace.small_;
  std::vector<std::uint32_t>& ranks = workspace.ranks_;  // ranks[i]: of the pair (i, i + 1)
  ranks.clear();
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) ranks.push_back(rank_of(symbols[i], symbols[i + 1]));
  while (!ranks.empty()) {
    const auto best = std::min_element(ranks.begin(), ranks.end());
    if (*best == kNoMerge) break;
    const auto i = best - ranks.begin();
    const auto u = static_cast<std::size_t>(i);
    symbols[u] = find_merge(symbols[u], symbols[u + 1])->result;
    symbols.erase(symbols.begin() + i + 1);
    ranks.erase(best);
    if (u > 0) ranks[u - 1] = rank_of(symbols[u - 1], symbols[u]);
    if (u < ranks.size()) ranks[u] = rank_of(symbols[u], symbols[u + 1]);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

// The same with a heap of (rank, position) over a linked list; entries whose pair has changed are passed
// over.
void Bpe::merge_large(Workspace& workspace, std::vector<std::int32_t>& ids) const {
  constexpr std::int32_t kGone = -2;
  std::vector<Workspace::Symbol>& symbols = workspace.symbols_;
  std::vector<std::uint64_t>& heap = workspace.heap_;
  const std::size_t count = workspace.small_.size();
  HONE_CHECK(count < (std::size_t{1} << 31), "a word of {} bytes", count);
  symbols.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = static_cast<std::int32_t>(i);
    symbols[i] = {workspace.small_[i], n - 1, i + 1 < count ? n + 1 : -1};
  }
  heap.clear();
  const auto rank_at = [&](std::int32_t i) {
    const Workspace::Symbol& symbol = symbols[static_cast<std::size_t>(i)];
    if (symbol.id == kGone || symbol.next < 0) return kNoMerge;
    return rank_of(symbol.id, symbols[static_cast<std::size_t>(symbol.next)].id);
  };
  const auto push = [&](std::int32_t i) {
    const std::uint32_t rank = rank_at(i);
    if (rank == kNoMerge) return false;
    heap.push_back((static_cast<std::uint64_t>(rank) << 32) | static_cast<std::uint32_t>(i));
    return true;
  };
  for (std::size_t i = 0; i < count; ++i) push(static_cast<std::int32_t>(i));
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const std::uint64_t top = heap.back();
    heap.pop_back();
    const auto i = static_cast<std::int32_t>(top & 0xFFFFFFFFu);
    if (rank_at(i) != static_cast<std::uint32_t>(top >> 32)) continue;
    Workspace::Symbol& left = symbols[static_cast<std::size_t>(i)];
    Workspace::Symbol& right = symbols[static_cast<std::size_t>(left.next)];
    left.id = find_merge(left.id, right.id)->result;
    left.next = right.next;
    if (right.next >= 0) symbols[static_cast<std::size_t>(right.next)].previous = i;
    right.id = kGone;
    if (left.previous >= 0 && push(left.previous)) std::push_heap(heap.begin(), heap.end(), std::greater<>());
    if (push(i)) std::push_heap(heap.begin(), heap.end(), std::greater<>());
  }
  for (std::int32_t i = 0; i >= 0 && count > 0; i = symbols[static_cast<std::size_t>(i)].next) {
    ids.push_back(symbols[static_cast<std::size_t>(i)].id);
  }
}

}  // namespace hone
