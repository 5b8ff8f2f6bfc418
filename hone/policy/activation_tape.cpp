#include "hone/policy/activation_tape.h"

#include "hone/base/check.h"

namespace hone {

ActivationTape::ActivationTape(const Decoder& decoder, std::int64_t bytes)
    : decoder_(decoder), capacity_(bytes / Activations::row_bytes(decoder)) {}

bool ActivationTape::reserve(std::int64_t rows) {
  if (reserved_ + rows > capacity_) return false;
  if (activations_.rows() == 0) activations_.reserve(decoder_, capacity_, /*every_layer=*/true);
  reserved_ += rows;
  return true;
}

void ActivationTape::give_back(std::int64_t rows) {
  HONE_CHECK(rows >= 0 && reserved_ - rows >= used_, "{} rows given back of {} reserved, {} used", rows,
             reserved_, used_);
  reserved_ -= rows;
}

std::int64_t ActivationTape::append(std::int64_t count) {
  HONE_CHECK(used_ + count <= reserved_, "{} rows beyond the {} reserved", used_ + count, reserved_);
  const std::int64_t first = used_;
  used_ += count;
  return first;
}

std::int64_t ActivationTape::add(Entry entry) {
  entries_.emplace(next_handle_, std::move(entry));
  return next_handle_++;
}

const ActivationTape::Entry* ActivationTape::find(std::int64_t handle) const {
  const auto at = entries_.find(handle);
  return at == entries_.end() ? nullptr : &at->second;
}

void ActivationTape::clear() {
  entries_.clear();
  reserved_ = used_ = 0;
}

}  // namespace hone
