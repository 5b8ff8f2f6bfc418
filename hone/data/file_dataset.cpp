#include "hone/data/file_dataset.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <numeric>
#include <span>
#include <unordered_set>

#include "hone/base/check.h"
#include "hone/base/log.h"
#include "hone/base/rng.h"
#include "hone/data/prompt.h"
#include "hone/data/rows.h"

namespace hone {
namespace {

using Row = RowTable::Row;
using Permutation = std::vector<std::uint32_t>;

class FileDataset final : public Dataset {
 public:
  FileDataset(const DataOptions& options, std::uint64_t seed, RowTable files, RowTable eval_files,
              std::vector<Row> train_rows, std::vector<Row> eval_rows)
      : options_(options),
        seed_(seed),
        files_(std::move(files)),
        eval_files_(std::move(eval_files)),
        train_(std::move(train_rows)),
        eval_(std::move(eval_rows)) {}

  Problem train(std::int64_t i) const override {
    HONE_CHECK(i >= 0 && !train_.empty(), "training problem {} of {} rows", i, train_.size());
    const auto n = static_cast<std::uint64_t>(train_.size()), index = static_cast<std::uint64_t>(i);
    const auto order = epoch_order(index / n);
    return dressed(files_.problem(train_[(*order)[index % n]]));
  }

  Problem eval(std::int64_t i) const override {
    HONE_CHECK(i >= 0 && i < eval_size(), "held-out problem {} of {}", i, eval_size());
    const RowTable& table = options_.eval_files.empty() ? files_ : eval_files_;
    return dressed(table.problem(eval_[static_cast<std::size_t>(i)]));
  }

  std::int64_t train_size() const override { return static_cast<std::int64_t>(train_.size()); }
  std::int64_t eval_size() const override { return static_cast<std::int64_t>(eval_.size()); }
  std::int64_t skipped() const override { return files_.skipped() + eval_files_.skipped() + left_out_; }

  Result<void> leave_out(const RowCheck& train_check, const RowCheck& eval_check) override {
    const RowTable& eval_table = options_.eval_files.empty() ? files_ : eval_files_;
    HONE_TRY_VOID(leave_out_of(train_, files_, "training", train_check));
    HONE_TRY_VOID(leave_out_of(eval_, eval_table, "held-out", eval_check));
    const std::lock_guard lock(mutex_);
    for (Cached& slot : cache_) slot = {};
    return {};
  }

 private:
  Result<void> leave_out_of(std::vector<Row>& rows, const RowTable& table, const char* part,
                            const RowCheck& check) {
    const std::size_t before = rows.size();
    Error last;
    std::size_t refused = 0;
    std::erase_if(rows, [&](const Row& row) {
      const auto verdict = check(dressed(table.problem(row)));
      if (verdict.ok()) return false;
      last = verdict.error();
      if (++refused <= 3) log_warn("row skipped: {}", last.message());
      return true;
    });
    if (refused == 0) return {};
    if (rows.empty()) {
      return Error{"data", fmt::format("must leave at least one of {} {} rows", before, part),
                   last.message()};
    }
    log_warn("{} rows skipped: {} of {}", part, refused, before);
    left_out_ += static_cast<std::int64_t>(refused);
    return {};
  }

  Problem dressed(Problem problem) const {
    dress_prompt(options_, problem);
    return problem;
  }

  // Two epochs are kept, so that a step across their boundary does not shuffle again for each problem.
  std::shared_ptr<const Permutation> epoch_order(std::uint64_t epoch) const {
    const std::lock_guard lock(mutex_);
    Cached& slot = cache_[epoch % 2];
    if (slot.order == nullptr || slot.epoch != epoch) {
      auto order = std::make_shared<Permutation>(train_.size());
      std::iota(order->begin(), order->end(), 0u);
      RandomStream random({.seed = seed_, .purpose = Purpose::kDataOrder, .step = epoch});
      random.shuffle(std::span<std::uint32_t>(*order));
      slot = {epoch, std::move(order)};
    }
    return slot.order;
  }

  struct Cached {
    std::uint64_t epoch = 0;
    std::shared_ptr<const Permutation> order;
  };

  DataOptions options_;
  std::uint64_t seed_;
  RowTable files_, eval_files_;
  std::vector<Row> train_, eval_;
  std::int64_t left_out_ = 0;
  mutable std::mutex mutex_;
  mutable Cached cache_[2];
};

// By hash, so that the first n are a fair sample of files that are sorted by subject or difficulty.
void order_for_eval(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return mix64(a.id, 1) < mix64(b.id, 1); });
}

std::string names(const std::vector<std::string>& files) { return fmt::format("{}", fmt::join(files, ", ")); }

}  // namespace

Result<std::unique_ptr<Dataset>> open_file_dataset(const DataOptions& options, std::uint64_t seed) {
  const bool skip = options.on_error == "skip";
  HONE_TRY(RowTable files, RowTable::read(options.files, options.fields, skip));
  HONE_TRY(RowTable eval_files, RowTable::read(options.eval_files, options.fields, skip));
  if (files.rows().size() > std::numeric_limits<std::uint32_t>::max())
    return Error{"data.files", "must hold fewer than 2^32 rows", std::to_string(files.rows().size())};

  std::vector<Row> train, eval;
  if (options.eval_files.empty()) {
    for (const Row& row : files.rows()) {
      Problem question;
      question.id = row.id;
      (is_held_out(question, options.eval_fraction) ? eval : train).push_back(row);
    }
    if (eval.empty())
      return Error{"data.eval_fraction",
                   fmt::format("must leave at least one row of {} for evaluation (or name eval_files)",
                               names(options.files)),
                   fmt::format("{} of {} rows", options.eval_fraction, files.rows().size())};
  } else {
    eval = eval_files.rows();
    if (eval.empty())
      return Error{"data.eval_files", "must hold at least one row: " + names(options.eval_files), "none"};
    std::unordered_set<std::uint64_t> held_out;
    for (const Row& row : eval) held_out.insert(row.id);
    for (const Row& row : files.rows())
      if (!held_out.contains(row.id)) train.push_back(row);
    if (const std::size_t dropped = files.rows().size() - train.size(); dropped > 0)
      log_info("{} of {} training rows left out: the evaluation files ask the same", dropped,
               files.rows().size());
  }
  if (train.empty() && !options.files.empty())
    return Error{"data.files",
                 fmt::format("must leave at least one row for training: {}", names(options.files)),
                 fmt::format("none of {} rows", files.rows().size())};
  order_for_eval(eval);
  return std::unique_ptr<Dataset>(std::make_unique<FileDataset>(
      options, seed, std::move(files), std::move(eval_files), std::move(train), std::move(eval)));
}

}  // namespace hone
