// hone ui: the pages on which runs are watched and read.
#include <poll.h>

#include <filesystem>
#include <memory>

#include "hone/base/log.h"
#include "hone/cli/command.h"
#include "hone/cli/interrupt.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/pages_server.h"

namespace hone {
namespace {

constexpr const char* kUiHelp =
    R"(Prints the address to open in a browser, and serves until Ctrl-C or SIGTERM. Runs are only read, and may go on
meanwhile: what they record appears by itself. docs/pages.md says what there is to see.)";

Result<int> serve_pages(const PagesServerOptions& options) {
  if (options.port < 0 || options.port > 65535)
    return Error{"--port", "must be in [0, 65535]", std::to_string(options.port)};
  std::error_code ec;
  if (std::filesystem::exists(options.runs, ec) && !std::filesystem::is_directory(options.runs, ec))
    return Error{"RUNS", "must be a folder of runs, or a run's folder", options.runs};
  if (!std::filesystem::exists(options.runs, ec))
    log_warn("{} is not there yet; its runs appear when there are some", options.runs);
  const InterruptGuard guard("the pages end");
  HONE_TRY(const auto pages, PagesServer::start(options));
  if (!pages->has_pages())
    log_warn("this hone was built without its pages (HONE_PAGES=OFF): only /api/ is answered");
  HONE_TRY_VOID(write_text(stdout, pages->address() + "\n"));
  while (!interrupted() && pages->failure() == nullptr) ::poll(nullptr, 0, 100);
  pages->stop();
  if (const auto failure = pages->failure()) std::rethrow_exception(failure);
  return 0;
}

}  // namespace

void add_ui_command(CommandLine& line) {
  auto options = std::make_shared<PagesServerOptions>();
  Command& command = line.add("ui", "The pages: watch runs, read what they sampled",
                              [options] { return serve_pages(*options); });
  command.footer(kUiHelp);
  command.option("RUNS", options->runs, "a folder of runs, or one run's folder", OptionForm::kShowDefault);
  command.hint({.folders = true});
  command.option("--host", options->host, "address to listen on; one beyond loopback needs --token",
                 OptionForm::kShowDefault);
  command.option("--port", options->port, "0: any free one", OptionForm::kShowDefault);
  command.option("--token", options->token, "asked of every request; the address printed holds it");
}

}  // namespace hone
