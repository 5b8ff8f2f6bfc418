#include "hone/policy/pack.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "hone/base/check.h"

namespace hone {
namespace {

at::Tensor to_tensor(const std::vector<std::int64_t>& values) {
  auto tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), tensor.data_ptr<std::int64_t>());
  return tensor;
}

}  // namespace

at::Tensor Pack::ids_tensor() const { return to_tensor(ids); }
at::Tensor Pack::positions_tensor() const { return to_tensor(positions); }
at::Tensor Pack::spans_tensor() const { return make_spans(spans); }
at::Tensor Pack::score_rows_tensor() const { return to_tensor(score_rows); }
at::Tensor Pack::targets_tensor() const { return to_tensor(targets); }

void PackBuilder::add_prompt(std::span<const std::int32_t> ids) {
  HONE_CHECK(!ids.empty(), "a prompt has at least one token");
  prompt_begin_ = next_row();
  prompt_count_ = static_cast<std::int32_t>(ids.size());
  for (std::int32_t i = 0; i < prompt_count_; ++i) {
    pack_.ids.push_back(ids[static_cast<std::size_t>(i)]);
    pack_.positions.push_back(i);
    pack_.spans.push_back({0, 0, prompt_begin_, i + 1});
  }
}

void PackBuilder::continue_prompt(std::int64_t row, std::int64_t count) {
  HONE_CHECK(count > 0 && row >= 0 && row + count <= rows_before_, "prompt rows {} … {} of {}", row,
             row + count, rows_before_);
  prompt_begin_ = static_cast<std::int32_t>(row);
  prompt_count_ = static_cast<std::int32_t>(count);
}

void PackBuilder::add_completion(std::span<const std::int32_t> ids) {
  HONE_CHECK(prompt_count_ > 0, "a completion follows a prompt");
  const std::int32_t begin = next_row();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    pack_.score_rows.push_back(i == 0 ? prompt_begin_ + prompt_count_ - 1 : begin + row - 1);
    pack_.targets.push_back(ids[i]);
    if (i + 1 == ids.size()) break;
    pack_.ids.push_back(ids[i]);
    pack_.positions.push_back(prompt_count_ + row);
    pack_.spans.push_back({prompt_begin_, prompt_count_, begin, static_cast<std::int32_t>(row) + 1});
  }
}

}  // namespace hone
