#include "hone/verify/code/value.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "hone/base/json.h"
#include "hone/verify/code/text.h"

namespace hone {
namespace {

using ValueKind = PlainValue::Kind;
constexpr std::size_t kMaxDepth = 256;

// Builds a PlainValue from nlohmann's parser, which hands a number's own text to number_float alone: integers
// that do not fit 64 bits come there too, and are told by having neither point nor exponent.
class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(PlainValue& root) { open_.push_back(&root); }
  std::string problem;

  bool null() override { return put({ValueKind::kNull, "", {}}); }
  bool boolean(bool value) override { return put({ValueKind::kBool, value ? "true" : "false", {}}); }
  bool number_integer(number_integer_t value) override {
    return put({ValueKind::kInteger, std::to_string(value), {}});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return put({ValueKind::kInteger, std::to_string(value), {}});
  }
  bool number_float(number_float_t, const string_t& text) override {
    const bool integer = text.find_first_of(".eE") == std::string::npos;
    return put({integer ? ValueKind::kInteger : ValueKind::kFloat, text, {}});
  }
  bool string(string_t& value) override { return put({ValueKind::kString, std::move(value), {}}); }
  bool binary(binary_t&) override { return false; }
  bool start_array(std::size_t) override { return nest(ValueKind::kList); }
  bool end_array() override { return leave(); }
  bool start_object(std::size_t) override { return nest(ValueKind::kDict); }
  bool end_object() override { return leave(); }
  bool key(string_t& name) override { return put({ValueKind::kString, std::move(name), {}}); }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) override {
    problem = fmt::format("no JSON at byte {}", at);
    return false;
  }

 private:
  // The root's place holds one value; a container's takes many.
  bool put(PlainValue value) {
    if (open_.size() == 1) {
      *open_[0] = std::move(value);
    } else {
      open_.back()->items.push_back(std::move(value));
    }
    return true;
  }
  bool nest(ValueKind kind) {
    if (open_.size() > kMaxDepth) {
      problem = fmt::format("nested more than {} deep", kMaxDepth);
      return false;
    }
    put({kind, "", {}});
    open_.push_back(open_.size() == 1 ? open_[0] : &open_.back()->items.back());
    return true;
  }
  bool leave() {
    open_.pop_back();
    return true;
  }
  // Pointers stay good: a container's items grow only while it is the innermost one open.
  std::vector<PlainValue*> open_;
};

Result<PlainValue> parse(std::string_view json, const std::string& where) {
  PlainValue value;
  Builder builder(value);
  if (!Json::sax_parse(json, &builder)) return Error{where, "must be JSON", builder.problem};
  return value;
}

// {"t": […]} → tuple, and so on, from the inside out.
bool untag(PlainValue& value) {
  if (value.kind == ValueKind::kList) {
    return std::all_of(value.items.begin(), value.items.end(), [](PlainValue& item) { return untag(item); });
  }
  if (value.kind != ValueKind::kDict) return true;
  if (value.items.size() != 2 || value.items[0].text.size() != 1) return false;
  const char tag = value.items[0].text[0];
  PlainValue content = std::move(value.items[1]);
  if (!untag(content)) return false;
  if (tag == 'f' || tag == 'b') {
    if (content.kind != ValueKind::kString) return false;
    value = {tag == 'f' ? ValueKind::kFloat : ValueKind::kBytes, std::move(content.text), {}};
    return true;
  }
  if (content.kind != ValueKind::kList) return false;
  if (tag == 't' || tag == 's' || tag == 'c') {
    if (tag == 'c' && content.items.size() != 2) return false;
    value = {tag == 't'   ? ValueKind::kTuple
             : tag == 's' ? ValueKind::kSet
                          : ValueKind::kComplex,
             "", std::move(content.items)};
    return true;
  }
  if (tag != 'd') return false;
  PlainValue dict{ValueKind::kDict, "", {}};
  for (PlainValue& pair : content.items) {
    if (pair.kind != ValueKind::kList || pair.items.size() != 2) return false;
    dict.items.push_back(std::move(pair.items[0]));
    dict.items.push_back(std::move(pair.items[1]));
  }
  value = std::move(dict);
  return true;
}

bool is_number(const PlainValue& value) {
  return value.kind == ValueKind::kBool || value.kind == ValueKind::kInteger ||
         value.kind == ValueKind::kFloat;
}

std::string integer_text(const PlainValue& value) {
  if (value.kind == ValueKind::kBool) return value.text == "true" ? "1" : "0";
  return value.text == "-0" ? "0" : value.text;  // JSON has no other spelling of one integer
}

double double_of(const PlainValue& value) {
  return value.kind == ValueKind::kBool ? (value.text == "true" ? 1.0 : 0.0)
                                        : std::strtod(value.text.c_str(), nullptr);
}

bool same_number(const PlainValue& a, const PlainValue& b) {
  if (a.kind != ValueKind::kFloat && b.kind != ValueKind::kFloat) return integer_text(a) == integer_text(b);
  const double x = double_of(a), y = double_of(b);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  if (std::isinf(x) || std::isinf(y)) return x == y;
  return std::abs(x - y) <= std::max(1e-12, 1e-9 * std::max(std::abs(x), std::abs(y)));
}

// A dict's key as JSON writes it.
std::optional<std::string> key_text(const PlainValue& key) {
  switch (key.kind) {
    case ValueKind::kString:
    case ValueKind::kInteger:
    case ValueKind::kFloat:
    case ValueKind::kBool:
      return key.text;
    case ValueKind::kNull:
      return "null";
    default:
      return std::nullopt;
  }
}

bool same_dict(const PlainValue& expected, const PlainValue& got) {
  if (expected.items.size() != got.items.size()) return false;
  std::map<std::string_view, const PlainValue*> wanted;
  for (std::size_t i = 0; i + 1 < expected.items.size(); i += 2) {
    wanted[expected.items[i].text] = &expected.items[i + 1];
  }
  for (std::size_t i = 0; i + 1 < got.items.size(); i += 2) {
    const auto key = key_text(got.items[i]);
    const auto found = key ? wanted.find(*key) : wanted.end();
    if (found == wanted.end() || !answers(*found->second, got.items[i + 1])) return false;
    wanted.erase(found);  // 1 and "1" cannot both stand for "1"
  }
  return wanted.empty();
}

void write(const PlainValue& value, std::size_t limit, std::string& out) {
  if (out.size() > limit) return;
  const auto list = [&](char open, char close) {
    out += open;
    for (std::size_t i = 0; i < value.items.size() && out.size() <= limit; ++i) {
      if (i > 0) out += value.kind == ValueKind::kDict && i % 2 == 1 ? ": " : ", ";
      write(value.items[i], limit, out);
    }
    out += close;
  };
  switch (value.kind) {
    case ValueKind::kNull:
      out += "null";
      break;
    case ValueKind::kBool:
    case ValueKind::kInteger:
    case ValueKind::kFloat:
      out += value.text;
      break;
    case ValueKind::kString:
      out += Json(value.text).dump(-1, ' ', false, Json::error_handler_t::replace);
      break;
    case ValueKind::kBytes:
      out += "bytes";
      break;
    case ValueKind::kList:
      list('[', ']');
      break;
    case ValueKind::kTuple:
    case ValueKind::kComplex:
      list('(', ')');
      break;
    case ValueKind::kSet:
    case ValueKind::kDict:
      list('{', '}');
      break;
  }
}

}  // namespace

Result<PlainValue> parse_plain(std::string_view json, const std::string& where) { return parse(json, where); }

Result<PlainValue> parse_tagged(std::string_view json, const std::string& where) {
  HONE_TRY(PlainValue value, parse(json, where));
  if (!untag(value)) return Error{where, "must hold known tags", brief(value)};
  return value;
}

std::string to_json(const PlainValue& value) {
  std::string out;
  write(value, std::string::npos - 1, out);
  return out;
}

bool answers(const PlainValue& expected, const PlainValue& got) {
  if (is_number(expected) && is_number(got)) return same_number(expected, got);
  const bool list =
      expected.kind == ValueKind::kList && (got.kind == ValueKind::kList || got.kind == ValueKind::kTuple);
  if (!list && expected.kind != got.kind) return false;
  switch (expected.kind) {
    case ValueKind::kNull:
      return true;
    case ValueKind::kString:
      return expected.text == got.text;
    case ValueKind::kList:
      return std::equal(expected.items.begin(), expected.items.end(), got.items.begin(), got.items.end(),
                        answers);
    case ValueKind::kDict:
      return same_dict(expected, got);
    default:
      return false;  // JSON has no others
  }
}

std::string brief(const PlainValue& value, std::size_t size) {
  std::string out;
  write(value, size, out);
  return cut(out, size);
}

}  // namespace hone
