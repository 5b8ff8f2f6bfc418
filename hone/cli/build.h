// Wiring: from a recipe or a folder to the objects that stand behind the loop's interfaces.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/data/dataset.h"
#include "hone/engine/generator.h"
#include "hone/env/single_turn.h"
#include "hone/policy/policy.h"
#include "hone/text/tokenizer.h"
#include "hone/verify/rubric.h"

namespace hone {

// A model with all that is needed to talk to it. The policy's address is stable.
struct Model {
  std::unique_ptr<Policy> policy;
  Tokenizer tokenizer;
  std::vector<std::int32_t> eos_ids;  // config's, generation_config's and the tokenizer's own, together
};

// From a Hugging Face model directory. Error: its tokenizer and embedding disagree, no eos id anywhere …
Result<Model> load_model(const std::filesystem::path& folder, const std::string& device = "cpu",
                         const std::string& dtype = "float32");

// As the recipe says: loaded from model.path, or made from nothing with a tokenizer trained on the dataset's
// prompts and solutions.
Result<Model> make_model(const Recipe& recipe, const Dataset& dataset);

// How problems become prompts under this tokenizer and format.
Result<std::unique_ptr<SingleTurn>> make_environment(const Tokenizer& tokenizer,
                                                     const std::string& prompt_format);

// A generator over the model; `policy_version` and `tape` may be absent.
std::unique_ptr<PolicyGenerator> make_generator(Model& model, int max_sequences,
                                                std::function<std::int64_t()> policy_version = {},
                                                ActivationTape* tape = nullptr);

// FLOPs of a forward pass over the tokens after the first `cached` of `total`: 2 a parameter and token, and
// attention's 4 · width for each token and each key that it sees.
double forward_flops(const Policy& policy, std::int64_t cached, std::int64_t total);

// The recipe's rubric; where none of its verifiers judges correctness, the task's own (or `number`) is added
// at weight 0, so that accuracy can always be told. `friends`: as Rubric::make.
Result<Rubric> make_rubric(const Recipe& recipe, std::shared_ptr<const Friends> friends = {});

// Writes the tokenizer's files, and the loaded folder's other companions, beside saved weights.
Result<void> save_companions(const Model& model, const std::filesystem::path& source,
                             const std::string& folder);

}  // namespace hone
