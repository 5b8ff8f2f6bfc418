// The layers of a decoder on the CPU in fp32: one forward pass for sampling and training, and its backward
// pass, written by hand. What a row computes depends on that row and the keys it sees alone, and gradients of
// weights are summed row after row: any cut into passes gives the same bits.
//
// Legend: T rows of a pass, P rows of prompts, H hidden, Hkv key/value heads, D head size, K = Hkv · D.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "hone/base/pages.h"
#include "hone/policy/activations.h"

namespace hone {

// Floats that only ever grow, never initialised.
class FloatBuffer {
 public:
  float* at_least(std::int64_t n);

 private:
  Floats floats_;
  std::int64_t size_ = 0;
};

// T rows. ids, positions [T].
struct PassRows {
  std::int64_t count = 0;
  const std::int64_t* ids = nullptr;
  const std::int64_t* positions = nullptr;
  const kernel::Span* spans = nullptr;
};

// The prompts before a pass's rows: spans name the keys of prompt row p as p, and those of the pass's own row
// t as P + t.
struct PromptRows {
  std::int64_t count = 0;             // P
  const Activations* kept = nullptr;  // of every layer; null when P = 0
  float* gradients = nullptr;         // [layers, 2, P, K] accumulated: of keys, then of values
};

class Trunk {
 public:
  // The decoder outlives the trunk; its rotary tables reach as far as every position given.
  explicit Trunk(const Decoder& decoder) : d_(decoder) {}

  // The last layer's normalised output [T, H]. What backward needs is written into `keep` from row `first`
  // on.
  void forward(const PassRows& rows, const PromptRows& prompts, const Activations& keep, std::int64_t first,
               float* hidden);
  // The same over a cache: row t's key and value are written at cache_rows[t], and spans name rows of the
  // cache.
  void forward_cached(const PassRows& rows, const std::int64_t* cache_rows, KvCache& cache,
                      const Activations& keep, std::int64_t first, float* hidden);

  // forward's output [T, H] from the last layer's output [T, H], where that is at hand already.
  void final_norm(std::int64_t rows, const float* x, float* hidden);

  // A layer's rows of the pass, as forward kept them.
  using Kept = std::function<LayerActivations(std::size_t layer)>;
  // From d_hidden [T, H]: adds to the gradients of weights that require them and of the prompts' keys and
  // values, and writes those of the embedded rows d_x [T, H]. own_gradients (may be null), [layers, 2, T, K]:
  // what later rows have already made of this pass's keys and values.
  void backward(const PassRows& rows, const PromptRows& prompts, const Kept& kept, const float* own_gradients,
                const float* d_hidden, float* d_x);

 private:
  struct KeyValues {
    const float *k, *v;
    std::int64_t stride;
  };
  template <class KeysOf>
  void run(const PassRows& rows, const Activations& keep, std::int64_t first, float* hidden,
           const KeysOf& keys_of);
  void prepare(const PassRows& rows, const DecoderLayer& l, const LayerActivations& a);
  // Keys and values of prompts and own rows, one below the other.
  KeyValues bring_together(const PassRows& rows, const PromptRows& prompts, std::size_t layer,
                           const float* qkv);
  void project(std::int64_t T, const at::Tensor& w, const at::Tensor& b, const float* x, float* y);
  void project_backward(std::int64_t T, const at::Tensor& w, const at::Tensor& b, const float* x,
                        const float* dy, float* dx);
  void attend_backward(const PassRows& rows, const PromptRows& prompts, std::size_t layer,
                       const LayerActivations& a, const float* own_gradients, const float* d_attended,
                       float* d_qkv);
  kernel::Attention attention_of(std::size_t layer, const KeyValues& kv) const;
  kernel::RmsNorm norm_shape(std::int64_t T) const;
  kernel::RmsNorm head_norm(std::int64_t T, std::int64_t heads) const;

  const Decoder& d_;
  // Of one layer, for their storage.
  FloatBuffer normed_, delta_, activated_, inverse_, inverse_keys_, keys_, values_;
  FloatBuffer d_normed_, d_delta_, d_activated_, d_gate_up_, d_attended_, d_qkv_, d_projected_, d_keys_,
      d_values_;
};

// The gradient of embedding rows, gathered by token id until it is added to the weight's. A row's sum does
// not depend on what else the weight's gradient (the head's, where they are tied) collects meanwhile.
class EmbeddingGradient {
 public:
  void add(std::int64_t rows, std::int64_t width, const std::int64_t* ids, const float* d_rows, double scale);
  // Adds what was gathered to gradient [V, width], and forgets it.
  void fold_into(float* gradient);

 private:
  std::int64_t width_ = 0;
  std::vector<std::int64_t> slot_of_, ids_;  // by id, −1: none; by slot
  std::vector<float> sums_;                  // [slots, width]
};

}  // namespace hone
