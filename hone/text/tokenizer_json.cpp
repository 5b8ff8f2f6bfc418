#include "hone/text/tokenizer_json.h"

#include <charconv>

#include "hone/text/utf8.h"

namespace hone {
namespace {

// A cursor over JSON text. Every method returns false where the text is not what it asks for; values that are
// skipped are not checked further than their brackets.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  char peek() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool at_end() { return peek() == '\0' && at_ >= text_.size(); }

  bool string(std::string& out) {
    if (!take('"')) return false;
    out.clear();
    for (;;) {
      const std::size_t stop = text_.find_first_of("\"\\", at_);
      if (stop == std::string_view::npos) return false;
      out.append(text_, at_, stop - at_);
      at_ = stop + 1;
      if (text_[stop] == '"') return true;
      if (!escape(out)) return false;
    }
  }

  bool integer(std::int64_t& out) {
    peek();
    const auto [end, status] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
    if (status != std::errc()) return false;
    at_ = static_cast<std::size_t>(end - text_.data());
    const char next = peek();
    return next == ',' || next == '}' || next == ']';
  }

  // Any value, as it stands in the text.
  bool raw(std::string_view& out) {
    peek();
    const std::size_t begin = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!skip_string()) return false;
        if (depth > 0) continue;
        break;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) break;
        ++at_;
        if (--depth == 0) break;
        continue;
      }
      if (c == ',' && depth == 0) break;
      ++at_;
    }
    out = text_.substr(begin, at_ - begin);
    return depth == 0 && !out.empty();
  }

  // Calls member(key) at each value of an object, item() at each of a list; they take the value.
  template <class Member>
  bool object(const Member& member) {
    if (!take('{')) return false;
    if (take('}')) return true;
    std::string key;
    do {
      if (!string(key) || !take(':') || !member(key)) return false;
    } while (take(','));
    return take('}');
  }
  template <class Item>
  bool list(const Item& item) {
    if (!take('[')) return false;
    if (take(']')) return true;
    do {
      if (!item()) return false;
    } while (take(','));
    return take(']');
  }

 private:
  bool skip_string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return true;
      }
    }
    return false;
  }

  bool hex4(std::uint32_t& out) {
    if (at_ + 4 > text_.size()) return false;
    const char* begin = text_.data() + at_;
    at_ += 4;
    return std::from_chars(begin, begin + 4, out, 16).ptr == begin + 4;
  }

  bool escape(std::string& out) {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    switch (c) {
      case 'b':
        out += '\b';
        return true;
      case 'f':
        out += '\f';
        return true;
      case 'n':
        out += '\n';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 't':
        out += '\t';
        return true;
      case '"':
      case '\\':
      case '/':
        out += c;
        return true;
      case 'u':
        break;
      default:
        return false;
    }
    std::uint32_t code = 0, low = 0;
    if (!hex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      if (text_.substr(at_, 2) != "\\u") return false;
      at_ += 2;
      if (!hex4(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      return false;
    }
    append_utf8(code, out);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// The outcome of a read: a fault of the file's meaning, or (empty) of its syntax.
struct Reader {
  const std::string& where;
  TokenizerJson result;
  Error fault;
  bool has_merges = false;
  std::string vocab_kind;  // set when the vocabulary is not an object

  bool fail(Error error) {
    fault = std::move(error);
    return false;
  }

  bool put(Json& into, Cursor& cursor, const std::string& key) {
    std::string_view text;
    if (!cursor.raw(text)) return false;
    Result<Json> value = parse_json(text, where + ": " + key);
    if (!value.ok()) return false;
    into[key] = std::move(value).value();
    return true;
  }

  bool vocab(Cursor& cursor) {
    if (cursor.peek() != '{') {  // a Unigram model's is a list
      std::string_view text;
      vocab_kind = cursor.peek() == '[' ? "a list" : "no object";
      return cursor.raw(text);
    }
    return cursor.object([&](std::string& token) {
      std::int64_t id = 0;
      if (!cursor.integer(id)) {
        std::string_view text;
        if (!cursor.raw(text)) return false;
        return fail({where + ": model.vocab", fmt::format("the id of {:?} must be an integer", token),
                     std::string(text.substr(0, 60))});
      }
      result.source.vocab.emplace_back(std::move(token), id);
      return true;
    });
  }

  bool merges(Cursor& cursor) {
    has_merges = true;
    auto& all = result.source.merges;
    std::string first, second;
    return cursor.list([&] {
      const auto bad = [&](const std::string& got) {
        return fail({fmt::format("{}: model.merges[{}]", where, all.size()),
                     "must be \"left right\" or [\"left\", \"right\"]", got});
      };
      if (cursor.peek() == '"') {
        if (!cursor.string(first)) return false;
        if (first.starts_with("#version")) return true;
        const std::size_t space = first.find(' ');
        if (space == std::string::npos || first.find(' ', space + 1) != std::string::npos) {
          return bad(fmt::format("{:?}", first));
        }
        all.emplace_back(first.substr(0, space), first.substr(space + 1));
        return true;
      }
      if (cursor.peek() != '[') {
        std::string_view text;
        return cursor.raw(text) && bad(std::string(text.substr(0, 60)));
      }
      std::size_t count = 0;
      if (!cursor.list([&] { return cursor.string(count++ == 0 ? first : second); })) return false;
      if (count != 2) return bad(fmt::format("{} parts", count));
      all.emplace_back(std::move(first), std::move(second));
      return true;
    });
  }

  bool model(Cursor& cursor) {
    result.model = Json::object();
    return cursor.object([&](const std::string& key) {
      if (key == "vocab") return vocab(cursor);
      if (key == "merges" && cursor.peek() == '[') return merges(cursor);
      return put(result.model, cursor, key);
    });
  }

  bool root(Cursor& cursor) {
    result.root = Json::object();
    const bool whole = cursor.object([&](const std::string& key) {
      return key == "model" && cursor.peek() == '{' ? model(cursor) : put(result.root, cursor, key);
    });
    return whole && cursor.at_end();
  }
};

Result<void> check_model(const Reader& reader, const std::string& where) {
  const Json& model = reader.result.model;
  if (!model.is_object()) return Error{where, "model must be an object", "none"};
  // Files of the first versions don't name the type; what has merges is BPE.
  HONE_TRY(const std::string type,
           json_get<std::string>(model, "type", reader.has_merges ? "BPE" : "unnamed", where + ": model"));
  if (type != "BPE") return Error{where + ": model.type", "must be BPE (byte-level)", type};
  if (!reader.vocab_kind.empty() || reader.result.source.vocab.empty()) {
    return Error{where + ": model.vocab", "must be an object of tokens and their ids",
                 reader.vocab_kind.empty() ? "none" : reader.vocab_kind};
  }
  if (!reader.has_merges) return Error{where + ": model.merges", "must be a list", "none"};
  HONE_TRY(const bool byte_fallback, json_get<bool>(model, "byte_fallback", false, where + ": model"));
  if (byte_fallback) {
    return Error{where + ": model.byte_fallback", "must be false (only byte-level BPE is supported)", "true"};
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    HONE_TRY(const std::string affix, json_get<std::string>(model, key, "", where + ": model"));
    if (!affix.empty()) return Error{fmt::format("{}: model.{}", where, key), "must be empty or null", affix};
  }
  HONE_TRY(const double dropout, json_get<double>(model, "dropout", 0.0, where + ": model"));
  if (dropout != 0.0) {
    return Error{where + ": model.dropout", "must be null or 0 (the same text always gives the same ids)",
                 fmt::format("{}", dropout)};
  }
  return {};
}

}  // namespace

Result<TokenizerJson> parse_tokenizer_json(std::string_view text, const std::string& where) {
  Reader reader{where, {}, {}, false, {}};
  Cursor cursor(text);
  if (!is_valid_utf8(text) || !reader.root(cursor)) {
    if (!reader.fault.rule.empty()) return reader.fault;
    HONE_TRY(const Json tree, parse_json(text, where));  // names the byte
    return Error{where, "must be an object with a model of vocab and merges", brief(tree)};
  }
  HONE_TRY_VOID(check_model(reader, where));
  const Json& model = reader.result.model;
  BpeSource& source = reader.result.source;
  HONE_TRY(const std::string unknown, json_get<std::string>(model, "unk_token", "", where + ": model"));
  if (!unknown.empty()) source.unk_token = unknown;
  HONE_TRY(source.fuse_unk, json_get<bool>(model, "fuse_unk", false, where + ": model"));
  HONE_TRY(source.ignore_merges, json_get<bool>(model, "ignore_merges", false, where + ": model"));
  return std::move(reader.result);
}

}  // namespace hone
