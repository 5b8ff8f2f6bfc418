// Completions as they come, token by token, of requests that join and leave at any time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hone/types/completion.h"

namespace hone {

struct StreamRequest {
  GenerationRequest generation;
  // Likeliest tokens to name beside each sampled one, with the log-probabilities that the model itself gives
  // them (temperature 1, nothing cut off). 0: only the sampled token's. −1: none.
  int top_logprobs = -1;
  bool whole = false;  // nothing is told of a sample before its end
};

struct TokenScore {
  std::int32_t id = 0;
  float logprob = 0.0F;                             // natural log, as in StreamRequest
  std::vector<std::pair<std::int32_t, float>> top;  // likeliest first; of equals, lower ids first
};

// What one sample has become since it was last told of.
struct StreamPiece {
  std::size_t sample = 0;           // < n
  std::vector<std::int32_t> ids;    // new ones
  std::vector<TokenScore> scores;   // one for each of ids, where they were asked for
  std::optional<Completion> ended;  // all of it; the last piece of a sample
};

// One request being answered. Dropping it cancels what has not ended. One thread.
class CompletionStream {
 public:
  virtual ~CompletionStream() = default;

  enum class State {
    kMore,    // nothing has come in that time, or not all yet
    kEnded,   // these pieces are the last
    kFailed,  // nothing more comes; why() says what was wrong
  };
  // Appends what has come, waiting at most so many seconds for something.
  virtual State next(std::vector<StreamPiece>& pieces, double seconds) = 0;
  // Returns after so many seconds, or when nothing more will come.
  virtual void rest(double seconds) = 0;
  virtual const std::string& why() const = 0;
};

// Thread safety: all from any thread.
class StreamingGenerator {
 public:
  virtual ~StreamingGenerator() = default;

  struct Submission {
    enum class Answer {
      kAccepted,
      kInvalid,  // this request can't be carried out
      kBusy,     // too many wait already
      kStopping,
    };
    Answer answer = Answer::kAccepted;
    std::unique_ptr<CompletionStream> stream;  // when accepted
    std::string why;                           // when not
  };
  virtual Submission submit(StreamRequest request) = 0;

  struct Load {
    std::size_t running = 0;  // samples that decode
    std::size_t waiting = 0;  // requests of which no sample has begun
    std::int64_t prompt_tokens = 0,
                 completion_tokens = 0;  // since the start, of what has ended or still runs
  };
  virtual Load load() const = 0;

  // Tokens that a prompt and its completion may fill together.
  virtual std::int64_t context_length() const = 0;

  // What ended decoding for good (a bug, no memory); null while it is well.
  virtual std::exception_ptr failure() const { return nullptr; }
};

}  // namespace hone
