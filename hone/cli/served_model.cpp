#include "hone/cli/served_model.h"

#include <chrono>
#include <utility>

#include "hone/cli/build.h"
#include "hone/engine/completion_service.h"

namespace hone {
namespace {

// The weights with the thread that decodes them. Members end in reverse: the thread first.
class OwnedService final : public StreamingGenerator {
 public:
  OwnedService(Model model, const ServingOptions& options)
      : model_(std::move(model)),
        service_(*model_.policy, model_.tokenizer, service_options(model_, options)) {}

  Submission submit(StreamRequest request) override { return service_.submit(std::move(request)); }
  Load load() const override { return service_.load(); }
  std::int64_t context_length() const override { return service_.context_length(); }
  std::exception_ptr failure() const override { return service_.failure(); }

 private:
  static ServiceOptions service_options(const Model& model, const ServingOptions& options) {
    ServiceOptions made;
    made.engine.max_sequences = options.parallel;
    made.engine.eos_ids = model.eos_ids;
    made.engine.context_length = options.context;
    // Others decode on while a long prompt is read.
    made.engine.prefill_tokens = 512;
    made.engine.cache_bytes = std::int64_t{options.cache_mib} << 20;
    made.waiting = static_cast<std::size_t>(options.queue);
    return made;
  }

  Model model_;
  CompletionService service_;
};

Result<void> in_range(const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return {};
  return Error{name, fmt::format("must be in [{}, {}]", least, most), std::to_string(value)};
}

}  // namespace

void add_serving_options(Command& command, ServingOptions& options) {
  command.option("--device", options.device, "cpu, cuda or cuda:N", OptionForm::kShowDefault);
  command.hint({.words = {"cpu", "cuda"}});
  command.option("--dtype", options.dtype, "float32, bfloat16 or float16", OptionForm::kShowDefault);
  command.hint({.words = {"float32", "bfloat16", "float16"}});
  command.option("--parallel", options.parallel, "completions decoded at once", OptionForm::kShowDefault);
  command.option("--queue", options.queue, "requests that may wait; further ones get 429",
                 OptionForm::kShowDefault);
  command.option("--cache", options.cache_mib, "memory for keys and values, MiB", OptionForm::kShowDefault);
  command.option("--context", options.context, "tokens of prompt and completion together; 0: the model's",
                 OptionForm::kShowDefault);
  command.option("--request-seconds", options.seconds, "for one answer, at most", OptionForm::kShowDefault);
  command.flag("--plain", options.plain, "messages joined by newlines, without the model's chat template");
  SamplingParams& sampling = options.sampling;
  command.option("--temperature", sampling.temperature, "of requests that name none; 0: greedy",
                 OptionForm::kShowDefault);
  command.option("--top-k", sampling.top_k, "likewise; 0: off", OptionForm::kShowDefault);
  command.option("--top-p", sampling.top_p, "likewise; 1: off", OptionForm::kShowDefault);
  command.option("--min-p", sampling.min_p, "likewise; 0: off", OptionForm::kShowDefault);
  command.option("--max-new-tokens", sampling.max_new_tokens, "of chats that set no max_tokens",
                 OptionForm::kShowDefault);
}

Result<void> check_serving_options(const ServingOptions& options) {
  HONE_TRY_VOID(in_range("--parallel", options.parallel, 1, 4096));
  HONE_TRY_VOID(in_range("--queue", options.queue, 0, 1 << 20));
  HONE_TRY_VOID(in_range("--cache", options.cache_mib, 1, 1 << 22));
  if (!(options.seconds > 0))
    return Error{"--request-seconds", "must be above 0", fmt::to_string(options.seconds)};
  return check_sampling_options(options.sampling);
}

Result<std::shared_ptr<const ServedModel>> load_served_model(const std::filesystem::path& folder,
                                                             const std::string& name,
                                                             const ServingOptions& options) {
  HONE_TRY(Model model, load_model(folder, options.device, options.dtype));
  const std::int64_t most = model.policy->config().max_position_embeddings;
  HONE_TRY_VOID(in_range("--context", options.context == 0 ? most : options.context, 2, most));
  const Tokenizer tokenizer = model.tokenizer;
  const bool plain = options.plain || tokenizer.chat_template().empty();
  HONE_TRY(auto made, make_environment(tokenizer, plain ? "plain" : "chat"));
  const std::shared_ptr<SingleTurn> environment = std::move(made);
  return std::make_shared<const ServedModel>(ServedModel{
      name, std::make_shared<OwnedService>(std::move(model), options), tokenizer,
      [environment](std::span<const Message> messages) { return environment->render(messages); }});
}

OneModel::OneModel(std::shared_ptr<const ServedModel> model)
    : model_(std::move(model)),
      created_(std::chrono::duration_cast<std::chrono::seconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count()) {}

std::vector<ModelSource::Card> OneModel::list() const { return {{model_->name, created_}}; }

Result<std::shared_ptr<const ServedModel>> OneModel::open(const std::string& name) {
  return name.empty() || name == model_->name ? model_ : nullptr;
}

void write_load(std::string& out, const StreamingGenerator& generator) {
  const auto load = generator.load();
  write_metric(out, "hone_completions_running", "gauge", "Completions that are decoded.",
               static_cast<double>(load.running));
  write_metric(out, "hone_requests_waiting", "gauge", "Requests that wait for others to end.",
               static_cast<double>(load.waiting));
  write_metric(out, "hone_prompt_tokens_total", "counter", "Prompt tokens of requests taken on.",
               static_cast<double>(load.prompt_tokens));
  write_metric(out, "hone_completion_tokens_total", "counter", "Tokens sampled.",
               static_cast<double>(load.completion_tokens));
}

}  // namespace hone
