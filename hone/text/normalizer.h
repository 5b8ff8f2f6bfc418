// The normalizers of tokenizer.json: text in, text out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hone/base/result.h"
#include "hone/text/regex.h"

namespace hone {

// Thread safety: const methods may be called from many threads.
class Normalizer {
 public:
  // Null: the identity. Error: an unsupported type, named.
  static Result<Normalizer> parse(const nlohmann::json& config, const std::string& where);

  bool identity() const { return steps_.empty(); }
  // `text` is valid UTF-8, and so is what comes back.
  std::string apply(std::string_view text) const;

 private:
  enum class Form { kNfc, kNfd, kNfkc, kNfkd };
  struct Lowercase {};
  struct StripAccents {};
  struct Strip {
    bool left = true, right = true;
  };
  struct Prepend {
    std::string text;
  };
  struct Replace {
    Regex pattern;
    std::string content;
  };
  using Step = std::variant<Form, Lowercase, StripAccents, Strip, Prepend, Replace>;

  static std::string run(Form form, std::string_view text);
  static std::string run(Lowercase, std::string_view text);
  static std::string run(StripAccents, std::string_view text);
  static std::string run(Strip strip, std::string_view text);
  static std::string run(const Prepend& prepend, std::string_view text);
  static std::string run(const Replace& replace, std::string_view text);

  std::vector<Step> steps_;
};

// A pattern as tokenizer.json writes it: {"String": …} or {"Regex": …}.
Result<Regex> parse_pattern(const nlohmann::json& owner, const std::string& where);

}  // namespace hone
