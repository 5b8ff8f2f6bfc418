// POST /verify, OpenRLHF's POST /get_reward, and what is beside them: the verifiers as a service.
//
//  POST /verify       a row → the row with its verdict; a list of rows → the list; {"rows": […]} → the same.
//                     Rows and verdicts as in hone/verify/service.h. Rows come back in order.
//  POST /get_reward   {"query": [texts], "prompts": [texts], "labels": […]} → {"rewards", "scores",
//  "statuses",
//                     "extra_logs"}, lists with one entry a query. An undecided query's reward is 0, and its
//                     extra_logs.undecided 1.
//  GET /verifiers     their names, what each asks, whether it judges correctness
//
// Errors: 400 for what is no JSON or has another shape, 413 for too many rows, 429 while too many wait. A
// row's own fault is its verdict (status error), not the request's.
//
// All requests share the workers, and take turns. Rows whose client has hung up are not begun.
#pragma once

#include <memory>
#include <string>

#include "hone/config/options.h"
#include "hone/web/http_server.h"
#include "hone/web/status_api.h"

namespace hone {

struct VerifyApiOptions {
  VerifierOptions verifier{.verifier = "math"};  // of rows that name none, and the options of all
  int workers = 1;                               // rows judged at once
  std::size_t max_rows = 65536;                  // of one request
  std::size_t max_waiting = 262144;              // rows of all requests that wait for a worker
};

// The object outlives the server that it added itself to, and the status the object.
class VerifyApi {
 public:
  // Verdicts are counted in the status' metrics.
  VerifyApi(VerifyApiOptions options, StatusApi& status);
  VerifyApi(VerifyApi&&) = delete;
  VerifyApi& operator=(VerifyApi&&) = delete;
  ~VerifyApi();

  // Adds the routes. Before the server's start().
  void add_to(HttpServer& server);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
