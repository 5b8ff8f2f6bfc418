#include "hone/web/openrlhf.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "hone/base/json.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kWideBar = "\xEF\xBD\x9C";  // U+FF5C, as DeepSeek's tokenizers write it

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }

// A text without its white space, and where each byte stood.
struct Compact {
  std::string text;
  std::vector<std::uint32_t> at;
};

Compact compact(std::string_view text) {
  Compact result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i])) continue;
    result.text += text[i];
    result.at.push_back(static_cast<std::uint32_t>(i));
  }
  return result;
}

// The length of the longest proper end of `text` that `start` begins with (Knuth, Morris and Pratt's prefix
// function of start, a separator, text).
std::size_t overlap(const std::string& text, const std::string& start) {
  const std::string joined = start + '\0' + text;
  std::vector<std::uint32_t> prefix(joined.size());
  for (std::size_t i = 1; i < joined.size(); ++i) {
    std::uint32_t length = prefix[i - 1];
    while (length > 0 && joined[i] != joined[length]) length = prefix[length - 1];
    prefix[i] = length + (joined[i] == joined[length] ? 1 : 0);
  }
  return prefix.back();
}

// "<s>" at the beginning, or nothing.
std::string_view first_token(std::string_view text) {
  if (!text.starts_with('<')) return {};
  const std::size_t end = text.find('>');
  return end == std::string_view::npos || end > 48 ? std::string_view{} : text.substr(0, end + 1);
}

// What stands between < and > of a special token.
bool is_token_name(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "s", "/s", "eos", "bos", "pad", "unk", "EOD", "end_of_turn", "end_of_utterance"};
  if (std::find(kNames.begin(), kNames.end(), name) != kNames.end()) return true;
  if (name.find_first_of(" \t\r\n<") != std::string_view::npos) return false;
  return (name.size() > 2 && name.starts_with('|') && name.ends_with('|')) ||
         (name.size() > 2 * kWideBar.size() && name.starts_with(kWideBar) && name.ends_with(kWideBar));
}

}  // namespace

std::string_view without_end_tokens(std::string_view text) {
  for (;;) {
    const std::size_t last = text.find_last_not_of(kSpace);
    if (last == std::string_view::npos) return text;
    const std::string_view trimmed = text.substr(0, last + 1);
    if (trimmed.ends_with("[PAD]")) {
      text = trimmed.substr(0, trimmed.size() - 5);
      continue;
    }
    if (!trimmed.ends_with('>')) return text;
    const std::size_t open = trimmed.rfind('<');
    if (open == std::string_view::npos || trimmed.size() - open > 64) return text;
    if (!is_token_name(trimmed.substr(open + 1, trimmed.size() - open - 2))) return text;
    text = trimmed.substr(0, open);
  }
}

std::optional<std::string_view> completion_of(std::string_view query, std::string_view prompt) {
  if (query.starts_with(prompt)) return without_end_tokens(query.substr(prompt.size()));
  const Compact whole = compact(query), sought = compact(prompt);
  if (sought.text.empty()) return without_end_tokens(query);
  std::size_t end = 0;  // of the prompt, in whole
  if (const std::size_t found = whole.text.find(sought.text); found != std::string::npos) {
    end = found + sought.text.size();
  } else {
    // A prompt too long for the model loses its beginning. An end of a few bytes would be found by chance.
    constexpr std::size_t kLeast = 24;
    const std::size_t token = first_token(whole.text).size();
    const std::size_t length = overlap(sought.text, whole.text.substr(token, sought.text.size()));
    if (length < kLeast) return {};
    end = token + length;
  }
  std::size_t at = end == 0 ? 0 : whole.at[end - 1] + std::size_t{1};
  // The white space that the prompt ends with is not the completion's.
  const std::size_t last = prompt.find_last_not_of(kSpace);
  for (const char c : prompt.substr(last + 1)) {
    if (at < query.size() && query[at] == c) ++at;
  }
  return without_end_tokens(query.substr(at));
}

OrderedJson row_of(const OrderedJson& label, std::string_view completion) {
  OrderedJson row = OrderedJson::object();
  if (label.is_object()) {
    row = label;
  } else if (label.is_string()) {
    const auto& text = label.get_ref<const std::string&>();
    const std::size_t first = text.find_first_not_of(kSpace);
    // "{}" and "{1, 2}" are sets.
    if (first != std::string::npos && text[first] == '{') {
      if (const auto parsed = parse_json(text, "label");
          parsed.ok() && parsed->is_object() && !parsed->empty()) {
        row = OrderedJson::parse(text);
      }
    }
    if (row.empty()) row["reference"] = label;
  } else if (!label.is_null()) {
    row["reference"] = label;
  }
  row["completion"] = completion;
  return row;
}

}  // namespace hone
