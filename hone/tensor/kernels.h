// CPU kernels in fp32: plain pointers in, plain pointers out, vectorised by Highway for the machine at hand.
//
// Each row's result depends on that row alone and is summed in one fixed order, so rows computed in a batch
// of any size, by any thread, have the same bits: decoding and training share these functions. Sums over rows
// (weight gradients) run in row order, each column by one thread.
//
// Legend: T packed tokens, H hidden size, F feed-forward size, D head size, Hq query heads, Hkv key/value
// heads, V vocabulary. A "qkv row" is [Hq + 2·Hkv, D]: queries, keys, values.
#pragma once

#include <cstdint>

namespace hone::kernel {

// y = x / rms(x) · g, rms² = mean(x²) + eps, g = w (+ 1 when add_one). Zhang & Sennrich 2019.
// inverse_rms [rows] is kept for the backward pass. Rows may be heads inside wider rows: `group` of them lie
// side by side, every `stride` floats; in x, y and their gradients alike.
struct RmsNorm {
  std::int64_t rows, dim;
  float eps = 1e-6f;
  bool add_one = false;
  std::int64_t group = 1;
  std::int64_t stride = 0;  // 0: group · dim
  std::int64_t at(std::int64_t row) const {
    return (row / group) * (stride > 0 ? stride : group * dim) + (row % group) * dim;
  }
};
void rms_norm(const RmsNorm& s, const float* x, const float* w, float* y, float* inverse_rms);
// sum = x + addend, y = the norm of sum; [rows, dim] without gaps. sum may be x.
void add_rms_norm(const RmsNorm& s, const float* x, const float* addend, const float* w, float* sum, float* y,
                  float* inverse_rms);
// dx is overwritten, or added to with `accumulate`; dw (may be null) accumulated.
void rms_norm_backward(const RmsNorm& s, const float* dy, const float* x, const float* w,
                       const float* inverse_rms, float* dx, float* dw, bool accumulate = false);

// y += x, of n floats.
void add(std::int64_t n, const float* x, float* y);
// Each row of y [rows, n] += bias.
void add_bias(std::int64_t rows, std::int64_t n, const float* bias, float* y);
// sums [n] += Σ of the rows of x [rows, n].
void add_column_sums(std::int64_t rows, std::int64_t n, const float* x, float* sums);

// gate_up [T, 2F] → y [T, F] = act(gate) · up.
enum class Activation { kSilu, kGeluTanh };
void gated(Activation act, std::int64_t rows, std::int64_t f, const float* gate_up, float* y);
void gated_backward(Activation act, std::int64_t rows, std::int64_t f, const float* dy, const float* gate_up,
                    float* d_gate_up);

struct HeadShape {
  std::int64_t q_heads, kv_heads, dim;
  std::int64_t qkv_width() const { return (q_heads + 2 * kv_heads) * dim; }
};

// Rotary embedding of the query and key heads of qkv rows, in place, in the half-split layout of Hugging Face
// models (Su et al. 2021, eq. 34). cos, sin: [positions, D/2] tables. sign −1 rotates back (the backward
// pass).
void rotate(const HeadShape& s, std::int64_t rows, const std::int64_t* positions, const float* cos,
            const float* sin, float sign, float* qkv);

// The keys that query row t sees: rows [prefix_begin, + prefix_count) and then [own_begin, + own_count) of
// the key and value arrays, in that order; its own key is the last, and no row is named twice.
struct Span {
  std::int32_t prefix_begin = 0, prefix_count = 0;
  std::int32_t own_begin = 0, own_count = 0;
  std::int32_t count() const { return prefix_count + own_count; }
};

struct Attention {
  HeadShape shape;
  float scale = 1.0f;          // scores are q·k times this
  float softcap = 0.0f;        // > 0: scores become cap · tanh(score / cap)
  std::int64_t window = 0;     // > 0: only the last `window` keys of a span are seen
  std::int64_t q_stride = 0;   // floats between query rows; a row holds [Hq, D]
  std::int64_t kv_stride = 0;  // floats between rows of k and of v; a row holds [Hkv, D]
};
// out [rows, Hq, D]; lse [rows, Hq] (may be null): log of the sum of exponentials, for the backward pass.
void attention(const Attention& a, std::int64_t rows, const Span* spans, const float* q, const float* k,
               const float* v, float* out, float* lse);
// Accumulates into dq, dk, dv, laid out like q, k, v. dk and dv are summed in row order.
void attention_backward(const Attention& a, std::int64_t rows, const Span* spans, const float* q,
                        const float* k, const float* v, const float* out, const float* lse,
                        const float* d_out, float* dq, float* dk, float* dv);

// Logits → z = softcap(logit) / temperature, in place.
void scale_logits(std::int64_t n, float softcap, float inverse_temperature, float* z);

// Of one row z [n]: log Σ exp z, and the entropy of its softmax in nats. Sums are made of blocks of
// kStatsBlock logits, merged in order: a row's blocks may be computed one by one.
constexpr std::int64_t kStatsBlock = 1024;
struct BlockStats {
  float max, sum, weighted;  // Σ e^(z − max), Σ e^(z − max) · (z − max)
};
struct RowStats {
  float max, lse, entropy;
};
BlockStats block_stats(std::int64_t n, const float* z);  // 1 ≤ n ≤ kStatsBlock
RowStats merge_blocks(std::int64_t count, const BlockStats* blocks);
RowStats row_stats(std::int64_t n, const float* z);
// The same over kept entries only (`kept` [count], ascending).
RowStats row_stats_kept(const float* z, const std::int32_t* kept, std::int64_t count);

// What the loss asks of a row: gradients by the target's log-probability and by the entropy.
struct RowGradient {
  RowStats stats;
  std::int64_t target;  // its place among the logits given; outside them it lies in another block
  float by_logprob, by_entropy;
  float softcap, inverse_temperature;
};
// Turns z into d(loss)/d(raw logits) in place:
//   d/dz_j = by_logprob (1[j = target] − p_j) − by_entropy p_j (z_j − lse + H)
// then through temperature and softcap. z may be any part of the row.
void row_backward(std::int64_t n, const RowGradient& g, float* z);
// `kept` are places in z: what is not kept gets 0.
void row_backward_kept(std::int64_t n, const std::int32_t* kept, std::int64_t count, const RowGradient& g,
                       float* z);

}  // namespace hone::kernel
