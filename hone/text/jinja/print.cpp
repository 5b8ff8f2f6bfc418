#include "hone/text/jinja/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "hone/text/jinja/characters.h"

namespace hone::jinja {
namespace {

void append_repr(std::string& out, const Value& value);

void append_string_repr(std::string& out, const std::string& text) {
  const bool single = text.find('\'') == std::string::npos || text.find('"') != std::string::npos;
  const char quote = single ? '\'' : '"';
  out += quote;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.code == quote || c.code == '\\') {
      out += '\\', out += static_cast<char>(c.code);
    } else if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '\r') {
      out += "\\r";
    } else if (c.code == '\t') {
      out += "\\t";
    } else if (c.code < 0 || is_printable(c.code)) {
      out.append(text, at, c.bytes);
    } else {
      const char* form = c.code < 0x100 ? "\\x{:02x}" : (c.code < 0x10000 ? "\\u{:04x}" : "\\U{:08x}");
      fmt::format_to(std::back_inserter(out), fmt::runtime(form), c.code);
    }
    at += c.bytes;
  }
  out += quote;
}

void append_items(std::string& out, const std::vector<Value>& items, const char* open, const char* close) {
  out += open;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr(out, items[i]);
  }
  out += close;
}

void append_sequence(std::string& out, const Sequence& sequence) {
  switch (sequence.flavor) {
    case Sequence::Flavor::kList:
      return append_items(out, sequence.items, "[", "]");
    case Sequence::Flavor::kTuple:
      return append_items(out, sequence.items, "(", sequence.items.size() == 1 ? ",)" : ")");
    case Sequence::Flavor::kKeys:
      return append_items(out, sequence.items, "dict_keys([", "])");
    case Sequence::Flavor::kValues:
      return append_items(out, sequence.items, "dict_values([", "])");
    case Sequence::Flavor::kItems:
      return append_items(out, sequence.items, "dict_items([", "])");
    case Sequence::Flavor::kIterator:
      out += "<generator object>";
      return;
    case Sequence::Flavor::kRange:
      out += fmt::format("range({}, {}", sequence.start, sequence.stop);
      out += sequence.step == 1 ? ")" : fmt::format(", {})", sequence.step);
      return;
  }
}

void append_repr(std::string& out, const Value& value) {
  if (value.is_undefined()) {
    out += "Undefined";
  } else if (value.is_string()) {
    append_string_repr(out, value.text());
  } else if (const Sequence* sequence = value.sequence()) {
    append_sequence(out, *sequence);
  } else if (const Dict* dict = value.dict()) {
    out += '{';
    for (std::size_t i = 0; i < dict->entries.size(); ++i) {
      if (i > 0) out += ", ";
      append_repr(out, dict->entries[i].first);
      out += ": ";
      append_repr(out, dict->entries[i].second);
    }
    out += '}';
  } else {
    out += to_text(value);
  }
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  Result<void> write(const Value& value) {
    if (value.is_none()) {
      out += "null";
    } else if (value.is_bool()) {
      out += value.boolean() ? "true" : "false";
    } else if (value.is_int()) {
      out += std::to_string(value.integer());
    } else if (value.is_float()) {
      out += json_float(value.number());
    } else if (value.is_string()) {
      write_string(value.text());
    } else if (value.sequence() && value.sequence()->flavor <= Sequence::Flavor::kTuple) {
      return write_list(value.sequence()->items);
    } else if (value.dict()) {
      return write_dict(*value.dict());
    } else {
      return failure("tojson takes none, booleans, numbers, strings, lists and dictionaries",
                     type_name(value));
    }
    return {};
  }

  std::string out;

 private:
  static std::string json_float(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return float_repr(value);
  }

  void escape(std::uint32_t unit) { fmt::format_to(std::back_inserter(out), "\\u{:04x}", unit); }

  void write_string(const std::string& text) {
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
      const Character c = character_at(text, at);
      static constexpr std::string_view plain = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
      const std::size_t known =
          c.code >= 0 && c.code < 0x80 ? plain.find(static_cast<char>(c.code)) : plain.npos;
      if (known != plain.npos) {
        out += '\\', out += letters[known];
      } else if (c.code >= 0 && c.code < 0x20) {
        escape(static_cast<std::uint32_t>(c.code));
      } else if (style_.ensure_ascii && c.code > 0x7E) {
        write_escaped(static_cast<std::uint32_t>(c.code));
      } else {
        out.append(text, at, c.bytes);
      }
      at += c.bytes;
    }
    out += '"';
  }

  void write_escaped(std::uint32_t code) {
    if (code < 0x10000) {
      escape(code);
    } else {
      escape(0xD800 + ((code - 0x10000) >> 10));
      escape(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }

  void new_line() {
    if (!style_.indent) return;
    out += '\n';
    for (int i = 0; i < level_; ++i) out += *style_.indent;
  }

  Result<void> write_list(const std::vector<Value>& items) {
    if (items.empty()) return out += "[]", Result<void>{};
    out += '[';
    ++level_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line();
      HONE_TRY_VOID(write(items[i]));
    }
    --level_;
    new_line();
    out += ']';
    return {};
  }

  Result<void> write_key(const Value& key) {
    if (key.is_string()) return write(key);
    if (!key.is_none() && !key.is_number()) return failure("a key in JSON must be plain", type_name(key));
    out += '"';
    HONE_TRY_VOID(write(key));
    out += '"';
    return {};
  }

  Result<void> write_dict(const Dict& dict) {
    if (dict.entries.empty()) return out += "{}", Result<void>{};
    std::vector<const std::pair<Value, Value>*> entries;
    for (const auto& entry : dict.entries) entries.push_back(&entry);
    if (style_.sort_keys) {
      for (const auto* entry : entries) HONE_TRY_VOID(check_order(entries[0]->first, entry->first));
      std::stable_sort(entries.begin(), entries.end(),
                       [](auto* a, auto* b) { return compare(a->first, b->first).value() < 0; });
    }
    out += '{';
    ++level_;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line();
      HONE_TRY_VOID(write_key(entries[i]->first));
      out += style_.key_separator;
      HONE_TRY_VOID(write(entries[i]->second));
    }
    --level_;
    new_line();
    out += '}';
    return {};
  }

  // Keys are all strings or all numbers: then any two of them have an order.
  static Result<void> check_order(const Value& a, const Value& b) {
    if ((a.is_string() && b.is_string()) || (a.is_number() && b.is_number())) return {};
    return failure("keys to sort must be of one type", type_name(a) + " and " + type_name(b));
  }

  const JsonStyle& style_;
  int level_ = 0;
};

}  // namespace

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  // The shortest digits that read back; fmt turns to an exponent where Python does, below 1e-4 and from 1e16
  // on.
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string repr(const Value& value) {
  std::string out;
  append_repr(out, value);
  return out;
}

std::string to_text(const Value& value) {
  if (value.is_undefined()) return "";
  if (value.is_none()) return "None";
  if (value.is_bool()) return value.boolean() ? "True" : "False";
  if (value.is_int()) return std::to_string(value.integer());
  if (value.is_float()) return float_repr(value.number());
  if (value.is_string()) return value.text();
  if (value.space()) return "<Namespace>";
  if (const Callable* callable = value.callable()) {
    return (callable->kind == Callable::Kind::kMacro ? "<Macro '" : "<function '") + callable->name + "'>";
  }
  if (const Loop* loop = value.loop()) {
    return fmt::format("<LoopContext {}/{}>", loop->index0 + 1, loop->items->items.size());
  }
  return repr(value);
}

Result<std::string> to_json(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  HONE_TRY_VOID(writer.write(value));
  return std::move(writer.out);
}

}  // namespace hone::jinja
