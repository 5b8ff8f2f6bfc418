#include <cctype>
#include <filesystem>
#include <regex>

#include "structure/checks.h"
#include "structure/source_text.h"

namespace hone::structure {
namespace {

struct MarkdownLine {
  int number = 0;
  std::string text;
};

// The lines outside fenced code, as they are.
std::vector<MarkdownLine> prose_of(std::string_view text) {
  std::vector<MarkdownLine> prose;
  std::string fence;
  int number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view mark = line.substr(indent, 3);
    if (fence.empty() && (mark == "```" || mark == "~~~")) {
      fence = mark;
    } else if (!fence.empty()) {
      if (mark == fence) fence.clear();
    } else {
      prose.push_back({number, std::string(line)});
    }
  }
  return prose;
}

std::string without_code_spans(const std::string& line) {
  static const std::regex span("`[^`]*`");
  return std::regex_replace(line, span, "``");
}

// Everything on the line that names a target: [text](target "title"), [name]: target, src="target",
// href="target".
std::vector<std::string> targets_of(const std::string& raw) {
  const std::string line = without_code_spans(raw);
  static const std::regex link(R"(\]\(\s*<?([^()\s>]+)>?[^()]*\))"), definition(R"(^\s*\[[^\]]+\]:\s*(\S+))"),
      attribute(R"(\b(?:src|href)="([^"]+)\")");
  std::vector<std::string> targets;
  for (const std::regex* pattern : {&link, &definition, &attribute}) {
    for (std::sregex_iterator it(line.begin(), line.end(), *pattern), end; it != end; ++it) {
      targets.push_back((*it)[1]);
    }
  }
  return targets;
}

// The anchors of a Markdown text's headings, made as GitHub makes them.
std::set<std::string> anchors_of(std::string_view text) {
  std::set<std::string> anchors;
  std::map<std::string, int> seen;
  static const std::regex heading(R"(^#{1,6}\s+(.*?)\s*#*$)"), link(R"(\[([^\]]*)\]\([^)]*\))");
  for (const MarkdownLine& line : prose_of(text)) {
    std::smatch match;
    if (!std::regex_match(line.text, match, heading)) continue;
    std::string anchor;
    for (const char c : std::regex_replace(match[1].str(), link, "$1")) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == ' ')
        anchor += '-';
      else if (byte >= 0x80 || std::isalnum(byte) != 0 || c == '-' || c == '_')
        anchor += static_cast<char>(std::tolower(byte));
    }
    const int before = seen[anchor]++;
    anchors.insert(before == 0 ? anchor : anchor + "-" + std::to_string(before));
  }
  return anchors;
}

}  // namespace

Violations check_links(const std::string& path, std::string_view text,
                       const std::function<Linked(const std::string& path)>& read) {
  if (!path.ends_with(".md")) return {};
  static const std::regex elsewhere(R"(^([A-Za-z][A-Za-z0-9+.-]*:|//))");
  Violations found;
  for (const MarkdownLine& line : prose_of(text)) {
    for (const std::string& target : targets_of(line.text)) {
      if (std::regex_search(target, elsewhere)) continue;
      const std::string file = target.substr(0, target.find('#'));
      const std::string anchor = file.size() < target.size() ? target.substr(file.size() + 1) : "";
      std::filesystem::path resolved = path;
      if (!file.empty()) {
        resolved = file[0] == '/' ? std::filesystem::path(file.substr(1)) : resolved.parent_path() / file;
      }
      const std::string name = resolved.lexically_normal().generic_string();
      const Linked linked = name.starts_with("..") ? Linked{}
                            : file.empty()         ? Linked{true, std::string(text)}
                                                   : read(name);
      if (!linked.exists) {
        found.push_back({path, line.number, "links to " + target + ", which is not in the repository"});
      } else if (!anchor.empty() && name.ends_with(".md") && !anchors_of(linked.text).contains(anchor)) {
        found.push_back({path, line.number, "links to " + target + ", where there is no such heading"});
      }
    }
  }
  return found;
}

}  // namespace hone::structure
