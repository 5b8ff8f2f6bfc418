#include "structure/source_text.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <regex>

namespace hone::structure {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Whether the quote at `at` opens a raw string: R, or a prefix and R, that is not the end of a longer word.
bool opens_raw_string(std::string_view text, std::size_t at) {
  if (at == 0 || text[at - 1] != 'R') return false;
  std::size_t begin = at - 1;
  while (begin > 0 && is_word(text[begin - 1])) --begin;
  const std::string_view prefix = text.substr(begin, at - begin);
  return prefix == "R" || prefix == "u8R" || prefix == "uR" || prefix == "UR" || prefix == "LR";
}

// The end (one past) of the comment or literal that begins at `at`; `at` itself when none does.
std::size_t end_of_blank(std::string_view text, std::size_t at) {
  const auto find = [&](std::string_view what, std::size_t from) {
    const std::size_t found = text.find(what, from);
    return found == std::string_view::npos ? text.size() : found + what.size();
  };
  if (text.substr(at, 2) == "//") return std::min(text.find('\n', at), text.size());
  if (text.substr(at, 2) == "/*") return find("*/", at + 2);
  if (text[at] == '"' && opens_raw_string(text, at)) {
    const std::size_t open = std::min(text.find('(', at), text.size());
    return find(")" + std::string(text.substr(at + 1, open - at - 1)) + "\"", open);
  }
  if (text[at] == '"' || (text[at] == '\'' && (at == 0 || !is_word(text[at - 1])))) {  // 1'000 is no literal
    std::size_t i = at + 1;
    while (i < text.size() && text[i] != text[at] && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
    return std::min(i + 1, text.size());
  }
  return at;
}

const std::regex& include_line() {
  static const std::regex pattern(R"(^[ \t]*#[ \t]*include[ \t]*(["<])([^">]*)[">])");
  return pattern;
}

}  // namespace

bool is_cpp(const std::string& path) { return path.ends_with(".h") || path.ends_with(".cpp"); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string code_of(std::string_view text) {
  std::string code(text);
  bool line_start = true;
  for (std::size_t at = 0; at < text.size();) {
    if (line_start) {
      const std::string line(text.substr(at, text.find('\n', at) - at));
      std::smatch match;
      if (std::regex_search(line, match, include_line())) at += static_cast<std::size_t>(match.length());
      line_start = false;
      continue;
    }
    const std::size_t end = end_of_blank(text, at);
    for (std::size_t i = at; i < end; ++i) {
      if (text[i] != '\n') code[i] = ' ';
    }
    if (end == at && text[at] == '\n') line_start = true;
    at = std::max(end, at + 1);
  }
  return code;
}

std::vector<Include> includes_of(std::string_view text) {
  std::vector<Include> found;
  const std::string code = code_of(text);
  int number = 0;
  for (const std::string_view view : lines_of(code)) {
    ++number;
    const std::string line(view);
    std::smatch match;
    if (std::regex_search(line, match, include_line())) found.push_back({number, match[2], match[1] == "\""});
  }
  return found;
}

bool is_text(std::string_view bytes) { return bytes.substr(0, 8192).find('\0') == std::string_view::npos; }

namespace {

std::vector<std::string> files_by_git(const std::filesystem::path& root) {
  std::string quoted = "'";
  for (const char c : root.string()) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  // Variables that a hook sets would point git at another repository.
  const std::string command =
      "env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE git -c 'safe.directory=*' -C " + quoted +
      "' ls-files -z --cached --others --exclude-standard --deduplicate 2>/dev/null";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string output;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
  if (pclose(pipe) != 0) return {};
  std::vector<std::string> files;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = output.find('\0', at);
    files.push_back(output.substr(at, end - at));
    at = end + 1;
  }
  return files;
}

std::vector<std::string> files_by_walk(const std::filesystem::path& root) {
  std::vector<std::string> files;
  for (auto it = std::filesystem::recursive_directory_iterator(root);
       it != std::filesystem::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && it.depth() == 0 && (name == ".git" || name == "build" || name == "runs")) {
      it.disable_recursion_pending();
    }
    if (it->is_regular_file()) files.push_back(it->path().lexically_relative(root).string());
  }
  return files;
}

}  // namespace

std::vector<std::string> repository_files(const std::filesystem::path& root) {
  std::vector<std::string> files;
  if (std::filesystem::exists(root / ".git")) files = files_by_git(root);
  if (files.empty()) files = files_by_walk(root);
  // A tracked file may have been deleted, or be a link to something outside.
  std::erase_if(files,
                [&](const std::string& file) { return !std::filesystem::is_regular_file(root / file); });
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace hone::structure
