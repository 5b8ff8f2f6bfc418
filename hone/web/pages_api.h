// What the pages ask for: runs, metrics, groups, problems, evaluations, as JSON; and what is new, as
// server-sent events.
//
//  GET /api/info                          the version, the folder
//  GET /api/runs                          every run
//  GET /api/run?run=NAME                  one, with its recipe's text and its verifiers
//  GET /api/compare?run=A&with=B          how their recipes differ
//  GET /api/metrics?run=&stage=&after=&points=
//  GET /api/evaluations?run=
//  GET /api/groups?run=&stage=&step=&verifier=&status=&finish=&text=&problem=&disagree=&before=&limit=
//  GET /api/group?run=&stage=&step=&group=&tokens=1
//  GET /api/problems?run=&stage=&order=improved|worsened|failing&offset=&limit=
//  GET /api/problem?run=&problem=         one problem's groups through the steps
//  GET /api/answers?run=&stage=&step=&with=&with_stage=&with_step=&outcome=&offset=&limit=
//                                         two evaluations' answers to the same problems
//  POST /api/votes?run=                   {"texts": […]}: the answers of up to 256 completions, counted as
//  the run
//                                         compares them
//  GET /api/live                          events: run (an entry of /api/runs), gone, each when it changes
//
// Errors: 400 for a parameter that can't be, 404 for what is not there, 500 for a database that does not
// read; all in the form of http_error.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "hone/web/http_server.h"

namespace hone {

struct PagesOptions {
  std::filesystem::path runs = "runs";
  std::string version = "";
  double search_seconds = 0.15;  // of one page of groups; the client goes on where it ended
  double live_seconds = 0.4;     // between two looks at the files
};

// Thread safety: none of its own is needed: the server's threads share it. The object outlives the server
// that it added itself to.
class PagesApi {
 public:
  explicit PagesApi(PagesOptions options);
  PagesApi(PagesApi&&) = delete;
  PagesApi& operator=(PagesApi&&) = delete;
  ~PagesApi();

  // Before the server's start().
  void add_to(HttpServer& server);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Adds the pages themselves: `/` and what it loads. False when this hone was built without them; `/` then
// says so. They are the same for everybody, and answered without the token; nothing of a run is in them.
bool add_pages(HttpServer& server);

}  // namespace hone
