#include "hone/base/threads.h"

#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hone {
namespace {

thread_local bool working_in_piece = false;  // what a piece asks for is done in place

// Cores that this process may use.
int core_count() {
#if defined(__linux__)
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

constexpr int kSpins = 2000;         // about 40 µs
constexpr int kSpinsOfCaller = 500;  // before it offers its core to whoever holds the last piece

// One job at a time. A ticket names the job, its number of pieces and the next piece; whoever adds 1 to it
// and finds a piece left has that piece, and the job stays as it is until the piece is done.
class Pool {
 public:
  static Pool& instance() {
    static Pool pool;
    return pool;
  }

  int size() const { return size_.load(std::memory_order_relaxed); }

  void resize(int threads) {
    const std::lock_guard lock(owner_);
    stop_workers();
    size_ = threads > 0 ? threads : core_count();
  }

  void run(std::int64_t pieces, internal::PieceFunction piece, const void* body) {
    std::unique_lock lock(owner_, std::defer_lock);
    if (working_in_piece || pieces > kMostPieces || !lock.try_lock()) {
      for (std::int64_t i = 0; i < pieces; ++i) piece(body, i);
      return;
    }
    if (workers_.empty()) start_workers();
    piece_ = piece;
    body_ = body;
    remaining_.store(pieces, std::memory_order_relaxed);
    job_ = (job_ + 1) & kJobMask;
    ticket_.store(job_ << kJobShift | static_cast<std::uint64_t>(pieces) << kPiecesShift,
                  std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) ticket_.notify_all();
    working_in_piece = true;
    take_pieces();
    working_in_piece = false;
    for (int spins = 0; remaining_.load(std::memory_order_acquire) > 0; ++spins) {
      if (spins < kSpinsOfCaller) {
        pause_briefly();
      } else {
        std::this_thread::yield();
      }
    }
  }

 private:
  static constexpr int kPiecesShift = 20, kJobShift = 36;
  static constexpr std::uint64_t kNextMask = (std::uint64_t{1} << kPiecesShift) - 1;
  static constexpr std::uint64_t kPiecesMask = (std::uint64_t{1} << (kJobShift - kPiecesShift)) - 1;
  static constexpr std::uint64_t kJobMask = (std::uint64_t{1} << (64 - kJobShift)) - 1;
  static constexpr std::int64_t kMostPieces = static_cast<std::int64_t>(kPiecesMask);

  Pool() { size_ = core_count(); }
  ~Pool() { stop_workers(); }

  static bool has_piece(std::uint64_t ticket) {
    return (ticket & kNextMask) < (ticket >> kPiecesShift & kPiecesMask);
  }

  void take_pieces() noexcept {
    while (has_piece(ticket_.load(std::memory_order_acquire))) {
      const std::uint64_t mine = ticket_.fetch_add(1, std::memory_order_acq_rel);
      if (!has_piece(mine)) return;
      piece_(body_, static_cast<std::int64_t>(mine & kNextMask));
      remaining_.fetch_sub(1, std::memory_order_release);
    }
  }

  void work() {
    working_in_piece = true;
    while (!stopping_.load(std::memory_order_relaxed)) {
      take_pieces();
      std::uint64_t seen = ticket_.load(std::memory_order_acquire);
      for (int i = 0; i < kSpins && !has_piece(seen); ++i) {
        pause_briefly();
        seen = ticket_.load(std::memory_order_acquire);
      }
      if (has_piece(seen) || stopping_.load(std::memory_order_relaxed)) continue;
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      seen = ticket_.load(std::memory_order_seq_cst);
      if (!has_piece(seen) && !stopping_.load(std::memory_order_seq_cst)) ticket_.wait(seen);
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    }
  }

  void start_workers() {
    stopping_ = false;
    try {
      for (int i = 1; i < size(); ++i) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: the work is done by those there are.
    }
  }

  void stop_workers() {
    stopping_.store(true, std::memory_order_seq_cst);
    job_ = (job_ + 1) & kJobMask;
    ticket_.store(job_ << kJobShift, std::memory_order_seq_cst);  // another value: sleepers look again
    ticket_.notify_all();
    workers_.clear();
  }

  std::mutex owner_;
  std::atomic<int> size_{1};
  std::atomic<bool> stopping_{false};
  std::uint64_t job_ = 0;
  internal::PieceFunction piece_ = nullptr;
  const void* body_ = nullptr;
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::int64_t> remaining_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  std::vector<std::jthread> workers_;
};

}  // namespace

void set_thread_count(int threads) { Pool::instance().resize(threads); }
int thread_count() { return Pool::instance().size(); }

bool internal::in_piece() { return working_in_piece; }

void internal::run_pieces(std::int64_t pieces, PieceFunction piece, const void* body) {
  Pool::instance().run(pieces, piece, body);
}

}  // namespace hone
