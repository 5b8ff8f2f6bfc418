// Who may ask: a token where there is one; without one, only programs of this machine, and no web page that a
// browser on it happens to show.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hone/web/http.h"

namespace hone {

// The refusal of a request that must not be answered, or nothing.
//  With a token: 401 unless it comes as `Authorization: Bearer TOKEN`, or as the password of `Basic` (for
//  clients that can be given an address only: http://any:TOKEN@host:port/…).
//  Without: 403 when Host or Origin name another place than loopback or `host`: a page may send requests to
//  127.0.0.1, under its own name (DNS rebinding) too.
std::optional<HttpResponse> refusal_of(const HttpRequest& request, const std::string& token,
                                       const std::string& host);

// The bytes of base64 text (RFC 4648 §4, padded or not); nothing when it is none.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace hone
