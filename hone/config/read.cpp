// YAML and --set settings into a recipe.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include "hone/base/files.h"
#include "hone/base/suggest.h"
#include "hone/config/check.h"
#include "hone/config/fields.h"
#include "hone/config/recipe.h"

namespace hone {
namespace {

// Where a value stands: in the file, or on the command line.
struct Source {
  std::string file;  // empty: a setting
  std::string at(const std::string& key, int line) const {
    return file.empty() ? "--set " + key : fmt::format("{}:{}: {}", file, line, key);
  }
};

std::string shown(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  if (!node.IsScalar()) return "nothing";
  const std::string text = node.Scalar().size() > 60 ? node.Scalar().substr(0, 57) + "..." : node.Scalar();
  return node.Tag() == "!" ? render(text) : text;
}

// A scalar that was not quoted, nor tagged as text.
bool is_bare(const YAML::Node& node) {
  return node.IsScalar() && node.Tag() != "!" && node.Tag() != "tag:yaml.org,2002:str";
}

// The whole text as one decimal number: no spaces, no exponent in integers, nothing out of T's range.
template <class T>
bool read_number(const std::string& text, T& out) {
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  const char* end = text.data() + text.size();
  const auto [last, status] = std::from_chars(text.data() + (plus ? 1 : 0), end, out);
  return status == std::errc() && last == end;
}

class Reader {
 public:
  explicit Reader(Recipe& recipe) : recipe_(recipe), table_(fields_of(recipe)) {}

  Result<void> read_file(const YAML::Node& root, const std::string& file) {
    if (!root.IsMap()) return Error{file, "a recipe must be a map of keys", shown(root)};
    return read_map(root, table_, "", "", Source{file});
  }

  Result<void> read_setting(const std::string& key, const YAML::Node& value) {
    YAML::Node node = value;
    for (std::size_t end = key.size();;) {
      const std::size_t dot = end == 0 ? std::string::npos : key.rfind('.', end - 1);
      const std::size_t begin = dot == std::string::npos ? 0 : dot + 1;
      YAML::Node outer(YAML::NodeType::Map);
      outer[key.substr(begin, end - begin)] = node;
      node.reset(outer);
      if (dot == std::string::npos) break;
      end = dot;
    }
    return read_map(node, table_, "", "", Source{});
  }

  // Values that follow from others, and the rules between keys.
  Result<void> finish(const std::string& where) {
    Names& task = recipe_.data.task;
    if (task.size() == 1 && task.front().empty()) task.clear();
    LossOptions& loss = recipe_.grpo.loss;
    // CISPO caps the ratio itself (MiniMax-M1 §3.1; TRL recommends 5), where 0.2 would stop all learning.
    if (loss.type == LossType::kCispo && !given_.contains("grpo.loss.clip_high")) loss.clip_high = 5;
    if (loss.type == LossType::kGspo && !given_.contains("grpo.loss.ratio_level")) {
      loss.ratio_level = RatioLevel::kSequence;
    }
    return check_recipe(recipe_, [&](std::span<const char* const> keys) {
      for (const char* key : keys) {
        if (const auto found = given_.find(key); found != given_.end()) return found->second;
      }
      return fmt::format("{}: {}", where, keys.front());
    });
  }

 private:
  // `below` is the looked-up prefix, `shown_prefix` what stands before a key in messages.
  Result<void> read_map(const YAML::Node& map, const Fields& table, const std::string& below,
                        const std::string& shown_prefix, const Source& source) {
    std::set<std::string> seen;
    for (const auto& pair : map) {
      const int line = pair.first.Mark().line + 1;
      if (!pair.first.IsScalar())
        return Error{source.at(shown_prefix, line), "a key must be text", shown(pair.first)};
      const std::string& name = pair.first.Scalar();
      const std::string key = below + name;
      const std::string where = source.at(shown_prefix + name, line);
      if (!seen.insert(name).second) return Error{where, "a key must be given once", "it twice"};
      if (const Field* field = find(table, key)) {
        HONE_TRY_VOID(read_value(pair.second, *field, shown_prefix + name, line, source));
      } else if (is_section(table, key)) {
        if (!pair.second.IsMap() && !pair.second.IsNull())
          return Error{where, "must be a map of keys", shown(pair.second)};
        if (pair.second.IsMap()) {
          HONE_TRY_VOID(read_map(pair.second, table, key + ".", shown_prefix + name + ".", source));
        }
      } else {
        return unknown_key(table, below, name, where);
      }
      given_[shown_prefix + name] = where;
    }
    return {};
  }

  static const Field* find(const Fields& table, const std::string& key) {
    for (const Field& field : table.fields) {
      if (field.key == key) return &field;
    }
    return nullptr;
  }

  static bool is_section(const Fields& table, const std::string& key) {
    for (const Section& section : table.sections) {
      if (section.key == key) return true;
    }
    return false;
  }

  // Names the nearest key of the section, else the place where a key of that name belongs, else all there
  // are.
  static Error unknown_key(const Fields& table, const std::string& below, const std::string& name,
                           const std::string& where) {
    std::vector<std::string> siblings;
    std::string elsewhere;
    const auto visit = [&](const std::string& key) {
      if (key.starts_with(below) && key.find('.', below.size()) == std::string::npos) {
        siblings.push_back(key.substr(below.size()));
      }
      if (!key.ends_with("." + name)) return;
      if (elsewhere.empty() || (key.starts_with(below) && !elsewhere.starts_with(below))) elsewhere = key;
    };
    for (const Section& section : table.sections) visit(section.key);
    for (const Field& field : table.fields) visit(field.key);
    if (!elsewhere.empty()) return {where, "unknown key, did you mean " + elsewhere, ""};
    const std::string near = nearest(name, siblings);
    if (!near.empty()) return {where, "unknown key, did you mean " + near, ""};
    return {where, fmt::format("unknown key; known here: {}", fmt::join(siblings, ", ")), ""};
  }

  Result<void> read_value(const YAML::Node& node, const Field& field, const std::string& key, int line,
                          const Source& source) {
    const std::string where = source.at(key, line);
    const auto wrong = [&](const YAML::Node& found, const std::string& more = "") -> Result<void> {
      return Error{where, "must be " + type_of(field) + more, shown(found)};
    };
    if (const auto* verifiers = std::get_if<std::vector<VerifierOptions>*>(&field.target)) {
      return read_list(node, **verifiers, "a verifier's name", field, key, line, source);
    }
    if (const auto* judges = std::get_if<std::vector<FriendOptions>*>(&field.target)) {
      return read_list(node, **judges, "a friend's kind", field, key, line, source);
    }
    // key= on the command line empties a text or a list.
    if (source.file.empty() && node.IsNull()) {
      if (auto* text = std::get_if<std::string*>(&field.target); text != nullptr && field.words.empty()) {
        (*text)->clear();
        return {};
      }
      if (auto* texts = std::get_if<std::vector<std::string>*>(&field.target))
        return (*texts)->clear(), Result<void>();
      if (auto* numbers = std::get_if<std::vector<int>*>(&field.target))
        return (*numbers)->clear(), Result<void>();
      if (auto* numbers = std::get_if<std::vector<double>*>(&field.target))
        return (*numbers)->clear(), Result<void>();
    }
    return std::visit([&](const auto& target) { return store(node, field, target, wrong); }, field.target);
  }

  // One overload for each kind of target. `wrong` makes the error about a node.
  template <class Wrong>
  static Result<void> store(const YAML::Node& node, const Field&, bool* target, const Wrong& wrong) {
    const std::string text = is_bare(node) ? node.Scalar() : "";
    const bool yes = text == "true" || text == "True" || text == "TRUE";
    if (!yes && text != "false" && text != "False" && text != "FALSE") return wrong(node);
    *target = yes;
    return {};
  }

  template <class T, class Wrong>
  static Result<void> store_integer(const YAML::Node& node, const Field& field, T* target,
                                    const Wrong& wrong) {
    if (!is_bare(node)) return wrong(node);
    T value = 0;
    if (!read_number(node.Scalar(), value)) {
      double number = 0;
      const bool beyond =
          read_number(node.Scalar(), number) && number > static_cast<double>(std::numeric_limits<T>::max());
      return wrong(node, beyond ? fmt::format(" (at most {})", std::numeric_limits<T>::max()) : "");
    }
    if (!field.range.holds(static_cast<double>(value))) return wrong(node);
    *target = value;
    return {};
  }
  template <class Wrong>
  static Result<void> store(const YAML::Node& node, const Field& field, int* target, const Wrong& wrong) {
    return store_integer(node, field, target, wrong);
  }
  template <class Wrong>
  static Result<void> store(const YAML::Node& node, const Field& field, std::int64_t* target,
                            const Wrong& wrong) {
    return store_integer(node, field, target, wrong);
  }
  template <class Wrong>
  static Result<void> store(const YAML::Node& node, const Field& field, std::uint64_t* target,
                            const Wrong& wrong) {
    return store_integer(node, field, target, wrong);
  }

  template <class Wrong>
  static Result<void> store(const YAML::Node& node, const Field& field, double* target, const Wrong& wrong) {
    double value = 0;
    if (!is_bare(node) || !read_number(node.Scalar(), value) || !field.range.holds(value)) return wrong(node);
    *target = value;
    return {};
  }

  template <class Wrong>
  static Result<void> store(const YAML::Node& node, const Field& field, std::string* target,
                            const Wrong& wrong) {
    if (!node.IsScalar()) return wrong(node);
    const std::string& text = node.Scalar();
    if (!field.words.empty() &&
        std::find(field.words.begin(), field.words.end(), text) == field.words.end()) {
      return wrong(node, suggestion(text, field.words));
    }
    *target = text;
    return {};
  }

  template <class Wrong>
  static Result<void> store(const YAML::Node& node, const Field&, const Choice& target, const Wrong& wrong) {
    if (!node.IsScalar()) return wrong(node);
    const auto found = std::find(target.words.begin(), target.words.end(), node.Scalar());
    if (found == target.words.end()) {
      return wrong(node, suggestion(node.Scalar(), {target.words.begin(), target.words.end()}));
    }
    target.set(static_cast<std::size_t>(found - target.words.begin()));
    return {};
  }

  template <class T, class Wrong>
  static Result<void> store(const YAML::Node& node, const Field& field, std::vector<T>* target,
                            const Wrong& wrong) {
    if (!node.IsSequence() && !node.IsScalar()) return wrong(node);
    std::vector<T> items;
    const auto add = [&](const YAML::Node& item) -> Result<void> {
      T value{};
      HONE_TRY_VOID(store(item, field, &value, wrong));
      items.push_back(std::move(value));
      return {};
    };
    if (node.IsScalar()) {
      HONE_TRY_VOID(add(node));
    } else {
      for (const auto& item : node) HONE_TRY_VOID(add(item));
    }
    *target = std::move(items);
    return {};
  }
  template <class Wrong>
  static Result<void> store(const YAML::Node&, const Field&, std::vector<VerifierOptions>*, const Wrong&) {
    return {};  // read_list's
  }
  template <class Wrong>
  static Result<void> store(const YAML::Node&, const Field&, std::vector<FriendOptions>*, const Wrong&) {
    return {};
  }

  static std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
    const std::string near = nearest(word, known);
    return near.empty() ? "" : " (did you mean " + near + "?)";
  }

  // Items are names, or maps whose first key names them.
  template <class Options>
  Result<void> read_list(const YAML::Node& node, std::vector<Options>& target, const char* noun,
                         const Field& field, const std::string& key, int line, const Source& source) {
    std::vector<Options> list;
    const auto add = [&](const YAML::Node& item, const std::string& name) -> Result<void> {
      const int item_line = item.IsNull() ? line : item.Mark().line + 1;
      Options options;
      const Fields table = fields_of(options);
      const Field& naming = table.fields.front();
      if (item.IsScalar()) {
        HONE_TRY_VOID(read_value(item, naming, name, item_line, source));
      } else if (item.IsMap()) {
        HONE_TRY_VOID(read_map(item, table, "", name + ".", source));
        if (!given_.contains(name + "." + naming.key)) {
          return Error{source.at(name, item_line), "must have the key " + naming.key, "none"};
        }
      } else {
        return Error{source.at(name, item_line), fmt::format("must be {} or a map of keys", noun),
                     shown(item)};
      }
      list.push_back(std::move(options));
      return {};
    };
    std::erase_if(given_, [&](const auto& entry) { return entry.first.starts_with(key + "["); });
    if (node.IsNull()) return Error{source.at(key, line), "must be " + type_of(field), "nothing"};
    if (!node.IsSequence()) {
      HONE_TRY_VOID(add(node, key + "[0]"));
    } else {
      std::size_t i = 0;
      for (const auto& item : node) HONE_TRY_VOID(add(item, fmt::format("{}[{}]", key, i++)));
    }
    target = std::move(list);
    return {};
  }

  Recipe& recipe_;
  Fields table_;
  std::map<std::string, std::string> given_;  // key → where
};

// The one document of a text; a null node where it holds none.
Result<YAML::Node> load_yaml(const std::string& text, const std::string& where, bool lines) {
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty()) return YAML::Node(YAML::NodeType::Null);
    if (documents.size() > 1)
      return Error{where, "must be one YAML document", std::to_string(documents.size())};
    return documents.front();
  } catch (const YAML::Exception& error) {
    const std::string place =
        lines && error.mark.line >= 0 ? fmt::format("{}:{}", where, error.mark.line + 1) : where;
    return Error{place, "must be YAML: " + error.msg, ""};
  }
}

}  // namespace

Result<Recipe> parse_recipe(const std::string& yaml, const std::string& where,
                            std::span<const std::string> settings) try {
  HONE_TRY(const YAML::Node root, load_yaml(yaml, where, true));
  Recipe recipe;
  Reader reader(recipe);
  HONE_TRY_VOID(reader.read_file(root, where));
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) return Error{"--set " + setting, "must be key=value", ""};
    const std::string key = setting.substr(0, equals);
    HONE_TRY(const YAML::Node value, load_yaml(setting.substr(equals + 1), "--set " + key, false));
    HONE_TRY_VOID(reader.read_setting(key, value));
  }
  HONE_TRY_VOID(reader.finish(where));
  return recipe;
} catch (const YAML::Exception& error) {
  return Error{where, "must be YAML: " + error.msg, ""};
}

Result<Recipe> read_recipe(const std::filesystem::path& file, std::span<const std::string> settings) {
  HONE_TRY(const std::string yaml, read_file(file));
  return parse_recipe(yaml, file.string(), settings);
}

}  // namespace hone
