// hone serve: the verifiers as an HTTP service.
#include <poll.h>

#include <memory>

#include "hone/base/log.h"
#include "hone/cli/command.h"
#include "hone/cli/interrupt.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/verify_options.h"
#include "hone/web/verify_api.h"

namespace hone {
namespace {

constexpr const char* kServeHelp =
    R"help(POST /verify      a row, a list of rows, or {"rows": […]}, as `hone verify` reads them; the same with verdicts comes back
POST /get_reward  OpenRLHF's call: --reward.remote_url http://HOST:PORT/get_reward
GET  /verifiers, /health, /metrics
Prints its address, and serves until Ctrl-C or SIGTERM; what is being judged is finished first.
docs/verifiers.md has every rule, and a reward function for TRL.)help";

struct ServeArguments {
  std::string model, host = "127.0.0.1", token;
  bool verify = false;
  int port = 8643, max_body = 32;
  VerifyOptions judging;
};

std::string address_of(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", v6 ? "[" + host + "]" : host, port);
}

Result<int> serve(const ServeArguments& options) {
  if (!options.verify || !options.model.empty()) {
    return Error{"hone serve", "--verify is what it serves for now, without a model", options.model};
  }
  if (options.max_body < 1 || options.max_body > 1024) {
    return Error{"--max-body", "must be in [1, 1024] MiB", std::to_string(options.max_body)};
  }
  HONE_TRY(const int workers, options.judging.workers());
  InterruptGuard guard("what is being judged is finished first");
  VerifyApi api({.verifier = options.judging.verifier, .workers = workers, .version = HONE_VERSION});
  const std::int64_t max_body = std::int64_t{options.max_body} << 20;
  HttpServer server({.host = options.host,
                     .port = options.port,
                     .token = options.token,
                     .max_body = max_body,
                     .max_bodies = 8 * max_body});
  api.add_to(server);
  HONE_TRY(const int port, server.start());
  HONE_TRY_VOID(write_text(stdout, address_of(options.host, port) + "\n"));
  log_info("verifiers at {}, {} at once, {} where a row names none", address_of(options.host, port), workers,
           options.judging.verifier.verifier);
  while (!interrupted() && server.failure() == nullptr) ::poll(nullptr, 0, 100);
  server.stop();
  if (const auto failure = server.failure()) std::rethrow_exception(failure);
  std::string summary = fmt::format("{} requests", api.metrics().requests());
  for (const auto& [status, count] : api.metrics().verdicts())
    summary += fmt::format(", {} {}", count, status);
  log_info("{}", summary);
  return 0;
}

}  // namespace

void add_serve_command(CommandLine& line) {
  auto options = std::make_shared<ServeArguments>();
  Command& command =
      line.add("serve", "The verifiers over HTTP (--verify)", [options] { return serve(*options); });
  command.footer(kServeHelp);
  command.option("MODEL", options->model, "not served yet");
  command.flag("--verify", options->verify, "serve the verifiers");
  command.option("--host", options->host, "address to listen on; one beyond loopback needs --token",
                 OptionForm::kShowDefault);
  command.option("--port", options->port, "0: any free one", OptionForm::kShowDefault);
  command.option("--token", options->token, "asked of every request: Authorization: Bearer TOKEN");
  command.option("--max-body", options->max_body, "of one request, MiB", OptionForm::kShowDefault);
  add_verify_options(command, options->judging);
}

}  // namespace hone
