// One verifier for all tests, and judgements in one line.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "hone/verify/code/code_verifier.h"
#include "verify/verify_helpers.h"

namespace hone::testing {

using Json = nlohmann::json;

inline CodeOptions quick_options() {
  CodeOptions options;
  options.seconds = 8;
  options.case_seconds = 4;
  options.cache_bytes = 0;  // what a test judges again is to run again
  return options;
}

inline std::unique_ptr<Verifier> code_verifier(const CodeOptions& options) {
  auto made = make_code_verifier(options);
  if (!made.ok()) throw std::runtime_error(made.error().message());
  return std::move(made).value();
}

// `row` is the problem's row; `code` stands in a fenced block.
inline Verdict judged(const Json& row, const std::string& code, const std::string& fence = "") {
  static const std::unique_ptr<Verifier> verifier = code_verifier(quick_options());
  return verifier->verify(with_fields(row.dump()),
                          completion("Here it is:\n```" + fence + "\n" + code + "\n```\n"));
}

inline Json stdio_row(const std::string& language, std::vector<std::pair<std::string, std::string>> cases) {
  Json list = Json::array();
  for (const auto& [in, out] : cases) list.push_back({{"stdin", in}, {"stdout", out}});
  return {{"language", language}, {"tests", {{"kind", "stdio"}, {"cases", list}}}};
}

// cases: [[args, expected], …]
inline Json calls_row(const std::string& language, const std::string& entry_point, const Json& cases) {
  Json list = Json::array();
  for (const Json& one : cases) list.push_back({{"args", one[0]}, {"expected", one[1]}});
  return {{"language", language},
          {"tests", {{"kind", "calls"}, {"entry_point", entry_point}, {"cases", list}}}};
}

}  // namespace hone::testing
