#include "hone/cli/model_options.h"

#include <algorithm>

#include "hone/engine/sampler.h"

namespace hone {

void add_model_options(Command& command, ModelChoice& model) {
  command.option("MODEL", model.folder, "a Hugging Face model directory", OptionForm::kRequired);
  command.hint({.folders = true});
  command.option("--device", model.device, "cpu, cuda or cuda:N", OptionForm::kShowDefault);
  command.hint({.words = {"cpu", "cuda"}});
  command.option("--dtype", model.dtype, "float32, bfloat16 or float16", OptionForm::kShowDefault);
  command.hint({.words = {"float32", "bfloat16", "float16"}});
}

void add_sampling_options(Command& command, SamplingParams& sampling, std::uint64_t& seed) {
  command.option("--temperature", sampling.temperature, "0: greedy", OptionForm::kShowDefault);
  command.option("--top-k", sampling.top_k, "0: off", OptionForm::kShowDefault);
  command.option("--top-p", sampling.top_p, "1: off", OptionForm::kShowDefault);
  command.option("--min-p", sampling.min_p, "of the largest probability; 0: off", OptionForm::kShowDefault);
  command.option("--max-new-tokens", sampling.max_new_tokens, "tokens of a completion at most",
                 OptionForm::kShowDefault);
  command.option("--stop", sampling.stop, "a text that ends a completion; may be given again");
  command.option("--seed", seed, "the same seed gives the same completions", OptionForm::kShowDefault);
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
