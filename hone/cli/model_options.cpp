#include "hone/cli/model_options.h"

#include <algorithm>

#include "hone/engine/sampler.h"

namespace hone {

void add_model_options(CLI::App& command, ModelChoice& model) {
  command.add_option("MODEL", model.folder, "a Hugging Face model directory")->required();
  command.add_option("--device", model.device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--dtype", model.dtype, "float32, bfloat16 or float16")->capture_default_str();
}

void add_sampling_options(CLI::App& command, SamplingParams& sampling, std::uint64_t& seed) {
  command.add_option("--temperature", sampling.temperature, "0: greedy")->capture_default_str();
  command.add_option("--top-k", sampling.top_k, "0: off")->capture_default_str();
  command.add_option("--top-p", sampling.top_p, "1: off")->capture_default_str();
  command.add_option("--min-p", sampling.min_p, "of the largest probability; 0: off")->capture_default_str();
  command.add_option("--max-new-tokens", sampling.max_new_tokens, "tokens of a completion at most")
      ->capture_default_str();
  command.add_option("--stop", sampling.stop, "a text that ends a completion; may be given again")
      ->allow_extra_args(false);
  command.add_option("--seed", seed, "the same seed gives the same completions")->capture_default_str();
}

Result<void> check_sampling_options(const SamplingParams& sampling) {
  const auto checked = check_sampling(sampling, "");
  if (checked.ok()) return checked;
  Error error = checked.error();
  error.where = "--" + error.where.substr(error.where.find_first_not_of(": "));
  std::replace(error.where.begin(), error.where.end(), '_', '-');
  return error;
}

}  // namespace hone
