// Server-sent events (WHATWG HTML, 9.2) of runs that appear, grow and go.
#pragma once

#include "hone/web/http.h"
#include "hone/web/pages_runs.h"

namespace hone {

// An endless answer: at once an event `run` for every run and `ready`, then `run` for each that changes;
// `gone` with
// {"run"} for each that is no more there. Ends when the client goes or the server stops.
HttpResponse live_answer(const HttpRequest& request, PagesRuns& runs, double every_seconds);

}  // namespace hone
