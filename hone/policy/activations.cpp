#include "hone/policy/activations.h"

#include <numeric>

#include "hone/base/check.h"

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

LayerActivations Activations::layer(std::size_t i, std::int64_t row) const {
  HONE_CHECK(i <= layers_ && row >= 0 && row <= rows_, "layer {}, row {} of {}", i, row, rows_);
  float* at = memory_.get() + (every_layer_ ? static_cast<std::int64_t>(i) * rows_ * widths_.row() : 0);
  LayerActivations a;
  float** const fields[kFields] = {&a.x,      &a.projected, &a.qkv,    &a.attended, &a.lse, &a.attention_out,
                                   &a.middle, &a.gate_up,   &a.mlp_out};
  for (std::size_t f = 0; f < kFields; ++f) {
    if (i == layers_ && f > 0) break;
    const std::int64_t width = widths_.field[f];
    if (width > 0) *fields[f] = at + row * width;
    at += rows_ * width;
  }
  return a;
}

}  // namespace hone
