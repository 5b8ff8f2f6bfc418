// Sends an answer whose body is made while it is sent: chunked (RFC 9112 §7.1), or to the connection's end
// for clients of HTTP/1.0.
//
// One thread. Units: seconds.
#pragma once

#include "hone/web/connection.h"
#include "hone/web/http.h"

namespace hone {

struct StreamForm {
  bool chunked = true;
  bool close = false;         // say that the connection ends; requires it where not chunked
  bool without_body = false;  // to HEAD
  double piece_seconds = 60;  // in which the client takes a piece
};

// The status to count: what the stream returned, or kClientGone when the client did not take all of it, and
// the connection is of no use. Requires response.stream. What the stream throws passes through, with the
// answer cut off.
int send_streamed(Connection& connection, const HttpResponse& response, const StreamForm& form);

}  // namespace hone
