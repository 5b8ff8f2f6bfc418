#include "hone/text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>

#include "hone/base/check.h"
#include "hone/base/json.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

// Calls visit(code point, bytes of it) for every character.
template <class Visit>
void for_each_character(std::string_view text, const Visit& visit) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = next_utf8(text.substr(i));
    visit(step.code_point, text.substr(i, step.length));
    i += step.length;
  }
}

// Below U+0300 everything but the singletons of Latin-1's compatibility forms is in NFC already.
bool surely_nfc(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0xCC; });
}
bool ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
}

}  // namespace

Result<Regex> parse_pattern(const Json& owner, const std::string& where) {
  const auto pattern = owner.find("pattern");
  if (pattern != owner.end() && pattern->is_object() && pattern->size() == 1) {
    const Json& value = *pattern->begin();
    if (value.is_string()) {
      const std::string& text = value.get_ref<const std::string&>();
      Result<Regex> regex = pattern->contains("Regex")    ? Regex::compile(text)
                            : pattern->contains("String") ? Regex::literal(text)
                                                          : Result<Regex>(Error{"", "", ""});
      if (regex.ok()) return regex;
      if (!regex.error().rule.empty()) {
        return Error{where + ": pattern", regex.error().rule, regex.error().got};
      }
    }
  }
  return Error{where, "pattern must be {\"Regex\": text} or {\"String\": text}",
               pattern == owner.end() ? "none" : brief(*pattern)};
}

Result<Normalizer> Normalizer::parse(const Json& config, const std::string& where) {
  Normalizer normalizer;
  if (config.is_null()) return normalizer;
  if (!config.is_object()) return Error{where, "must be an object or null", brief(config)};
  HONE_TRY(const std::string type, json_require<std::string>(config, "type", where));
  const auto with = [&](Step step) {
    normalizer.steps_.push_back(std::move(step));
    return normalizer;
  };
  if (type == "Sequence") {
    const auto list = config.find("normalizers");
    if (list == config.end() || !list->is_array()) return Error{where, "normalizers must be a list", ""};
    for (std::size_t i = 0; i < list->size(); ++i) {
      HONE_TRY(Normalizer part, parse((*list)[i], fmt::format("{}.normalizers[{}]", where, i)));
      for (Step& step : part.steps_) normalizer.steps_.push_back(std::move(step));
    }
    return normalizer;
  }
  if (type == "NFC") return with(Form::kNfc);
  if (type == "NFD") return with(Form::kNfd);
  if (type == "NFKC") return with(Form::kNfkc);
  if (type == "NFKD") return with(Form::kNfkd);
  if (type == "Lowercase") return with(Lowercase{});
  if (type == "StripAccents") return with(StripAccents{});
  if (type == "Strip") {
    Strip strip;
    HONE_TRY(strip.left, json_get<bool>(config, "strip_left", true, where));
    HONE_TRY(strip.right, json_get<bool>(config, "strip_right", true, where));
    return with(strip);
  }
  if (type == "Prepend") {
    HONE_TRY(std::string text, json_require<std::string>(config, "prepend", where));
    return with(Prepend{std::move(text)});
  }
  if (type == "Replace") {
    HONE_TRY(Regex pattern, parse_pattern(config, where));
    HONE_TRY(std::string content, json_require<std::string>(config, "content", where));
    return with(Replace{std::move(pattern), std::move(content)});
  }
  return Error{where,
               "type must be one of NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, "
               "Sequence",
               type};
}

std::string Normalizer::apply(std::string_view text) const {
  std::string current(text);
  for (const Step& step : steps_) {
    current = std::visit([&](const auto& value) { return run(value, current); }, step);
  }
  return current;
}

std::string Normalizer::run(Form form, std::string_view text) {
  if (form == Form::kNfc ? surely_nfc(text) : ascii(text)) return std::string(text);
  int options = UTF8PROC_STABLE;
  options |= form == Form::kNfc || form == Form::kNfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == Form::kNfkc || form == Form::kNfkd) options |= UTF8PROC_COMPAT;
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                               static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                               static_cast<utf8proc_option_t>(options));
  HONE_CHECK(length >= 0, "Unicode normalization of valid UTF-8: {}", utf8proc_errmsg(length));
  std::string out(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
  std::free(mapped);  // NOLINT: utf8proc allocates with malloc
  return out;
}

std::string Normalizer::run(Lowercase, std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](std::uint32_t c, std::string_view) {
    // The one lower case of two characters (Unicode's SpecialCasing, unconditional).
    if (c == 0x130) {
      out += "i\xCC\x87";
    } else {
      append_utf8(static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), out);
    }
  });
  return out;
}

std::string Normalizer::run(StripAccents, std::string_view text) {
  std::string out;
  for_each_character(text, [&](std::uint32_t c, std::string_view bytes) {
    const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    if (category < UTF8PROC_CATEGORY_MN || category > UTF8PROC_CATEGORY_ME) out += bytes;
  });
  return out;
}

std::string Normalizer::run(Strip strip, std::string_view text) {
  while (strip.left && !text.empty()) {
    const Utf8Step step = next_utf8(text);
    if (!is_whitespace(step.code_point)) break;
    text.remove_prefix(step.length);
  }
  while (strip.right && !text.empty()) {
    const std::size_t last = last_character_start(text);
    if (!is_whitespace(first_code_point(text.substr(last)))) break;
    text = text.substr(0, last);
  }
  return std::string(text);
}

std::string Normalizer::run(const Prepend& prepend, std::string_view text) {
  return text.empty() ? std::string() : prepend.text + std::string(text);
}

std::string Normalizer::run(const Replace& replace, std::string_view text) {
  std::string out;
  std::size_t from = 0, copied = 0, begin = 0, end = 0;
  while (from <= text.size() && replace.pattern.find(text, from, &begin, &end)) {
    out += text.substr(copied, begin - copied);
    out += replace.content;
    copied = end;
    from = end > begin ? end : end + (end < text.size() ? next_utf8(text.substr(end)).length : 1);
  }
  out += text.substr(std::min(copied, text.size()));
  return out;
}

}  // namespace hone
