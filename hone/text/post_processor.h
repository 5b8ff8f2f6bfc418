// The post-processors of tokenizer.json, for single texts: the ids they put before and after.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hone/base/result.h"

namespace hone {

struct PostProcessor {
  std::vector<std::int32_t> prefix, suffix;

  // Null and ByteLevel add nothing; TemplateProcessing, RobertaProcessing, BertProcessing, and Sequence of
  // them. Error: an unsupported type, named; a template without its one sequence.
  static Result<PostProcessor> parse(const nlohmann::json& config, const std::string& where);
};

}  // namespace hone
