#include "hone/web/pages_assets.h"

#include <string>

#include "hone/base/hash.h"
#include "hone/web/pages_api.h"

namespace hone {
namespace {

std::string_view content_type(std::string_view path) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".woff2", "font/woff2"},
      {".svg", "image/svg+xml"},
      {".txt", "text/plain; charset=utf-8"}};
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

// Nothing but our own files runs or is shown, whatever a model's text says; no other site frames the page.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

HttpHandler serve_asset(const PagesAsset& asset) {
  const std::string etag = fmt::format("\"{:016x}\"", hash64(asset.content));
  // Vite puts a hash of the content into the names below assets/.
  const bool hashed = asset.path.starts_with("/assets/");
  HttpHeaders headers = {{"ETag", etag},
                         {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                         {"X-Content-Type-Options", "nosniff"},
                         {"Referrer-Policy", "no-referrer"},
                         {"Content-Security-Policy", kPolicy}};
  return [asset, etag, headers = std::move(headers)](const HttpRequest& request) -> HttpResponse {
    const std::string type(content_type(asset.path));
    if (request.header("If-None-Match").find(etag) != std::string_view::npos) return {304, type, "", headers};
    return {200, type, std::string(asset.content), headers};
  };
}

}  // namespace

bool add_pages(HttpServer& server) {
  if (pages_assets().empty()) {
    server.route(
        "GET", "/",
        [](const HttpRequest&) -> HttpResponse {
          return {503, "text/plain; charset=utf-8",
                  "This hone was built without its pages (HONE_PAGES=OFF). What they show is under /api/.\n"};
        },
        /*open=*/true);
    return false;
  }
  for (const PagesAsset& asset : pages_assets()) {
    server.route("GET", std::string(asset.path), serve_asset(asset), /*open=*/true);
    if (asset.path == "/index.html") server.route("GET", "/", serve_asset(asset), /*open=*/true);
  }
  return true;
}

}  // namespace hone
