// hone serve: a model behind OpenAI's API, the verifiers beside it.
#include <poll.h>

#include <memory>

#include "hone/base/log.h"
#include "hone/cli/command.h"
#include "hone/cli/interrupt.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/served_model.h"
#include "hone/cli/verify_options.h"
#include "hone/web/openai_api.h"
#include "hone/web/status_api.h"
#include "hone/web/verify_api.h"

namespace hone {
namespace {

constexpr const char* kServeHelp =
    R"help(With MODEL:
POST /v1/chat/completions, POST /v1/completions, GET /v1/models   as OpenAI's API has them (docs/serve.md)
With --verify:
POST /verify      a row, a list of rows, or {"rows": […]}, as `hone verify` reads them; the same with verdicts comes back
POST /get_reward  OpenRLHF's call: --reward.remote_url http://HOST:PORT/get_reward
GET  /verifiers   (docs/verifiers.md has every rule, and a reward function for TRL)
Always: GET /health, GET /metrics.
Prints its address, and serves until Ctrl-C or SIGTERM; what is being answered is finished first.)help";

struct ServeArguments {
  std::string model, name, host = "127.0.0.1", token;
  bool verify = false;
  int port = 8643, max_body = 32;
  ServingOptions serving;
  VerifyOptions judging;
};

std::string address_of(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", v6 ? "[" + host + "]" : host, port);
}

// "checkpoints/step-40" is served as step-40, "runs/first/latest" as first.
std::string name_of(const std::filesystem::path& folder) {
  const auto path = std::filesystem::absolute(folder).lexically_normal();
  const auto last = path.has_filename() ? path : path.parent_path();
  return last.filename() == "latest" ? last.parent_path().filename() : last.filename();
}

Result<void> check(const ServeArguments& options) {
  if (options.model.empty() && !options.verify) {
    return Error{"hone serve", "needs a MODEL, --verify, or both", "neither"};
  }
  if (options.max_body < 1 || options.max_body > 1024) {
    return Error{"--max-body", "must be in [1, 1024] MiB", std::to_string(options.max_body)};
  }
  return check_serving_options(options.serving);
}

Result<int> serve(const ServeArguments& options) {
  HONE_TRY_VOID(check(options));
  HONE_TRY(const int workers, options.judging.workers());
  InterruptGuard guard("what is being answered is finished first");
  StatusApi status(HONE_VERSION);
  std::shared_ptr<const ServedModel> model;
  std::unique_ptr<OneModel> source;
  std::unique_ptr<OpenAiApi> openai;
  if (!options.model.empty()) {
    HONE_TRY(model,
             load_served_model(options.model, options.name.empty() ? name_of(options.model) : options.name,
                               options.serving));
    source = std::make_unique<OneModel>(model);
    openai = std::make_unique<OpenAiApi>(
        OpenAiOptions{.defaults = {.sampling = options.serving.sampling}, .seconds = options.serving.seconds},
        *source);
    status.add([&](std::string& out) { write_load(out, *model->generator); });
  }
  std::unique_ptr<VerifyApi> verify;
  if (options.verify) {
    verify = std::make_unique<VerifyApi>(
        VerifyApiOptions{.verifier = options.judging.verifier, .workers = workers}, status);
  }
  const std::int64_t max_body = std::int64_t{options.max_body} << 20;
  HttpServer server({.host = options.host,
                     .port = options.port,
                     .token = options.token,
                     .clients = 256,
                     .max_body = max_body,
                     .max_bodies = 8 * max_body});
  status.add_to(server);
  if (openai != nullptr) openai->add_to(server);
  if (verify != nullptr) verify->add_to(server);
  HONE_TRY(const int port, server.start());
  HONE_TRY_VOID(write_text(stdout, address_of(options.host, port) + "\n"));
  if (model != nullptr) {
    log_info("{} at {}/v1, a context of {} tokens, {} completions at once", model->name,
             address_of(options.host, port), model->generator->context_length(), options.serving.parallel);
  }
  if (verify != nullptr) {
    log_info("verifiers at {}, {} at once, {} where a row names none", address_of(options.host, port),
             workers, options.judging.verifier.verifier);
  }
  const auto failure = [&] {
    const auto decoding = model == nullptr ? nullptr : model->generator->failure();
    return decoding != nullptr ? decoding : server.failure();
  };
  while (!interrupted() && failure() == nullptr) ::poll(nullptr, 0, 100);
  server.stop();
  if (const auto broken = failure()) std::rethrow_exception(broken);
  std::string summary = fmt::format("{} requests", status.metrics().requests());
  if (model != nullptr) summary += fmt::format(", {} tokens", model->generator->load().completion_tokens);
  for (const auto& [verdict, count] : status.metrics().verdicts())
    summary += fmt::format(", {} {}", count, verdict);
  log_info("{}", summary);
  return 0;
}

}  // namespace

void add_serve_command(CommandLine& line) {
  auto options = std::make_shared<ServeArguments>();
  Command& command = line.add("serve", "A model over OpenAI's API, the verifiers beside it",
                              [options] { return serve(*options); });
  command.footer(kServeHelp);
  command.option("MODEL", options->model, "a Hugging Face model directory");
  command.hint({.folders = true});
  command.option("--name", options->name, "what clients call the model; else its directory's name");
  command.flag("--verify", options->verify, "serve the verifiers");
  command.option("--host", options->host, "address to listen on; one beyond loopback needs --token",
                 OptionForm::kShowDefault);
  command.option("--port", options->port, "0: any free one", OptionForm::kShowDefault);
  command.option("--token", options->token, "asked of every request: Authorization: Bearer TOKEN");
  command.option("--max-body", options->max_body, "of one request, MiB", OptionForm::kShowDefault);
  add_serving_options(command, options->serving);
  add_verify_options(command, options->judging);
}

}  // namespace hone
