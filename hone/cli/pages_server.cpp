#include "hone/cli/pages_server.h"

namespace hone {
namespace {

// As a browser can open it: all addresses of the machine are none to go to.
std::string browsed_host(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "[::1]";
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// A person's questions, a few at a time.
ServingOptions conversation_options() {
  ServingOptions options;
  options.parallel = 16;
  options.cache_mib = 512;
  return options;
}

}  // namespace

PagesServer::PagesServer(const PagesServerOptions& options)
    : api_({.runs = options.runs, .version = HONE_VERSION}),
      models_(options.runs, conversation_options()),
      openai_({.defaults = {.sampling = conversation_options().sampling, .max_samples = 64}}, models_),
      server_({.host = options.host, .port = options.port, .token = options.token, .max_body = 1 << 20}) {
  api_.add_to(server_);
  if (options.models) openai_.add_to(server_);
  has_pages_ = add_pages(server_);
}

Result<std::unique_ptr<PagesServer>> PagesServer::start(const PagesServerOptions& options) {
  std::unique_ptr<PagesServer> pages(new PagesServer(options));
  HONE_TRY(const int port, pages->server_.start());
  pages->address_ = fmt::format("http://{}:{}/", browsed_host(options.host), port);
  if (!options.token.empty()) pages->address_ += "#token=" + percent_encoded(options.token);
  return pages;
}

}  // namespace hone
