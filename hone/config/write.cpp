// A recipe as YAML, against another recipe, and as a reference page.
#include <algorithm>

#include "hone/base/check.h"
#include "hone/config/fields.h"
#include "hone/config/recipe.h"

namespace hone {
namespace {

std::vector<std::string> split(const std::string& key) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t dot; (dot = key.find('.', begin)) != std::string::npos; begin = dot + 1) {
    parts.push_back(key.substr(begin, dot - begin));
  }
  parts.push_back(key.substr(begin));
  return parts;
}

// A table's cell: a bar would end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void add_rows(std::string& out, const Fields& table, const std::string& section) {
  out += "| key | takes | default | meaning |\n|---|---|---|---|\n";
  const std::string prefix = section.empty() ? "" : section + ".";
  for (const Field& field : table.fields) {
    if (!field.key.starts_with(prefix)) continue;
    const std::string name = field.key.substr(prefix.size());
    if (name.find('.') != std::string::npos) continue;
    out += fmt::format("| `{}` | {} | `{}` | {} |\n", name, cell(type_of(field)), cell(render(field)),
                       cell(field.help));
  }
}

}  // namespace

std::string to_yaml(const Recipe& recipe) {
  Recipe copy = recipe;
  const Fields table = fields_of(copy);
  std::string out;
  std::vector<std::string> open;  // the sections around the last key
  for (const Field& field : table.fields) {
    std::vector<std::string> parts = split(field.key);
    const std::string name = parts.back();
    parts.pop_back();
    std::size_t same = 0;
    while (same < parts.size() && same < open.size() && parts[same] == open[same]) ++same;
    for (std::size_t i = same; i < parts.size(); ++i) out += std::string(2 * i, ' ') + parts[i] + ":\n";
    out += std::string(2 * parts.size(), ' ') + name + ": " + render(field) + "\n";
    open = std::move(parts);
  }
  return out;
}

std::vector<std::string> differences(const Recipe& a, const Recipe& b) {
  Recipe before = a, after = b;
  const Fields left = fields_of(before), right = fields_of(after);
  HONE_CHECK(left.fields.size() == right.fields.size(), "{} against {} fields", left.fields.size(),
             right.fields.size());
  std::vector<std::string> out;
  for (std::size_t i = 0; i < left.fields.size(); ++i) {
    const std::string was = render(left.fields[i]), is = render(right.fields[i]);
    if (was != is) out.push_back(fmt::format("{}: {} -> {}", left.fields[i].key, was, is));
  }
  return out;
}

std::string recipe_reference() {
  Recipe defaults;
  const Fields table = fields_of(defaults);
  std::string out;
  add_rows(out, table, "");
  for (const Section& section : table.sections) {
    out += fmt::format("\n## {}\n{}\n\n", section.key, section.help);
    add_rows(out, table, section.key);
  }
  VerifierOptions verifier;
  out += "\n## reward\nEach verifier of the list is a name alone, with weight 1, or a map of these keys.\n\n";
  add_rows(out, fields_of(verifier), "");
  FriendOptions judge;
  out += "\n## friends\nEach friend of the list is a kind alone, or a map of these keys.\n\n";
  add_rows(out, fields_of(judge), "");
  return out;
}

}  // namespace hone
