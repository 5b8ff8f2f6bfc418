#include "hone/verify/code/extract.h"

#include <algorithm>
#include <array>

#include "hone/base/ascii.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

// The number of fence characters that open or close a block, after at most three spaces; 0 when the line is
// none.
std::size_t fence_of(std::string_view line, char& mark) {
  const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
  if (first == line.size() || (line[first] != '`' && line[first] != '~')) return 0;
  mark = line[first];
  const std::size_t end = std::min(line.find_first_not_of(mark, first), line.size());
  return end - first >= 3 ? end - first : 0;
}

struct Block {
  std::string_view name, content;
};

// The last block that `wanted` names, or the last one at all.
std::optional<Block> last_block(std::string_view text, Language wanted) {
  std::optional<Block> last, named;
  char open_mark = 0;
  std::size_t open_size = 0, begin = 0;
  std::string_view name;
  const auto close = [&](std::size_t end) {
    last = Block{name, text.substr(begin, end - begin)};
    if (language_of(name) == wanted) named = last;
    open_size = 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    char mark = 0;
    const std::size_t size = fence_of(line, mark);
    if (open_size == 0 && size > 0) {
      const std::string_view info = trimmed(line.substr(line.find(mark) + size));
      if (info.find('`') == std::string_view::npos) {  // else code within a line
        open_mark = mark;
        open_size = size;
        name = info.substr(0, info.find_first_of(" \t{"));
        begin = std::min(end + 1, text.size());
      }
    } else if (open_size > 0 && mark == open_mark && size >= open_size &&
               trimmed(line.substr(line.find(mark) + size)).empty()) {
      close(at);
    }
    at = end + 1;
  }
  if (open_size > 0) close(text.size());
  return named ? named : last;
}

}  // namespace

const char* to_string(Language language) {
  static constexpr std::array<const char*, 4> kNames = {"python", "c", "cpp", "javascript"};
  return kNames[static_cast<std::size_t>(language)];
}

std::optional<Language> language_of(std::string_view name) {
  const std::string folded = lower(name);
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), folded) != names.end();
  };
  if (is({"python", "py", "python3"})) return Language::kPython;
  if (is({"c"})) return Language::kC;
  if (is({"cpp", "c++", "cc", "cxx"})) return Language::kCpp;
  if (is({"javascript", "js", "node"})) return Language::kJavaScript;
  return std::nullopt;
}

std::optional<std::string> code_of(std::string_view completion, Language language) {
  const std::string_view text = after_thinking(completion);
  std::string_view code = text;
  if (const auto block = last_block(text, language)) {
    code = block->content;
  } else if (const auto answer = tagged_answer(text)) {
    code = *answer;
  }
  if (trimmed(code).empty()) return std::nullopt;
  return std::string(code);
}

}  // namespace hone
