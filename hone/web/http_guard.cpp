#include "hone/web/http_guard.h"

#include <cstdint>

namespace hone {
namespace {

// Takes as long for a wrong token as for the right one.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |=
        static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(secret[i % secret.size()]);
  }
  return difference == 0;
}

// What follows "Bearer " or "Basic ", the scheme in any case.
std::optional<std::string_view> credentials(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return {};
  if (!same_name(header.substr(0, scheme.size()), scheme)) return {};
  header.remove_prefix(scheme.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

bool token_matches(std::string_view header, const std::string& token) {
  if (const auto bearer = credentials(header, "Bearer")) return same_secret(*bearer, token);
  if (const auto basic = credentials(header, "Basic")) {
    const auto pair = decode_base64(*basic);
    if (!pair) return false;
    const std::size_t colon = pair->find(':');
    return colon != std::string::npos && same_secret(std::string_view(*pair).substr(colon + 1), token);
  }
  return false;
}

// "[::1]:8643" → "::1", "localhost:8643" → "localhost".
std::string_view name_of(std::string_view authority) {
  if (authority.starts_with('['))
    return authority.substr(1, std::min(authority.find(']'), authority.size()) - 1);
  return authority.substr(0, authority.find(':'));
}

bool is_here(std::string_view authority, const std::string& host) {
  const std::string_view name = name_of(authority);
  if (same_name(name, "localhost") || name == "::1" || same_name(name, host)) return true;
  // An address of 127.0.0.0/8, and no name that only begins like one.
  return name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    std::uint32_t six = 0;
    if (c >= 'A' && c <= 'Z')
      six = static_cast<std::uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      six = static_cast<std::uint32_t>(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
      six = static_cast<std::uint32_t>(c - '0') + 52;
    else if (c == '+')
      six = 62;
    else if (c == '/')
      six = 63;
    else
      return {};
    bits = bits << 6 | six;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  if (count >= 6) return {};  // a lone character holds no byte
  return bytes;
}

std::optional<HttpResponse> refusal_of(const HttpRequest& request, const std::string& token,
                                       const std::string& host) {
  if (!token.empty()) {
    if (token_matches(request.header("Authorization"), token)) return {};
    HttpResponse refusal = http_error(401, "the server's token is needed: Authorization: Bearer TOKEN");
    refusal.headers = {{"WWW-Authenticate", "Bearer"}};
    return refusal;
  }
  const std::string_view at = request.header("Host"), origin = request.header("Origin");
  if (!at.empty() && !is_here(at, host)) {
    return http_error(403, "without a token only requests to localhost are answered (Host is another)");
  }
  if (!origin.empty()) {
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string_view::npos || !is_here(origin.substr(scheme + 3), host)) {
      return http_error(403, "without a token no other site's page is answered (Origin is another)");
    }
  }
  return {};
}

}  // namespace hone
