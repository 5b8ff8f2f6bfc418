// Tokenizer::load: from the files of a model folder.
#include <algorithm>
#include <map>

#include "hone/base/files.h"
#include "hone/text/byte_level.h"
#include "hone/text/tokenizer_impl.h"
#include "hone/text/tokenizer_json.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

// What save() carries along, where present.
constexpr const char* kFiles[] = {"tokenizer.json",
                                  "tokenizer_config.json",
                                  "special_tokens_map.json",
                                  "added_tokens.json",
                                  "chat_template.jinja",
                                  "chat_template.json",
                                  "vocab.json",
                                  "merges.txt"};

Result<AddedToken> parse_added(const Json& config, const std::string& where) {
  if (!config.is_object()) return Error{where, "must be an object", brief(config)};
  AddedToken token;
  HONE_TRY(token.content, json_require<std::string>(config, "content", where));
  HONE_TRY(token.special, json_get<bool>(config, "special", false, where));
  HONE_TRY(token.single_word, json_get<bool>(config, "single_word", false, where));
  HONE_TRY(token.lstrip, json_get<bool>(config, "lstrip", false, where));
  HONE_TRY(token.rstrip, json_get<bool>(config, "rstrip", false, where));
  HONE_TRY(token.normalized, json_get<bool>(config, "normalized", !token.special, where));
  return token;
}

// A byte-level decoder, alone or in a sequence with what changes nothing after it.
Result<void> check_decoder(const Json& config, const std::string& where) {
  if (!config.is_object()) {
    return Error{where, "must be ByteLevel (only byte-level BPE is supported)", brief(config)};
  }
  HONE_TRY(const std::string type, json_require<std::string>(config, "type", where));
  if (type == "ByteLevel") return {};
  if (type != "Sequence")
    return Error{where, "type must be ByteLevel, or Sequence of ByteLevel and Fuse", type};
  const auto list = config.find("decoders");
  if (list == config.end() || !list->is_array()) return Error{where, "decoders must be a list", ""};
  bool found = false;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& item = (*list)[i];
    const std::string place = fmt::format("{}.decoders[{}]", where, i);
    if (!item.is_object()) return Error{place, "must be an object", brief(item)};
    HONE_TRY(const std::string part, json_require<std::string>(item, "type", place));
    if (part == "ByteLevel" && !found) {
      found = true;
    } else if (part != "Fuse") {
      return Error{place, "type must be ByteLevel (once) or Fuse", part};
    }
  }
  if (!found) return Error{where, "must hold ByteLevel", brief(config)};
  return {};
}

// "<s>" or {"content": "<s>", …}; empty when absent or null.
Result<std::string> token_text(const Json& config, const std::string& key, const std::string& where) {
  const auto value = config.find(key);
  if (value == config.end() || value->is_null()) return std::string();
  if (value->is_object()) return json_require<std::string>(*value, "content", where + ": " + key);
  return json_get<std::string>(config, key, "", where);
}

// A template, or a list of named ones of which "default" is taken.
Result<std::string> chat_template_of(const Json& config, const std::string& where) {
  const auto value = config.find("chat_template");
  if (value == config.end() || value->is_null()) return std::string();
  if (value->is_string()) return value->get<std::string>();
  if (value->is_array()) {
    for (const Json& item : *value) {
      if (item.is_object() && item.value("name", Json()) == "default" && item.contains("template") &&
          item["template"].is_string()) {
        return item["template"].get<std::string>();
      }
    }
    return Error{where + ": chat_template", "a list must hold {name: default, template}", brief(*value)};
  }
  return Error{where + ": chat_template", "must be text or a list of {name, template}", brief(*value)};
}

// Gathers added tokens under the ids that the reference gives them: that of the vocabulary where the text is
// in it, otherwise the next free one after vocabulary and earlier added tokens, whatever the file says.
class AddedTokenList {
 public:
  explicit AddedTokenList(const Bpe& bpe) : bpe_(bpe) {}

  void add(AddedToken token) {
    if (token.content.empty()) return;
    const auto known = index_.find(token.content);
    if (known != index_.end()) {
      token.id = tokens_[known->second].id;
      tokens_[known->second] = std::move(token);
      return;
    }
    const auto in_vocabulary = bpe_.id_of(token.content);
    const std::int64_t next = std::max(bpe_.token_count(), largest_ + 1);
    token.id = in_vocabulary.value_or(static_cast<std::int32_t>(next));
    largest_ = std::max<std::int64_t>(largest_, token.id);
    index_.emplace(token.content, tokens_.size());
    tokens_.push_back(std::move(token));
  }

  bool has(const std::string& content) const { return index_.count(content) > 0; }
  std::int64_t largest() const { return largest_; }
  std::vector<AddedToken> take() { return std::move(tokens_); }

 private:
  const Bpe& bpe_;
  std::vector<AddedToken> tokens_;
  std::map<std::string, std::size_t> index_;
  std::int64_t largest_ = -1;
};

Result<void> read_added_tokens(const Json& root, const std::string& where, AddedTokenList& list) {
  const auto added = root.find("added_tokens");
  if (added == root.end() || added->is_null()) return {};
  if (!added->is_array()) return Error{where + ": added_tokens", "must be a list", brief(*added)};
  for (std::size_t i = 0; i < added->size(); ++i) {
    HONE_TRY(AddedToken token, parse_added((*added)[i], fmt::format("{}: added_tokens[{}]", where, i)));
    list.add(std::move(token));
  }
  return {};
}

// tokenizer_config.json may hold tokens that tokenizer.json lacks, by id.
Result<void> read_added_tokens_decoder(const Json& config, const std::string& where, AddedTokenList& list) {
  const auto decoder = config.find("added_tokens_decoder");
  if (decoder == config.end() || decoder->is_null()) return {};
  if (!decoder->is_object()) return Error{where + ": added_tokens_decoder", "must be an object", ""};
  std::map<std::int64_t, AddedToken> ordered;
  for (const auto& [id, value] : decoder->items()) {
    const std::string place = where + ": added_tokens_decoder." + id;
    if (id.empty() || id.size() > 8 || id.find_first_not_of("0123456789") != std::string::npos) {
      return Error{place, "must be under a token id", id};
    }
    HONE_TRY(AddedToken token, parse_added(value, place));
    if (!list.has(token.content)) ordered.emplace(std::stoll(id), std::move(token));
  }
  for (auto& [id, token] : ordered) list.add(std::move(token));
  return {};
}

void index_tokens(Tokenizer::Impl& impl, std::int64_t limit) {
  impl.special.assign(static_cast<std::size_t>(limit), false);
  for (const AddedToken& token : impl.added.all()) {
    // As the reference shows it.
    impl.added_texts[token.id] = token.normalized ? impl.normalizer.apply(token.content) : token.content;
    impl.added_ids[token.content] = token.id;
    impl.special[static_cast<std::size_t>(token.id)] = token.special;
  }
  impl.byte_ends.resize(static_cast<std::size_t>(limit));
  for (std::int64_t id = 0; id < limit; ++id) {
    const auto added = impl.added_texts.find(static_cast<std::int32_t>(id));
    const std::string_view text = added != impl.added_texts.end()
                                      ? std::string_view(added->second)
                                      : impl.bpe.token(static_cast<std::int32_t>(id));
    // A token with a character outside the alphabet stands for its own text.
    if (const auto bytes = bytes_from_byte_level(text)) {
      impl.bytes += *bytes;
    } else {
      impl.bytes += text;
    }
    impl.byte_ends[static_cast<std::size_t>(id)] = impl.bytes.size();
  }
}

// Empty where there is no such file.
Result<Json> parse_object(const Tokenizer::Impl::Source& source) {
  if (source.text.empty()) return Json(Json::object());
  HONE_TRY(Json value, parse_json(source.text, source.where));
  if (!value.is_object()) return Error{source.where, "must be an object", brief(value)};
  return value;
}

Json member(const Json& object, const char* key) {
  const auto value = object.find(key);
  return value == object.end() ? Json() : *value;
}

}  // namespace

Result<std::shared_ptr<Tokenizer::Impl>> Tokenizer::Impl::parse(const Source& tokenizer,
                                                                const Source& config_source,
                                                                const Source& special_tokens_map) {
  const std::string& where = tokenizer.where;
  const std::string& config_where = config_source.where;
  HONE_TRY(TokenizerJson file, parse_tokenizer_json(tokenizer.text, where));
  HONE_TRY(const Json config, parse_object(config_source));
  HONE_TRY(const Json map, parse_object(special_tokens_map));
  HONE_TRY(Bpe bpe, Bpe::build(std::move(file.source), where + ": model"));
  auto impl = std::make_shared<Impl>(std::move(bpe));
  HONE_TRY(impl->normalizer, Normalizer::parse(member(file.root, "normalizer"), where + ": normalizer"));
  HONE_TRY(impl->pre_tokenizer,
           PreTokenizer::parse(member(file.root, "pre_tokenizer"), where + ": pre_tokenizer"));
  HONE_TRY(impl->post_processor,
           PostProcessor::parse(member(file.root, "post_processor"), where + ": post_processor"));
  HONE_TRY_VOID(check_decoder(member(file.root, "decoder"), where + ": decoder"));

  AddedTokenList list(impl->bpe);
  HONE_TRY_VOID(read_added_tokens(file.root, where, list));
  HONE_TRY_VOID(read_added_tokens_decoder(config, config_where, list));
  const auto named = [&](const char* key) -> Result<std::string> {
    HONE_TRY(std::string text, token_text(config, key, config_where));
    if (!text.empty() || config.contains(key)) return text;
    return token_text(map, key, special_tokens_map.where);
  };
  HONE_TRY(impl->eos_text, named("eos_token"));
  HONE_TRY(impl->bos_text, named("bos_token"));
  HONE_TRY(const std::string pad_text, named("pad_token"));
  HONE_TRY(impl->chat_template, chat_template_of(config, config_where));
  // What the configuration names as the end, the beginning or padding is special even when it is an ordinary
  // token of the vocabulary.
  for (const std::string& text : {impl->eos_text, impl->bos_text, pad_text}) {
    if (!text.empty() && !list.has(text) && impl->bpe.id_of(text)) {
      AddedToken token;
      token.content = text;
      token.special = true;
      list.add(std::move(token));
    }
  }
  const std::int64_t limit = std::max(impl->bpe.id_limit(), list.largest() + 1);
  HONE_TRY(impl->added, AddedTokens::build(list.take(), impl->normalizer));
  index_tokens(*impl, limit);
  const auto id_of = [&](const std::string& text) -> std::optional<std::int32_t> {
    const auto it = impl->added_ids.find(text);
    if (text.empty() || it == impl->added_ids.end()) return std::nullopt;
    return it->second;
  };
  impl->eos = id_of(impl->eos_text);
  impl->bos = id_of(impl->bos_text);
  impl->pad = id_of(pad_text);
  return impl;
}

Result<Tokenizer> Tokenizer::load(const std::filesystem::path& folder) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* name : kFiles) {
    const std::filesystem::path path = folder / name;
    std::error_code ignored;
    const bool required = std::string_view(name) == "tokenizer.json";
    if (!required && !std::filesystem::exists(path, ignored)) continue;
    HONE_TRY(std::string text, read_file(path));
    files.emplace_back(name, std::move(text));
  }
  const auto source = [&](std::string_view name) {
    Impl::Source result{{}, (folder / name).string()};
    for (const auto& [file, text] : files) {
      if (file == name) result.text = text;
    }
    return result;
  };
  HONE_TRY(std::shared_ptr<Impl> impl, Impl::parse(source("tokenizer.json"), source("tokenizer_config.json"),
                                                   source("special_tokens_map.json")));
  const std::string_view jinja = source("chat_template.jinja").text;
  if (!jinja.empty()) impl->chat_template = jinja;
  impl->files = std::move(files);
  return Tokenizer(std::move(impl));
}

}  // namespace hone
