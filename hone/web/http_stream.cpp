#include "hone/web/http_stream.h"

#include <fmt/format.h>

#include "hone/base/check.h"

namespace hone {
namespace {

bool send_now(Connection& connection, std::string_view text) {
  return connection.write(text.data(), text.size()) >= 0 && connection.flush();
}

std::string streamed_head(const HttpResponse& response, const StreamForm& form) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n", response.status,
                                 http_reason(response.status), response.content_type);
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (form.chunked) head += "Transfer-Encoding: chunked\r\n";
  head += form.close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n";
  return head;
}

}  // namespace

int send_streamed(Connection& connection, const HttpResponse& response, const StreamForm& form) {
  HONE_CHECK(response.stream && (form.chunked || form.close), "a stream without an end");
  connection.allow_write(form.piece_seconds);
  bool sent = send_now(connection, streamed_head(response, form));
  if (!sent) return kClientGone;
  if (form.without_body) return response.status;
  const int status = response.stream([&](std::string_view piece) {
    if (piece.empty()) return sent = sent && !connection.gone();  // an empty chunk would be the last
    connection.allow_write(form.piece_seconds);
    sent = sent && !connection.gone() &&
           (form.chunked ? send_now(connection, fmt::format("{:x}\r\n{}\r\n", piece.size(), piece))
                         : send_now(connection, piece));
    return sent;
  });
  const bool whole = sent && (!form.chunked || send_now(connection, "0\r\n\r\n"));
  return whole ? status : kClientGone;
}

}  // namespace hone
