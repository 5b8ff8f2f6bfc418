// A friend behind an OpenAI-compatible endpoint: POST <url>/chat/completions.
//
//   question ──cache──> known
//            └────────> budget ──> post, again after 429, 5xx and lost connections ──> read ──> cache
//
// Whatever goes wrong with one question is an abstention. An answer is kept for good; an abstention because
// of the endpoint for its step, so that a resumed run repeats it and a later step asks anew. The key is sent
// and never shown: it is taken out of all that comes back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/verify/friends.h"

namespace hone {

struct EndpointOptions {
  FriendOptions asked = {};      // what the recipe says; `judge` is not read
  std::string name = {};         // in metrics
  std::string key = {};          // empty: none is sent
  std::string run = {};          // abstentions are kept for this run's steps
  double backoff_seconds = 0.5;  // before the second attempt; doubled before each further one
};

// The key of a recipe's endpoint. Error: the variable is not set or empty; a key that no header can hold.
Result<std::string> endpoint_key(const FriendOptions& options);

// cache: its file, made when absent. Error: those of OpinionCache.
Result<std::unique_ptr<Friend>> make_endpoint_friend(EndpointOptions options,
                                                     const std::filesystem::path& cache);

}  // namespace hone
