#include "hone/text/post_processor.h"

#include "hone/base/json.h"

namespace hone {
namespace {

Result<std::int32_t> parse_id(const Json& value, const std::string& where) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() >= (1 << 24)) {
    return Error{where, "must be a token id", brief(value)};
  }
  return value.get<std::int32_t>();
}

// ["<s>", 0]
Result<std::int32_t> parse_named_id(const Json& config, const std::string& key, const std::string& where) {
  const auto pair = config.find(key);
  if (pair == config.end() || !pair->is_array() || pair->size() != 2) {
    return Error{where, key + " must be a token and its id", pair == config.end() ? "none" : brief(*pair)};
  }
  return parse_id((*pair)[1], where + "." + key);
}

Result<PostProcessor> parse_template(const Json& config, const std::string& where) {
  const auto single = config.find("single");
  if (single == config.end() || !single->is_array()) return Error{where, "single must be a list", ""};
  const Json tokens = config.value("special_tokens", Json::object());
  PostProcessor result;
  bool after = false;
  for (std::size_t i = 0; i < single->size(); ++i) {
    const Json& item = (*single)[i];
    const std::string place = fmt::format("{}.single[{}]", where, i);
    if (item.is_object() && item.contains("Sequence")) {
      if (after) return Error{place, "a template of a single text must hold one sequence", "another"};
      after = true;
      continue;
    }
    if (!item.is_object() || !item.contains("SpecialToken") || !item["SpecialToken"].is_object()) {
      return Error{place, "must be a Sequence or a SpecialToken", brief(item)};
    }
    HONE_TRY(const std::string name, json_require<std::string>(item["SpecialToken"], "id", place));
    if (!tokens.is_object() || !tokens.contains(name) || !tokens[name].is_object() ||
        !tokens[name].contains("ids") || !tokens[name]["ids"].is_array()) {
      return Error{place, "its ids must stand in special_tokens", name};
    }
    for (const Json& value : tokens[name]["ids"]) {
      HONE_TRY(const std::int32_t id, parse_id(value, where + ".special_tokens." + name));
      (after ? result.suffix : result.prefix).push_back(id);
    }
  }
  if (!after) return Error{where, "a template of a single text must hold one sequence", "none"};
  return result;
}

}  // namespace

Result<PostProcessor> PostProcessor::parse(const Json& config, const std::string& where) {
  PostProcessor result;
  if (config.is_null()) return result;
  if (!config.is_object()) return Error{where, "must be an object or null", brief(config)};
  HONE_TRY(const std::string type, json_require<std::string>(config, "type", where));
  if (type == "ByteLevel") return result;  // changes offsets only
  if (type == "TemplateProcessing") return parse_template(config, where);
  if (type == "RobertaProcessing" || type == "BertProcessing") {
    HONE_TRY(const std::int32_t first, parse_named_id(config, "cls", where));
    HONE_TRY(const std::int32_t last, parse_named_id(config, "sep", where));
    result.prefix.push_back(first);
    result.suffix.push_back(last);
    return result;
  }
  if (type == "Sequence") {
    const auto list = config.find("processors");
    if (list == config.end() || !list->is_array()) return Error{where, "processors must be a list", ""};
    for (std::size_t i = 0; i < list->size(); ++i) {
      HONE_TRY(PostProcessor next, parse((*list)[i], fmt::format("{}.processors[{}]", where, i)));
      // A later one wraps what the earlier ones made.
      next.prefix.insert(next.prefix.end(), result.prefix.begin(), result.prefix.end());
      result.suffix.insert(result.suffix.end(), next.suffix.begin(), next.suffix.end());
      result.prefix = std::move(next.prefix);
    }
    return result;
  }
  return Error{
      where, "type must be one of ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing, Sequence",
      type};
}

}  // namespace hone
