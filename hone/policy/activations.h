// What a forward pass keeps of its rows for the backward pass, layer by layer: fp32 on the CPU.
//
// Memory is taken once and not initialised: the system provides pages as rows are first written, so capacity
// that is never used costs nothing. Legend: H hidden, W qkv row width, Q = query heads · head size, F
// feed-forward.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "hone/base/pages.h"
#include "hone/policy/decoder.h"

namespace hone {

// One layer's rows; null: the family needs none.
struct LayerActivations {
  float* x = nullptr;              // [T, H] the layer's input
  float* projected = nullptr;      // [T, W] queries, keys and values as projected, where heads are normalised
  float* qkv = nullptr;            // [T, W] the same, normalised and rotated
  float* attended = nullptr;       // [T, Q]
  float* lse = nullptr;            // [T, query heads]
  float* attention_out = nullptr;  // [T, H] before the norm that follows attention, where one does
  float* middle = nullptr;         // [T, H] between attention and MLP
  float* gate_up = nullptr;        // [T, 2F]
  float* mlp_out = nullptr;        // [T, H] before the norm that follows the MLP, where one does
};

class Activations {
 public:
  // What the layers have in common: floats of each field in one row, in the order of LayerActivations.
  static constexpr std::size_t kFields = 9;
  struct Widths {
    std::int64_t field[kFields] = {};
    std::int64_t row() const;  // of all
  };
  static Widths widths(const Decoder& decoder);
  // Bytes that one row of a pass takes with every layer kept.
  static std::int64_t row_bytes(const Decoder& decoder);

  // Room for `rows` rows. With every_layer each layer has its own, which backward needs; without it they
  // share one. What was kept is lost when the room grows.
  void reserve(const Decoder& decoder, std::int64_t rows, bool every_layer);
  void release();

  // Layer i's rows from `row` on; layer(number of layers).x is the last layer's output.
  LayerActivations layer(std::size_t i, std::int64_t row = 0) const;
  // Copies rows of another's layer, in the order named, to the first rows of the same layer here.
  LayerActivations gather(std::size_t i, const Activations& from,
                          const std::vector<std::int64_t>& rows) const;
  std::int64_t rows() const { return rows_; }

 private:
  using Fields = std::array<float*, kFields>;  // in the order of LayerActivations
  Fields fields(std::size_t i, std::int64_t row) const;

  Floats memory_;
  Widths widths_;
  std::int64_t rows_ = 0;
  std::size_t layers_ = 0;
  bool every_layer_ = false;
};

}  // namespace hone
