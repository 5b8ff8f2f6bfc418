// The pages of a folder of runs, served from this process: by `hone ui`, and beside a training by
// `hone train --ui`.
//
// Thread safety: one thread, but for failure().
#pragma once

#include <exception>
#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/cli/run_models.h"
#include "hone/web/http_server.h"
#include "hone/web/openai_api.h"
#include "hone/web/pages_api.h"

namespace hone {

struct PagesServerOptions {
  std::string runs = "runs", host = "127.0.0.1", token;
  int port = 8642;     // 0: any free one
  bool models = true;  // whether the runs' checkpoints may be asked
};

class PagesServer {
 public:
  // Serves from here on, until destruction. Errors: those of HttpServer::start.
  static Result<std::unique_ptr<PagesServer>> start(const PagesServerOptions& options);

  // Where `hone ui` serves when not told otherwise.
  static std::string usual_address() {
    return fmt::format("http://127.0.0.1:{}/", PagesServerOptions().port);
  }

  // To be opened in a browser; with a token it holds it, after the '#', which browsers keep to themselves.
  const std::string& address() const { return address_; }
  bool has_pages() const { return has_pages_; }
  std::exception_ptr failure() const { return server_.failure(); }
  void stop() { server_.stop(); }

 private:
  explicit PagesServer(const PagesServerOptions& options);
  // These outlive the server.
  PagesApi api_;
  RunModels models_;
  OpenAiApi openai_;
  HttpServer server_;
  bool has_pages_ = false;
  std::string address_;
};

}  // namespace hone
