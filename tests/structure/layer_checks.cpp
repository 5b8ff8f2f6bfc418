#include <regex>
#include <sstream>

#include "structure/checks.h"
#include "structure/source_text.h"

namespace hone::structure {
namespace {

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream stream(path);
  for (std::string part; std::getline(stream, part, '/');) parts.push_back(part);
  return parts;
}

std::string list_of_ranks(const std::string& from, const std::string& to) {
  return from + "/ (rank " + std::to_string(ranks().at(from)) +
         ") may use only lower ranks and itself, not " + to + "/ (rank " + std::to_string(ranks().at(to)) +
         ")";
}

bool starts_with_any(const std::string& path, std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (path.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

std::string to_string(const Violation& violation) {
  const std::string line = violation.line > 0 ? ":" + std::to_string(violation.line) : "";
  return violation.path + line + ": " + violation.rule;
}

const std::map<std::string, int>& ranks() {
  static const std::map<std::string, int> table = {
      {"base", 0},    {"types", 1},  {"config", 2}, {"text", 3},   {"symbolic", 3}, {"sandbox", 3},
      {"weights", 3}, {"patch", 3},  {"store", 3},  {"data", 4},   {"verify", 4},   {"rl", 4},
      {"browser", 4}, {"tensor", 4}, {"env", 5},    {"policy", 5}, {"loop", 6},     {"web", 6},
      {"engine", 6},  {"update", 6}, {"cli", 7},
  };
  return table;
}

const std::set<std::string>& torch_island() {
  static const std::set<std::string> island = {"tensor", "policy", "engine", "update"};
  return island;
}

Violations check_layers(const std::string& path, std::string_view text) {
  const std::vector<std::string> parts = parts_of(path);
  if (parts.empty() || parts[0] != "hone") return {};
  if (parts.size() < 3) return {{path, 0, "must lie in a layer's folder under hone/"}};
  const std::string& folder = parts[1];
  if (!ranks().contains(folder)) return {{path, 0, "hone/" + folder + "/ has no rank (tests/structure)"}};
  if (!is_cpp(path)) return {};
  Violations found;
  for (const Include& include : includes_of(text)) {
    const std::vector<std::string> target = parts_of(include.path);
    if (target.size() >= 2 && target[0] == "hone") {
      const auto rank = ranks().find(target[1]);
      if (rank == ranks().end()) {
        found.push_back({path, include.line, "includes hone/" + target[1] + "/, which has no rank"});
      } else if (target[1] != folder && rank->second >= ranks().at(folder)) {
        found.push_back({path, include.line, list_of_ranks(folder, target[1])});
      }
    } else if ((include.quoted && !include.path.ends_with(".pb.h")) || include.path.starts_with(".")) {
      found.push_back(
          {path, include.line, "must include \"" + include.path + "\" by its path from the root"});
    }
  }
  return found;
}

Violations check_link_lines(const std::string& path, std::string_view text) {
  if (path != "CMakeLists.txt") return {};
  Violations found;
  int number = 0;
  for (const std::string_view view : lines_of(text)) {
    ++number;
    const std::string line(view);
    static const std::regex layer(R"(^\s*hone_layer\((\w+)\s+LINK\s+([^)]*))"), linked(R"(\bhone_(\w+))");
    std::smatch match;
    if (!std::regex_search(line, match, layer)) continue;
    const std::string folder = match[1], links = match[2];
    if (!ranks().contains(folder)) {
      found.push_back({path, number, "layer " + folder + " has no rank (tests/structure)"});
      continue;
    }
    for (std::sregex_iterator it(links.begin(), links.end(), linked), end; it != end; ++it) {
      const auto rank = ranks().find((*it)[1]);
      if (rank == ranks().end() || rank->second < ranks().at(folder)) continue;
      found.push_back({path, number, list_of_ranks(folder, rank->first)});
    }
  }
  return found;
}

Violations check_rank_table(const std::string& path, std::string_view text) {
  if (path != "docs/architecture.md") return {};
  std::map<std::string, int> missing = ranks();
  Violations found;
  int number = 0;
  for (const std::string_view view : lines_of(text)) {
    ++number;
    const std::string line(view);
    static const std::regex row(R"(^\|\s*(\d+)\s*\|\s*`(\w+)/`)");
    std::smatch match;
    if (!std::regex_search(line, match, row)) continue;
    const auto rank = ranks().find(match[2]);
    if (rank == ranks().end()) {
      found.push_back({path, number, "shows " + match[2].str() + "/, which has no rank (tests/structure)"});
    } else if (std::to_string(rank->second) != match[1].str()) {
      found.push_back(
          {path, number, "must show rank " + std::to_string(rank->second) + " for " + rank->first + "/"});
    }
    missing.erase(match[2]);
  }
  for (const auto& [folder, rank] : missing) found.push_back({path, 0, "lacks the row of " + folder + "/"});
  return found;
}

Violations check_torch_island(const std::string& path, std::string_view text) {
  if (!is_cpp(path)) return {};
  const std::vector<std::string> parts = parts_of(path);
  const std::string folder = parts.size() >= 3 ? parts[1] : "";
  const bool on_island = torch_island().contains(folder);
  Violations found;
  for (const Include& include : includes_of(text)) {
    if (starts_with_any(include.path, {"torch/torch.h", "torch/all.h", "torch/extension.h", "torch/nn",
                                       "torch/optim", "torch/data"})) {
      found.push_back(
          {path, include.line, "<" + include.path + "> is included nowhere: it costs 25 s a file"});
    } else if (!on_island && starts_with_any(include.path, {"ATen/", "torch/", "c10/", "caffe2/"})) {
      found.push_back({path, include.line, "<" + include.path + "> belongs to the torch island"});
    } else if (!on_island && folder != "cli") {
      const std::vector<std::string> target = parts_of(include.path);
      if (target.size() >= 2 && target[0] == "hone" && torch_island().contains(target[1])) {
        found.push_back(
            {path, include.line, "only the torch island and cli/ include hone/" + target[1] + "/"});
      }
    }
  }
  return found;
}

}  // namespace hone::structure
