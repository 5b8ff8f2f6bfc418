// Finding, splitting and replacing (see characters.h).
#include <string.h>

#include <algorithm>

#include "hone/text/jinja/characters.h"

namespace hone::jinja {
namespace {

std::string_view drop_left(std::string_view text) { return strip(text, Side::kLeft); }
std::string_view drop_right(std::string_view text) { return strip(text, Side::kRight); }

// The byte length of the line break at text[at], 0 where there is none. str.splitlines knows more than \n.
std::size_t line_break(std::string_view text, std::size_t at) {
  const Character c = character_at(text, at);
  if (c.code == '\r') return at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
  const bool ends = (c.code >= 0x0A && c.code <= 0x0C) || (c.code >= 0x1C && c.code <= 0x1E) ||
                    c.code == 0x85 || c.code == 0x2028 || c.code == 0x2029;
  return ends ? c.bytes : 0;
}

}  // namespace

std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  if (!found) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::vector<std::string_view> split_space(std::string_view text, std::int64_t limit) {
  std::vector<std::string_view> parts;
  for (text = drop_left(text); !text.empty(); text = drop_left(text)) {
    if (limit >= 0 && static_cast<std::int64_t>(parts.size()) == limit) {
      parts.push_back(text);
      break;
    }
    std::size_t end = 0;
    for (Character c; end < text.size(); end += c.bytes) {
      c = character_at(text, end);
      if (is_space(c.code)) break;
    }
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator, std::int64_t limit) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  while (limit < 0 || static_cast<std::int64_t>(parts.size()) < limit) {
    const std::size_t cut = find_text(text, separator, begin);
    if (cut == std::string_view::npos) break;
    parts.push_back(text.substr(begin, cut - begin));
    begin = cut + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string_view> split_space_right(std::string_view text, std::int64_t limit) {
  std::vector<std::string_view> words = split_space(text, -1);
  if (limit < 0 || static_cast<std::int64_t>(words.size()) <= limit) return words;
  // What stays uncut reaches from the text's start, white space included, to the last uncut word.
  const std::size_t uncut = words.size() - static_cast<std::size_t>(limit);
  const char* end = words[uncut - 1].data() + words[uncut - 1].size();
  std::vector<std::string_view> parts{text.substr(0, static_cast<std::size_t>(end - text.data()))};
  parts[0] = drop_right(parts[0]);
  parts.insert(parts.end(), words.begin() + static_cast<std::ptrdiff_t>(uncut), words.end());
  return parts;
}

std::vector<std::string_view> split_right(std::string_view text, std::string_view separator,
                                          std::int64_t limit) {
  std::vector<std::string_view> parts;
  while (limit < 0 || static_cast<std::int64_t>(parts.size()) < limit) {
    const std::size_t cut = text.rfind(separator);
    if (cut == std::string_view::npos) break;
    parts.push_back(text.substr(cut + separator.size()));
    text = text.substr(0, cut);
  }
  parts.push_back(text);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = line_break(text, at);
    if (length == 0) {
      at += character_at(text, at).bytes;
      continue;
    }
    lines.push_back(text.substr(begin, at - begin + (keep_ends ? length : 0)));
    begin = at += length;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string replace(std::string_view text, std::string_view old, std::string_view by, std::int64_t limit) {
  std::string out;
  if (old.empty()) {
    std::int64_t done = 0;
    const auto room = [&] { return limit < 0 || done < limit; };
    for (const std::string_view c : characters(text)) {
      if (room()) out += by, ++done;
      out += c;
    }
    if (room()) out += by;
    return out;
  }
  const std::vector<std::string_view> parts = split(text, old, limit);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += by;
    out += parts[i];
  }
  return out;
}

}  // namespace hone::jinja
