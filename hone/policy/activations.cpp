#include "hone/policy/activations.h"

#include <algorithm>
#include <numeric>

#include "hone/base/check.h"
#include "hone/base/threads.h"

namespace hone {

std::int64_t Activations::Widths::row() const {
  return std::accumulate(std::begin(field), std::end(field), std::int64_t{0});
}

Activations::Widths Activations::widths(const Decoder& d) {
  const kernel::HeadShape s = d.heads();
  const std::int64_t H = d.config.hidden_size, W = s.qkv_width(), post = d.family.post_norms ? H : 0;
  return {{H, d.family.head_norms ? W : 0, W, s.q_heads * s.dim, s.q_heads, post, H,
           2 * d.config.intermediate_size, post}};
}

std::int64_t Activations::row_bytes(const Decoder& d) {
  const std::int64_t last = d.config.hidden_size;  // the last layer's output
  return (widths(d).row() * d.config.layers + last) * static_cast<std::int64_t>(sizeof(float));
}

void Activations::reserve(const Decoder& d, std::int64_t rows, bool every_layer) {
  if (rows <= rows_ && every_layer == every_layer_) return;
  release();
  widths_ = widths(d);
  layers_ = d.layers.size();
  every_layer_ = every_layer;
  const auto layers = every_layer ? static_cast<std::int64_t>(layers_) : 1;
  memory_ = allocate_floats(rows * (layers * widths_.row() + widths_.field[0]));
  rows_ = rows;
}

void Activations::release() {
  memory_.reset();
  rows_ = 0;
}

Activations::Fields Activations::fields(std::size_t i, std::int64_t row) const {
  HONE_CHECK(i <= layers_ && row >= 0 && row <= rows_, "layer {}, row {} of {}", i, row, rows_);
  float* at = memory_.get() + (every_layer_ ? static_cast<std::int64_t>(i) * rows_ * widths_.row() : 0);
  Fields found{};
  for (std::size_t f = 0; f < (i == layers_ ? 1 : kFields); ++f) {
    const std::int64_t width = widths_.field[f];
    if (width > 0) found[f] = at + row * width;
    at += rows_ * width;
  }
  return found;
}

LayerActivations Activations::layer(std::size_t i, std::int64_t row) const {
  const Fields f = fields(i, row);
  return {f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8]};
}

LayerActivations Activations::gather(std::size_t i, const Activations& from,
                                     const std::vector<std::int64_t>& rows) const {
  const Fields source = from.fields(i, 0), target = fields(i, 0);
  for (std::size_t f = 0; f < kFields; ++f) {
    if (source[f] == nullptr) continue;
    const std::int64_t width = widths_.field[f];
    parallel_for(
        std::ssize(rows), std::max<std::int64_t>(1, 16384 / width), [&](std::int64_t b, std::int64_t e) {
          for (std::int64_t t = b; t < e; ++t)
            std::copy_n(source[f] + rows[static_cast<std::size_t>(t)] * width, width, target[f] + t * width);
        });
  }
  return layer(i);
}

}  // namespace hone
