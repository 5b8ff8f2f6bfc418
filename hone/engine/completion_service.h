// Continuous batching for requests that come at any time: a thread of its own decodes what there is, and
// those who asked wait for their pieces.
//
//   submit ──> inbox ──> Generation ──> channel of each request ──> CompletionStream::next
//
// What a request gets does not depend on the others: its tokens are those of PolicyGenerator.
#pragma once

#include <cstddef>
#include <memory>

#include "hone/engine/generator.h"
#include "hone/types/streaming.h"

namespace hone {

struct ServiceOptions {
  // cache_bytes is taken from the start; a request that would not fit is refused as invalid.
  GeneratorOptions engine;
  std::size_t waiting = 256;  // requests that have not begun, beyond which further ones find it busy
};

class CompletionService final : public StreamingGenerator {
 public:
  // Nobody else may use the policy until the service is gone.
  CompletionService(Policy& policy, Tokenizer tokenizer, ServiceOptions options);
  CompletionService(CompletionService&&) = delete;
  CompletionService& operator=(CompletionService&&) = delete;
  ~CompletionService() override;  // as stop(); streams may outlive it

  Submission submit(StreamRequest request) override;
  Load load() const override;
  std::int64_t context_length() const override;

  // Takes no more requests, and fails the streams that have not ended.
  void stop();
  std::exception_ptr failure() const override;  // all streams have failed then

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
