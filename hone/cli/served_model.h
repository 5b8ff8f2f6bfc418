// Models behind an HTTP server.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/cli/command_line.h"
#include "hone/cli/model_options.h"
#include "hone/web/openai_api.h"
#include "hone/web/status_api.h"

namespace hone {

struct ServingOptions {
  std::string device = "cpu", dtype = "float32";
  int parallel = 64;         // completions decoded at once
  int queue = 256;           // requests that wait, beyond which others are refused
  int cache_mib = 1024;      // keys and values
  std::int64_t context = 0;  // tokens; 0: the model's
  bool plain = false;        // chats without the model's template
  double seconds = 600;      // for one answer
  SamplingParams sampling{.max_new_tokens = 2048, .stop = {}};  // of a request that says nothing of it
};

// --parallel, --queue, --cache, --context, --plain, --request-seconds and the sampling defaults.
void add_serving_options(Command& command, ServingOptions& options);
Result<void> check_serving_options(const ServingOptions& options);

// The model directory, ready to be asked; it is read and decodes as long as the pointer lives.
Result<std::shared_ptr<const ServedModel>> load_served_model(const std::filesystem::path& folder,
                                                             const std::string& name,
                                                             const ServingOptions& options);

// One model and no other.
class OneModel final : public ModelSource {
 public:
  explicit OneModel(std::shared_ptr<const ServedModel> model);
  std::vector<Card> list() const override;
  Result<std::shared_ptr<const ServedModel>> open(const std::string& name) override;

 private:
  std::shared_ptr<const ServedModel> model_;
  std::int64_t created_;
};

// Prometheus' lines about a model's load.
void write_load(std::string& out, const StreamingGenerator& generator);

}  // namespace hone
