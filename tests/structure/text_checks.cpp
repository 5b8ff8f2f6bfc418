#include <algorithm>
#include <initializer_list>
#include <regex>

#include "structure/checks.h"
#include "structure/source_text.h"

namespace hone::structure {
namespace {

constexpr std::size_t kMaxLines = 500;

bool ends_with_any(const std::string& path, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view e) { return path.ends_with(e); });
}

bool is_script(const std::string& path) { return ends_with_any(path, {".js", ".mjs", ".ts", ".html"}); }
bool is_golden(const std::string& path) { return path.starts_with("tests/golden/"); }

// One violation for each line on which `pattern` is found. hints: texts of which a match holds one, since
// expressions of the standard library are slow; none: every line is searched.
void search_lines(const std::string& path, std::string_view text, const std::regex& pattern,
                  const std::string& rule, Violations& found,
                  std::initializer_list<std::string_view> hints = {}) {
  int number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const auto in_line = [&](std::string_view hint) { return line.find(hint) != std::string_view::npos; };
    if (hints.size() > 0 && std::none_of(hints.begin(), hints.end(), in_line)) continue;
    std::cmatch match;
    if (std::regex_search(line.data(), line.data() + line.size(), match, pattern)) {
      found.push_back({path, number, rule});
    }
  }
}

}  // namespace

Violations check_length(const std::string& path, std::string_view text) {
  if (is_golden(path) ||
      !(is_cpp(path) || is_script(path) || ends_with_any(path, {".css", ".cmake", ".sh", ".proto"}))) {
    return {};
  }
  const std::size_t count = lines_of(text).size();
  if (count <= kMaxLines) return {};
  return {{path, 0, "has " + std::to_string(count) + " lines, of at most " + std::to_string(kMaxLines)}};
}

Violations check_header(const std::string& path, std::string_view text) {
  if (!path.ends_with(".h")) return {};
  Violations found;
  if (!text.starts_with("//") && !text.starts_with("/*"))
    found.push_back({path, 1, "must open with its contract"});
  const std::string code = code_of(text);
  int number = 0;
  for (const std::string_view line : lines_of(code)) {
    ++number;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    // Highway includes a *-inl.h once for each instruction set, which its toggle guards.
    const bool toggled = path.ends_with("-inl.h") && line.find("HWY_TARGET_TOGGLE") != std::string_view::npos;
    if (!line.starts_with("#pragma once") && !toggled)
      found.push_back({path, number, "must have #pragma once before any code"});
    break;
  }
  if (code.find_first_not_of(" \t\n") == std::string::npos)
    found.push_back({path, 0, "must have #pragma once"});
  static const std::regex directive(R"(\busing\s+namespace\b)");
  search_lines(path, code, directive, "a header must have no using-directive", found, {"namespace"});
  return found;
}

Violations check_white_space(const std::string& path, std::string_view text) {
  if (is_golden(path) || path == "LICENSE" || path.ends_with(".jsonl")) return {};
  Violations found;
  static const std::regex tab("\t"), trailing("[ \t]$"), carriage("\r");
  if (!path.ends_with("Makefile")) search_lines(path, text, tab, "must have no tab", found, {"\t"});
  search_lines(path, text, trailing, "must have no white space at the end", found);
  search_lines(path, text, carriage, "must end its lines with a newline alone", found, {"\r"});
  if (!text.empty() && !text.ends_with('\n')) found.push_back({path, 0, "must end with a newline"});
  return found;
}

Violations check_cpp_words(const std::string& path, std::string_view text) {
  if (!is_cpp(path)) return {};
  Violations found;
  const std::string code = code_of(text);
  static const std::regex using_std(R"(\busing\s+namespace\s+(::)?std\s*;)");
  search_lines(path, code, using_std, "must not have `using namespace std`", found, {"namespace"});
  if (path.starts_with("tests/")) return found;
  // std's distributions and shuffles differ between libraries; ATen's generators hold state.
  static const std::regex random(
      R"(\b(s?rand|rand_r|[delnm]rand48)\s*\(|\brandom_device\b|\b(mt19937|minstd_rand|ranlux|default_random_engine))"
      R"(|\bstd::\w+_distribution\b|\bstd::(ranges::)?(shuffle|sample)\b)"
      R"(|\bat::(rand|normal|multinomial|bernoulli|dropout)|\.(normal|uniform|random|bernoulli|exponential)_\s*\()");
  search_lines(path, code, random, "random numbers come from hone/base/rng.h alone", found,
               {"rand", "mt19937", "ranlux", "std::", "at::", "_("});
  return found;
}

Violations check_execution(const std::string& path, std::string_view text) {
  if (path.starts_with("tests/") || path.starts_with("hone/sandbox/")) return {};
  Violations found;
  if (is_cpp(path)) {
    static const std::regex starts(
        R"((^|[^\w.>])(system|w?popen|execv|execve|execvp|execvpe|execl|execlp|execle|posix_spawnp?)\s*\()");
    search_lines(path, code_of(text), starts, "only hone/sandbox/ starts programs", found,
                 {"system", "popen", "exec", "spawn"});
  } else if (is_script(path)) {
    static const std::regex evaluates(R"((^|[^\w.])eval\s*\(|\bnew\s+Function\s*\()");
    search_lines(path, text, evaluates, "text is never evaluated", found);
  }
  return found;
}

Violations check_forbidden_text(const std::string& path, std::string_view text) {
  // Written in pieces, so that this file passes its own check.
  static const std::regex path_of_one(
      "(^|[^A-Za-z0-9_.~-])/(wor"
      "k|roo"
      "t)/");
  static const std::regex registry(R"(\b(registry\.npmj)"
                                   R"(s\.org|pyp)"
                                   R"(i\.org|files\.pythonh)"
                                   R"(osted\.org|(deb|security|snapshot)\.debia)"
                                   R"(n\.org|archive\.ubunt)"
                                   R"(u\.com|crate)"
                                   R"(s\.io|proxy\.golan)"
                                   R"(g\.org|conda\.anacond)"
                                   R"(a\.org)\b)");
  Violations found;
  search_lines(path, text, path_of_one, "must not name a path of one machine", found, {"/wo", "/ro"});
  search_lines(path, text, registry, "must not name a package registry's host", found,
               {".org", ".com", ".io"});
  return found;
}

}  // namespace hone::structure
