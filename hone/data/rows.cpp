#include "hone/data/rows.h"

#include <array>
#include <cmath>
#include <optional>

#include "hone/base/check.h"
#include "hone/base/hash.h"
#include "hone/base/json.h"
#include "hone/base/log.h"
#include "hone/data/row_files.h"

namespace hone {
namespace {

constexpr std::string_view kBlank = " \t\r\n\v\f";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// What a value is, for messages; containers by size only, since theirs may be nested without bound.
std::string describe(const Json& value) {
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_object()) return fmt::format("an object with {} keys", value.size());
  return brief(value);
}

// row["a.b"], else row["a"]["b"]; nothing when absent or null.
const Json* find_field(const Json& row, const std::string& name) {
  const Json* value = nullptr;
  if (const auto it = row.find(name); it != row.end()) {
    value = &*it;
  } else if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
    if (const auto outer = row.find(name.substr(0, dot)); outer != row.end() && outer->is_object())
      value = find_field(*outer, name.substr(dot + 1));
  }
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string keys_of(const Json& row) {
  std::string keys;
  for (const auto& [key, value] : row.items()) {
    if (keys.size() > 80) return keys + ", ...";
    keys += (keys.empty() ? "" : ", ") + key;
  }
  return keys.empty() ? "no fields" : "the fields " + keys;
}

Result<const Json*> require_field(const Json& row, const std::string& name, const char* option,
                                  const std::string& where) {
  const Json* value = find_field(row, name);
  if (value == nullptr)
    return Error{where,
                 fmt::format("the row must have the field \"{}\" that data.fields.{} names", name, option),
                 keys_of(row)};
  return value;
}

constexpr std::array<std::string_view, 6> kRoles = {"system",    "developer", "user",
                                                    "assistant", "tool",      "function"};

Result<Message> message_of(const Json& item, const std::string& where) {
  if (!item.is_object()) return Error{where, "must be an object with role and content", describe(item)};
  Message message;
  for (const auto& [key, text] : {std::pair{"role", &message.role}, std::pair{"content", &message.content}}) {
    const auto it = item.find(key);
    if (it == item.end()) return Error{where, fmt::format("must have \"{}\"", key), keys_of(item)};
    if (!it->is_string()) return Error{fmt::format("{}.{}", where, key), "must be text", describe(*it)};
    *text = it->get<std::string>();
  }
  for (const std::string_view role : kRoles)
    if (message.role == role) return message;
  return Error{where + ".role", fmt::format("must be one of {}", fmt::join(kRoles, ", ")),
               brief(Json(message.role))};
}

Result<std::vector<Message>> messages_of(const Json& prompt, const std::string& where) {
  std::vector<Message> messages;
  if (prompt.is_string()) {
    messages.push_back({"user", prompt.get<std::string>()});
  } else if (prompt.is_array()) {
    for (std::size_t i = 0; i < prompt.size(); ++i) {
      HONE_TRY(messages.emplace_back(), message_of(prompt[i], fmt::format("{}[{}]", where, i)));
    }
  } else {
    return Error{where, "must be text or a list of {role, content}", describe(prompt)};
  }
  bool asks = false;
  for (const Message& m : messages) asks = asks || (m.role == "user" && !trim(m.content).empty());
  if (!asks) return Error{where, "must ask something: a user message that is not empty", describe(prompt)};
  return messages;
}

// Answers come as text, and as numbers where a data set's writer thought them so (142.0 is 142).
Result<std::string> text_of(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer() || value.is_boolean()) return value.dump();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::abs(number) >= 0x1.0p53)
      return Error{where, "a number this large must be written as text", value.dump()};
    if (number == std::trunc(number)) return fmt::format("{}", static_cast<std::int64_t>(number));
    return value.dump();
  }
  return Error{where, "must be text, a number, true or false", describe(value)};
}

struct Marked {
  std::string_view before, after;
};

// Cuts at the last occurrence of `marker`; one that ends in '{' takes what its bracket holds.
std::optional<Marked> cut_at(std::string_view text, const std::string& marker) {
  const std::size_t at = text.rfind(marker);
  if (at == std::string_view::npos) return std::nullopt;
  Marked cut{trim(text.substr(0, at)), text.substr(at + marker.size())};
  if (marker.back() == '{') {
    std::size_t end = 0;
    for (int depth = 1; end < cut.after.size(); ++end) {
      const char c = cut.after[end];
      if (c == '\\') {
        ++end;  // an escaped bracket is no bracket
      } else if (c == '{') {
        ++depth;
      } else if (c == '}' && --depth == 0) {
        break;
      }
    }
    if (end >= cut.after.size()) return std::nullopt;
    cut.after = cut.after.substr(0, end);
  }
  cut.after = trim(cut.after);
  return cut;
}

Result<std::string> answer_of(const Json& row, const std::string& where, const DataFieldOptions& map) {
  HONE_TRY(const Json* value, require_field(row, map.answer, "answer", where));
  HONE_TRY(const std::string text, text_of(*value, where + ": " + map.answer));
  if (map.answer_after.empty()) return std::string(trim(text));
  const auto cut = cut_at(text, map.answer_after);
  if (!cut || cut->after.empty())
    return Error{where + ": " + map.answer,
                 fmt::format("must hold an answer after \"{}\" (data.fields.answer_after)", map.answer_after),
                 brief(Json(text))};
  return std::string(cut->after);
}

Result<std::string> solution_of(const Json& row, const std::string& where, const DataFieldOptions& map,
                                const std::string& answer) {
  HONE_TRY(const Json* value, require_field(row, map.solution, "solution", where));
  HONE_TRY(const std::string text, text_of(*value, where + ": " + map.solution));
  if (answer.empty() || text.find("<think>") != std::string::npos ||
      text.find("<answer>") != std::string::npos)
    return text;
  std::string_view worked = trim(text);
  // A bracket's marker stands inside the last sentence of the working; any other one ends it.
  if (!map.answer_after.empty() && map.answer_after.back() != '{')
    if (const auto cut = cut_at(worked, map.answer_after)) worked = cut->before;
  return fmt::format("<think>{}</think><answer>{}</answer>", worked, answer);
}

// Runs of white space count as one space: copies of a question that differ only there are one question.
std::uint64_t question_id(const std::vector<Message>& messages) {
  std::string key;
  for (const Message& m : messages) {
    key += m.role + '\x1f';
    bool gap = false;
    for (const char c : trim(m.content)) {
      const bool blank = kBlank.find(c) != std::string_view::npos;
      if (!blank) {
        if (gap) key += ' ';
        key += c;
      }
      gap = blank;
    }
    key += '\x1e';
  }
  return hash64(key);
}

}  // namespace

Result<Problem> parse_row(std::string_view text, const std::string& where, const DataFieldOptions& map) {
  HONE_TRY(const Json row, parse_json(text, where));
  if (!row.is_object()) return Error{where, "a row must be a JSON object", describe(row)};
  Problem problem;
  HONE_TRY(const Json* prompt, require_field(row, map.prompt, "prompt", where));
  HONE_TRY(problem.messages, messages_of(*prompt, where + ": " + map.prompt));
  if (!map.answer.empty()) {
    HONE_TRY(problem.answer, answer_of(row, where, map));
  }
  if (!map.solution.empty()) {
    HONE_TRY(problem.solution, solution_of(row, where, map, problem.answer));
  }
  problem.id = question_id(problem.messages);
  problem.source = where;
  problem.fields = text;
  return problem;
}

Result<RowTable> RowTable::read(const std::vector<std::string>& files, const DataFieldOptions& map,
                                bool skip) {
  RowTable table;
  table.map_ = map;
  table.files_ = files;
  for (std::size_t f = 0; f < files.size(); ++f) {
    HONE_TRY(RowFile file, read_row_file(files[f]));
    table.texts_.push_back(std::move(file.text));
    for (const RawRow& raw : file.rows) {
      Row row{f, raw.line, raw.text, 0};
      const Result<Problem> problem =
          raw.error ? Result<Problem>(*raw.error) : parse_row(raw.text, table.where(row), map);
      if (problem.ok()) {
        row.id = problem->id;
        table.rows_.push_back(row);
        continue;
      }
      if (!skip) return problem.error();
      if (++table.skipped_ <= 3) log_warn("row skipped: {}", problem.error().message());
    }
  }
  if (table.skipped_ > 0)
    log_warn("malformed rows skipped: {}, rows read: {}", table.skipped_, table.rows_.size());
  return table;
}

Problem RowTable::problem(const Row& row) const {
  Result<Problem> problem = parse_row(row.text, where(row), map_);
  HONE_CHECK(problem.ok(), "a row that was read once: {}", problem.error().message());
  return std::move(problem).value();
}

std::string RowTable::where(const Row& row) const { return fmt::format("{}:{}", files_[row.file], row.line); }

}  // namespace hone
