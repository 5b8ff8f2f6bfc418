// Data parallelism over one shared pool of threads.
//
// Work is cut into a few pieces for each thread, and who is free takes the next: a thread that the system
// gives no time to (a machine shared with others) holds up the piece that it has begun, at most. Waiting
// threads spin for some tens of microseconds, which is what lies between two products, and sleep after that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

namespace hone {

// Sets the number of threads of the pool, the caller included; 0 means every core. Not while work runs.
void set_thread_count(int threads);
int thread_count();

namespace internal {
using PieceFunction = void (*)(const void* body, std::int64_t piece);
// Calls piece(body, i) for every i < pieces, and returns when all have returned. While another thread's call
// runs, it works in place.
void run_pieces(std::int64_t pieces, PieceFunction piece, const void* body);
bool in_piece();
constexpr std::int64_t kPiecesPerThread = 2;
}  // namespace internal

// Calls body(begin, end) on disjoint ranges that cover [0, n), of `grain` indices at least but for the last.
// The cut depends on the number of threads: a body must give the same result for an index whatever range it
// comes in. An exception that leaves it ends the program. Small n runs in place.
template <class Body>
void parallel_for(std::int64_t n, std::int64_t grain, const Body& body) {
  if (n <= 0) return;
  const std::int64_t threads = thread_count();
  const std::int64_t pieces =
      threads == 1 ? 1 : std::min(threads * internal::kPiecesPerThread, n / std::max<std::int64_t>(grain, 1));
  if (pieces <= 1 || internal::in_piece()) {
    body(std::int64_t{0}, n);
    return;
  }
  struct Job {
    const Body* body;
    std::int64_t n, pieces;
  };
  const Job job{std::addressof(body), n, pieces};
  internal::run_pieces(
      pieces,
      [](const void* data, std::int64_t piece) {
        const Job& of = *static_cast<const Job*>(data);
        (*of.body)(of.n * piece / of.pieces, of.n * (piece + 1) / of.pieces);
      },
      &job);
}

}  // namespace hone
