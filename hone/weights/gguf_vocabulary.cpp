#include "hone/weights/gguf_vocabulary.h"

#include <algorithm>
#include <array>

#include "hone/base/json.h"

namespace hone {
namespace {

using Kind = Vocabulary::Kind;

// llama.cpp's token types.
enum TokenType : std::int32_t {
  kTypeNormal = 1,
  kTypeUnknown,
  kTypeControl,
  kTypeUser,
  kTypeUnused,
  kTypeByte
};

std::int32_t type_of(Kind kind) {
  switch (kind) {
    case Kind::kNormal:
      return kTypeNormal;
    case Kind::kControl:
      return kTypeControl;
    case Kind::kAdded:
      return kTypeUser;
    case Kind::kUnused:
      break;
  }
  return kTypeUnused;
}

Result<Kind> kind_of(std::int64_t type, const std::string& where) {
  switch (type) {
    case kTypeNormal:
      return Kind::kNormal;
    case kTypeUnknown:
    case kTypeControl:
      return Kind::kControl;
    case kTypeUser:
      return Kind::kAdded;
    case kTypeUnused:
      return Kind::kUnused;
    default:
      return Error{where, "a token's type must be one of a byte-level BPE's, 1 to 5", std::to_string(type)};
  }
}

Result<std::optional<std::int32_t>> token_id(const GgufFile& file, const char* key, std::size_t tokens) {
  HONE_TRY(const std::optional<std::int64_t> id, file.get<std::int64_t>(key));
  if (!id) return std::optional<std::int32_t>();
  if (*id < 0 || static_cast<std::uint64_t>(*id) >= tokens)
    return Error{fmt::format("{}: {}", file.where(), key),
                 fmt::format("must be an id of the {} tokens", tokens), std::to_string(*id)};
  return std::optional(static_cast<std::int32_t>(*id));
}

// What llama.cpp does where a file does not say: by the name of the split.
bool split_adds_bos(const std::string& split) {
  constexpr std::array<std::string_view, 5> kNames = {"llama-bpe", "llama3", "llama-v3", "falcon3", "tekken"};
  return std::ranges::find(kNames, split) != kNames.end();
}

}  // namespace

Result<Vocabulary> read_vocabulary(const GgufFile& file) {
  HONE_TRY(const std::string model, file.require<std::string>("tokenizer.ggml.model"));
  if (model != "gpt2")
    return Error{file.where() + ": tokenizer.ggml.model", "must be gpt2: only byte-level BPE is supported",
                 brief(Json(model))};
  Vocabulary out;
  HONE_TRY(auto texts, file.require<std::vector<std::string>>("tokenizer.ggml.tokens"));
  HONE_TRY(const auto types, file.get<std::vector<std::int64_t>>("tokenizer.ggml.token_type"));
  const std::string types_place = file.where() + ": tokenizer.ggml.token_type";
  if (types && types->size() != texts.size())
    return Error{types_place, fmt::format("must hold a type for each of {} tokens", texts.size()),
                 std::to_string(types->size())};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Vocabulary::Token& token = out.tokens.emplace_back();
    token.text = std::move(texts[i]);
    if (types) {
      HONE_TRY(token.kind, kind_of((*types)[i], types_place));
    }
  }
  HONE_TRY(const auto merges, file.require<std::vector<std::string>>("tokenizer.ggml.merges"));
  for (const std::string& merge : merges) {
    const std::size_t space = merge.find(' ');
    if (space == std::string::npos || space == 0 || space + 1 == merge.size() ||
        merge.find(' ', space + 1) != std::string::npos)
      return Error{file.where() + ": tokenizer.ggml.merges",
                   "a merge must be two tokens with a space between", brief(Json(merge))};
    out.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  HONE_TRY(out.split, file.require<std::string>("tokenizer.ggml.pre"));
  const std::size_t count = out.tokens.size();
  HONE_TRY(out.bos, token_id(file, "tokenizer.ggml.bos_token_id", count));
  HONE_TRY(out.eos, token_id(file, "tokenizer.ggml.eos_token_id", count));
  HONE_TRY(out.pad, token_id(file, "tokenizer.ggml.padding_token_id", count));
  HONE_TRY(const auto adds_bos, file.get<bool>("tokenizer.ggml.add_bos_token"));
  HONE_TRY(const auto adds_eos, file.get<bool>("tokenizer.ggml.add_eos_token"));
  out.adds_bos = adds_bos.value_or(split_adds_bos(out.split)) && out.bos;
  out.adds_eos = adds_eos.value_or(false) && out.eos;
  HONE_TRY(const auto chat_template, file.get<std::string>("tokenizer.chat_template"));
  out.chat_template = chat_template.value_or("");
  return out;
}

Result<std::vector<std::int32_t>> read_end_ids(const GgufFile& file, const Vocabulary& vocabulary) {
  std::vector<std::int32_t> ids;
  for (const char* key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    HONE_TRY(const auto id, token_id(file, key, vocabulary.tokens.size()));
    if (id && std::ranges::find(ids, *id) == ids.end()) ids.push_back(*id);
  }
  return ids;
}

Result<void> write_vocabulary(const Vocabulary& vocabulary, std::span<const std::int32_t> end_ids,
                              std::int64_t rows, GgufMetadata& out) {
  if (std::cmp_greater(vocabulary.tokens.size(), rows))
    return Error{"tokenizer.json", fmt::format("must have no more tokens than the embedding's {} rows", rows),
                 std::to_string(vocabulary.tokens.size())};
  std::vector<std::int32_t> ends(end_ids.begin(), end_ids.end());
  if (vocabulary.eos) {
    std::erase(ends, *vocabulary.eos);
    ends.insert(ends.begin(), *vocabulary.eos);
  }
  constexpr std::array<const char*, 3> kEndKeys = {
      "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"};
  if (ends.empty() || ends.size() > kEndKeys.size())
    return Error{"generation_config.json: eos_token_id",
                 "GGUF has places for one to three ids that end a text", std::to_string(ends.size())};
  std::vector<std::string> texts, merges;
  std::vector<std::int32_t> types;
  for (std::int64_t id = 0; id < rows; ++id) {
    const bool known = std::cmp_less(id, vocabulary.tokens.size());
    const Vocabulary::Token token =
        known ? vocabulary.tokens[static_cast<std::size_t>(id)] : Vocabulary::Token{"", Kind::kUnused};
    texts.push_back(token.kind == Kind::kUnused ? fmt::format("[PAD{}]", id) : token.text);
    types.push_back(type_of(token.kind));
  }
  for (const auto& [left, right] : vocabulary.merges) merges.push_back(left + " " + right);
  out.text("tokenizer.ggml.model", "gpt2");
  out.text("tokenizer.ggml.pre", vocabulary.split);
  out.texts("tokenizer.ggml.tokens", texts);
  out.i32s("tokenizer.ggml.token_type", types);
  out.texts("tokenizer.ggml.merges", merges);
  for (std::size_t i = 0; i < ends.size(); ++i) out.u32(kEndKeys[i], static_cast<std::uint32_t>(ends[i]));
  if (vocabulary.bos) out.u32("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(*vocabulary.bos));
  if (vocabulary.pad) out.u32("tokenizer.ggml.padding_token_id", static_cast<std::uint32_t>(*vocabulary.pad));
  out.flag("tokenizer.ggml.add_bos_token", vocabulary.adds_bos);
  out.flag("tokenizer.ggml.add_eos_token", vocabulary.adds_eos);
  if (!vocabulary.chat_template.empty()) out.text("tokenizer.chat_template", vocabulary.chat_template);
  return {};
}

}  // namespace hone
