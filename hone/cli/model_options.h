// Options that several subcommands share.
#pragma once

#include <cstdint>
#include <string>

#include "hone/base/result.h"
#include "hone/cli/command_line.h"
#include "hone/types/completion.h"

namespace hone {

struct ModelChoice {
  std::string folder;
  std::string device = "cpu";
  std::string dtype = "float32";
};

// MODEL, --device, --dtype.
void add_model_options(Command& command, ModelChoice& model);

// --temperature, --top-k, --top-p, --min-p, --max-new-tokens, --stop, --seed. The defaults are the values
// held.
void add_sampling_options(Command& command, SamplingParams& sampling, std::uint64_t& seed);

// Names the option in place of the field: "--top-p". Called before a model is read, so that a mistyped number
// costs nothing.
Result<void> check_sampling_options(const SamplingParams& sampling);

}  // namespace hone
