#include "hone/text/vocabulary.h"

#include <unordered_set>

#include "hone/base/json.h"
#include "hone/base/log.h"
#include "hone/text/tokenizer_impl.h"
#include "hone/text/tokenizer_json.h"
#include "hone/text/utf8.h"
#include "hone/text/word_split.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;
using Kind = Vocabulary::Kind;

constexpr const char* kFile = "tokenizer.json";

Result<void> check_normalizer(const Json& root) {
  const Json normalizer = root.value("normalizer", Json());
  if (normalizer.is_null()) return {};
  const bool nfc = normalizer.is_object() && normalizer.value("type", Json()) == "NFC";
  if (!nfc)
    return Error{std::string(kFile) + ": normalizer", "must be none or NFC, since llama.cpp has none",
                 brief(normalizer)};
  return {};
}

// The token that is added before or after a text; none.
Result<std::optional<std::int32_t>> single_token(const std::vector<std::int32_t>& ids) {
  if (ids.empty()) return std::optional<std::int32_t>();
  if (ids.size() > 1)
    return Error{std::string(kFile) + ": post_processor",
                 "must add at most one token before and one after a text", fmt::format("{}", ids.size())};
  return std::optional(ids[0]);
}

void warn_of_edges(const AddedTokens& added) {
  for (const AddedToken& token : added.all()) {
    if (!token.lstrip && !token.rstrip && !token.single_word) continue;
    log_warn("{}: {} takes white space with it or stands alone; llama.cpp cuts it out as it is", kFile,
             brief(Json(token.content)));
  }
}

std::string text_of_id(const Vocabulary& vocabulary, std::optional<std::int32_t> id) {
  return id ? vocabulary.tokens[static_cast<std::size_t>(*id)].text : "";
}

OrderedJson added_entry(const Vocabulary::Token& token) {
  return {{"content", token.text}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},       {"normalized", false},  {"special", token.kind == Kind::kControl}};
}

// A text between what is added before and after it.
OrderedJson template_of(const Vocabulary& vocabulary) {
  if (!vocabulary.adds_bos && !vocabulary.adds_eos) return nullptr;
  const OrderedJson sequence_a{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const OrderedJson sequence_b{{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
  OrderedJson single = OrderedJson::array({sequence_a}), pair = OrderedJson::array({sequence_a, sequence_b});
  OrderedJson tokens = OrderedJson::object();
  const auto add = [&](std::int32_t id, bool front) {
    const std::string text = text_of_id(vocabulary, id);
    tokens[text] = {{"id", text}, {"ids", {id}}, {"tokens", {text}}};
    for (OrderedJson* list : {&single, &pair})
      list->insert(front ? list->begin() : list->end(),
                   OrderedJson{{"SpecialToken", {{"id", text}, {"type_id", 0}}}});
  };
  if (vocabulary.adds_bos) add(*vocabulary.bos, true);
  if (vocabulary.adds_eos) add(*vocabulary.eos, false);
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", tokens}};
}

std::string config_of(const Vocabulary& vocabulary, const OrderedJson& decoder) {
  const auto named = [&](std::optional<std::int32_t> id) {
    return id ? OrderedJson(text_of_id(vocabulary, id)) : OrderedJson();
  };
  OrderedJson root{{"added_tokens_decoder", decoder},
                   {"add_bos_token", vocabulary.adds_bos},
                   {"add_eos_token", vocabulary.adds_eos},
                   {"bos_token", named(vocabulary.bos)}};
  if (!vocabulary.chat_template.empty()) root["chat_template"] = vocabulary.chat_template;
  root["clean_up_tokenization_spaces"] = false;
  root["eos_token"] = named(vocabulary.eos);
  root["pad_token"] = named(vocabulary.pad);
  root["tokenizer_class"] = "PreTrainedTokenizerFast";
  root["unk_token"] = nullptr;
  return root.dump(1) + "\n";
}

}  // namespace

Result<Vocabulary> vocabulary_of(const Tokenizer& tokenizer) {
  const Tokenizer::Impl& impl = tokenizer.impl();
  std::string_view text;
  for (const auto& [name, bytes] : impl.files) {
    if (name == kFile) text = bytes;
  }
  HONE_TRY(TokenizerJson file, parse_tokenizer_json(text, kFile));
  HONE_TRY_VOID(check_normalizer(file.root));
  Vocabulary out;
  HONE_TRY(out.split,
           name_of_split(file.root.value("pre_tokenizer", Json()), file.source.ignore_merges, kFile));
  HONE_TRY(const auto before, single_token(impl.post_processor.prefix));
  HONE_TRY(const auto after, single_token(impl.post_processor.suffix));
  out.bos = before ? before : impl.bos;
  out.eos = after ? after : impl.eos;
  out.adds_bos = before.has_value();
  out.adds_eos = after.has_value();
  out.pad = impl.pad;
  out.chat_template = impl.chat_template;
  for (const auto& [left, right] : file.source.merges) {
    if (left.find(' ') != std::string::npos || right.find(' ') != std::string::npos)
      return Error{std::string(kFile) + ": merges", "must be of texts without spaces",
                   brief(Json(left + " " + right))};
  }
  out.merges = std::move(file.source.merges);
  warn_of_edges(impl.added);
  out.tokens.resize(static_cast<std::size_t>(tokenizer.vocab_size()));
  for (std::size_t id = 0; id < out.tokens.size(); ++id) {
    Vocabulary::Token& token = out.tokens[id];
    token.text = tokenizer.token(static_cast<std::int32_t>(id));
    const bool added = impl.added_texts.contains(static_cast<std::int32_t>(id));
    if (token.text.empty()) {
      token.kind = Kind::kUnused;
    } else if (added) {
      token.kind = impl.special[id] ? Kind::kControl : Kind::kAdded;
    }
  }
  return out;
}

Result<TokenizerFiles> tokenizer_files(const Vocabulary& vocabulary, const std::string& where) {
  HONE_TRY(const WordSplit split, split_of_name(vocabulary.split, where + ": tokenizer.ggml.pre"));
  OrderedJson::object_t words;
  OrderedJson added = OrderedJson::array(), decoder = OrderedJson::object(), merges = OrderedJson::array();
  std::unordered_set<std::string_view> seen;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const Vocabulary::Token& token = vocabulary.tokens[id];
    const std::string place = fmt::format("{}: token {}", where, id);
    if (!is_valid_utf8(token.text)) return Error{place, "must be UTF-8", brief(Json(token.text))};
    if (!seen.insert(token.text).second)
      return Error{place, "a text must come once", brief(Json(token.text))};
    if (token.kind == Kind::kUnused) continue;
    if (token.text.empty()) return Error{place, "must have a text", "none"};
    words.emplace_back(token.text, id);
    if (token.kind == Kind::kNormal) continue;
    OrderedJson entry{{"id", id}};
    entry.update(added_entry(token));
    added.push_back(std::move(entry));
    decoder[std::to_string(id)] = added_entry(token);
  }
  for (const auto& [left, right] : vocabulary.merges) {
    if (!is_valid_utf8(left) || !is_valid_utf8(right))
      return Error{where + ": merges", "must be UTF-8", brief(Json(left + " " + right))};
    merges.push_back({left, right});
  }
  const OrderedJson byte_level{
      {"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
  const OrderedJson root{{"version", "1.0"},
                         {"truncation", nullptr},
                         {"padding", nullptr},
                         {"added_tokens", added},
                         {"normalizer", split.normalizer},
                         {"pre_tokenizer", split.pre_tokenizer},
                         {"post_processor", template_of(vocabulary)},
                         {"decoder", byte_level},
                         {"model",
                          {{"type", "BPE"},
                           {"dropout", nullptr},
                           {"unk_token", nullptr},
                           {"continuing_subword_prefix", nullptr},
                           {"end_of_word_suffix", nullptr},
                           {"fuse_unk", false},
                           {"byte_fallback", false},
                           {"ignore_merges", split.ignore_merges},
                           {"vocab", OrderedJson(std::move(words))},
                           {"merges", merges}}}};
  if (!is_valid_utf8(vocabulary.chat_template))
    return Error{where + ": tokenizer.chat_template", "must be UTF-8", brief(Json(vocabulary.chat_template))};
  return TokenizerFiles{root.dump(1) + "\n", config_of(vocabulary, decoder)};
}

}  // namespace hone
