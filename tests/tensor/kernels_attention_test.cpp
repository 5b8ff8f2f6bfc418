// Attention over spans and its gradients against a reference in double; a row's bits against the batch, the
// place of its keys and the threads.
#include <algorithm>
#include <initializer_list>

#include "hone/tensor/kernels.h"
#include "tensor/tensor_helpers.h"

namespace hone::kernel {
namespace {

using hone::testing::Floats;
using hone::testing::index_of;
using hone::testing::random_floats;
using hone::testing::same_bits;
using hone::testing::Threads;
using hone::testing::worst_difference;
using Doubles = std::vector<double>;

struct AttentionCase {
  const char* name;
  HeadShape shape;
  float softcap;
  std::int64_t window;
  bool strided;        // rows of q, k and v lie inside wider qkv rows
  bool large = false;  // sequences longer than whatever is worked on at once
};
void PrintTo(const AttentionCase& c, std::ostream* out) { *out << c.name; }

// Appends a prompt and completions of it, as training lays them out.
void add_group(std::int32_t prompt, std::initializer_list<std::int32_t> completions,
               std::vector<Span>* spans) {
  const auto prefix = static_cast<std::int32_t>(spans->size());
  for (std::int32_t i = 0; i < prompt; ++i) spans->push_back({0, 0, prefix, i + 1});
  for (const std::int32_t length : completions) {
    const auto begin = static_cast<std::int32_t>(spans->size());
    for (std::int32_t i = 0; i < length; ++i) spans->push_back({prefix, prompt, begin, i + 1});
  }
}

std::vector<Span> packed_spans(bool large) {
  std::vector<Span> spans;
  if (large) {
    add_group(37, {230, 3, 1, 45}, &spans);
    add_group(131, {17}, &spans);
    add_group(150, {}, &spans);
  } else {
    add_group(9, {13, 1, 6}, &spans);
    add_group(40, {}, &spans);
  }
  return spans;
}

// The key rows that a span shows, in order.
std::vector<std::int64_t> keys_of(const Span& s, std::int64_t window) {
  std::vector<std::int64_t> keys;
  for (std::int32_t i = 0; i < s.prefix_count; ++i) keys.push_back(s.prefix_begin + i);
  for (std::int32_t i = 0; i < s.own_count; ++i) keys.push_back(s.own_begin + i);
  if (window > 0 && std::ssize(keys) > window) keys.erase(keys.begin(), keys.end() - window);
  return keys;
}

struct Inputs {
  Attention a;
  std::vector<Span> spans;
  Floats memory;  // q, k and v
  std::int64_t q_at, k_at, v_at;
  std::int64_t rows() const { return std::ssize(spans); }
  const float* q() const { return memory.data() + q_at; }
  const float* k() const { return memory.data() + k_at; }
  const float* v() const { return memory.data() + v_at; }
};

Inputs make_inputs(const AttentionCase& c) {
  Inputs in;
  in.spans = packed_spans(c.large);
  const std::int64_t q_width = c.shape.q_heads * c.shape.dim, kv_width = c.shape.kv_heads * c.shape.dim;
  const auto rows = in.rows();
  in.a = {c.shape,   static_cast<float>(1.0 / std::sqrt(static_cast<double>(c.shape.dim))),
          c.softcap, c.window,
          0,         0};
  in.q_at = 0;
  if (c.strided) {
    in.a.q_stride = in.a.kv_stride = c.shape.qkv_width();
    in.k_at = q_width;
    in.v_at = q_width + kv_width;
  } else {
    in.a.q_stride = q_width;
    in.a.kv_stride = kv_width;
    in.k_at = rows * q_width;
    in.v_at = in.k_at + rows * kv_width;
  }
  in.memory = random_floats(rows * c.shape.qkv_width(), 31, 1.5);
  return in;
}

struct Outputs {
  Doubles out, lse, memory;  // memory: gradients, laid out as the inputs' memory
};

Outputs reference(const Inputs& in, const Floats& d_out) {
  const Attention& a = in.a;
  const std::int64_t D = a.shape.dim, Hq = a.shape.q_heads, share = Hq / a.shape.kv_heads;
  Outputs r{Doubles(index_of(in.rows() * Hq * D)), Doubles(index_of(in.rows() * Hq)),
            Doubles(in.memory.size())};
  for (std::int64_t t = 0; t < in.rows(); ++t) {
    const auto keys = keys_of(in.spans[index_of(t)], a.window);
    for (std::int64_t h = 0; h < Hq; ++h) {
      const std::int64_t qi = in.q_at + t * a.q_stride + h * D, head = (h / share) * D, oi = (t * Hq + h) * D;
      const auto ki = [&](std::int64_t key) { return in.k_at + key * a.kv_stride + head; };
      const auto vi = [&](std::int64_t key) { return in.v_at + key * a.kv_stride + head; };
      Doubles scores, weights;
      double total = 0, delta = 0;
      for (const auto key : keys) {
        double s = 0;
        for (std::int64_t i = 0; i < D; ++i)
          s += static_cast<double>(in.memory[index_of(qi + i)]) * in.memory[index_of(ki(key) + i)];
        s *= a.scale;
        scores.push_back(a.softcap > 0 ? a.softcap * std::tanh(s / a.softcap) : s);
      }
      for (const double s : scores) total += std::exp(s);
      r.lse[index_of(t * Hq + h)] = std::log(total);
      for (std::size_t j = 0; j < keys.size(); ++j) {
        weights.push_back(std::exp(scores[j]) / total);
        for (std::int64_t i = 0; i < D; ++i)
          r.out[index_of(oi + i)] += weights[j] * in.memory[index_of(vi(keys[j]) + i)];
      }
      for (std::int64_t i = 0; i < D; ++i) delta += d_out[index_of(oi + i)] * r.out[index_of(oi + i)];
      for (std::size_t j = 0; j < keys.size(); ++j) {
        double dp = 0;
        for (std::int64_t i = 0; i < D; ++i)
          dp += static_cast<double>(d_out[index_of(oi + i)]) * in.memory[index_of(vi(keys[j]) + i)];
        double ds = weights[j] * (dp - delta) * a.scale;
        if (a.softcap > 0) ds *= 1.0 - std::pow(scores[j] / a.softcap, 2);
        for (std::int64_t i = 0; i < D; ++i) {
          r.memory[index_of(vi(keys[j]) + i)] += weights[j] * d_out[index_of(oi + i)];
          r.memory[index_of(qi + i)] += ds * in.memory[index_of(ki(keys[j]) + i)];
          r.memory[index_of(ki(keys[j]) + i)] += ds * in.memory[index_of(qi + i)];
        }
      }
    }
  }
  return r;
}

struct Results {
  Floats out, lse, memory;
};

Results run(const Inputs& in, const Floats& d_out, float initial_gradient = 0.0f) {
  Results r{Floats(d_out.size(), 7.0f), Floats(index_of(in.rows() * in.a.shape.q_heads)),
            Floats(in.memory.size(), initial_gradient)};
  attention(in.a, in.rows(), in.spans.data(), in.q(), in.k(), in.v(), r.out.data(), r.lse.data());
  attention_backward(in.a, in.rows(), in.spans.data(), in.q(), in.k(), in.v(), r.out.data(), r.lse.data(),
                     d_out.data(), r.memory.data() + in.q_at, r.memory.data() + in.k_at,
                     r.memory.data() + in.v_at);
  return r;
}

class AttentionKernel : public ::testing::TestWithParam<AttentionCase> {
 protected:
  AttentionKernel()
      : in_(make_inputs(GetParam())),
        d_out_(random_floats(in_.rows() * in_.a.shape.q_heads * in_.a.shape.dim, 32)) {}
  Inputs in_;
  Floats d_out_;
};

TEST_P(AttentionKernel, IsSoftmaxOverItsSpan) {
  const Outputs expected = reference(in_, d_out_);
  const Results got = run(in_, d_out_);
  EXPECT_LE(worst_difference(got.out, expected.out), 5e-6);
  EXPECT_LE(worst_difference(got.lse, expected.lse), 5e-6);
}

TEST_P(AttentionKernel, GradientsAreThoseOfTheReferenceAndAccumulate) {
  Outputs expected = reference(in_, d_out_);
  EXPECT_LE(worst_difference(run(in_, d_out_).memory, expected.memory), 2e-5);
  for (double& v : expected.memory) v += 3.0;
  EXPECT_LE(worst_difference(run(in_, d_out_, 3.0f).memory, expected.memory), 2e-5);
}

TEST_P(AttentionKernel, BitsAreTheSameWhateverTheThreads) {
  Results one;
  {
    const Threads scope(1);
    one = run(in_, d_out_);
  }
  for (const int threads : {2, 3, 5}) {
    const Threads scope(threads);
    const Results many = run(in_, d_out_);
    EXPECT_TRUE(same_bits(many.out, one.out)) << threads;
    EXPECT_TRUE(same_bits(many.lse, one.lse)) << threads;
    EXPECT_TRUE(same_bits(many.memory, one.memory)) << threads;
  }
}

// As decoding does it: one query row at a time, keys and values in a cache in other rows and with another
// stride.
TEST_P(AttentionKernel, ARowAloneOverACacheHasTheSameBits) {
  const Results batch = run(in_, d_out_);
  const HeadShape s = in_.a.shape;
  const std::int64_t width = s.kv_heads * s.dim, rows = in_.rows();
  for (std::int64_t t = 0; t < rows; ++t) {
    const Span& span = in_.spans[index_of(t)];
    const std::int32_t prefix_begin = 5, own_begin = 5 + span.prefix_count + 2;
    const std::int64_t cache_rows = own_begin + span.own_count;
    Floats keys(index_of(cache_rows * width), NAN),
        values(index_of(cache_rows * width), NAN);  // unseen rows spoil no result
    const auto fill = [&](std::int64_t from, std::int64_t to) {
      std::copy_n(in_.k() + from * in_.a.kv_stride, width, keys.begin() + to * width);
      std::copy_n(in_.v() + from * in_.a.kv_stride, width, values.begin() + to * width);
    };
    for (std::int32_t i = 0; i < span.prefix_count; ++i) fill(span.prefix_begin + i, prefix_begin + i);
    for (std::int32_t i = 0; i < span.own_count; ++i) fill(span.own_begin + i, own_begin + i);
    Attention a = in_.a;
    a.kv_stride = width;
    const Span cached{prefix_begin, span.prefix_count, own_begin, span.own_count};
    Floats out(index_of(s.q_heads * s.dim));
    attention(a, 1, &cached, in_.q() + t * a.q_stride, keys.data(), values.data(), out.data(), nullptr);
    ASSERT_TRUE(same_bits(out.data(), batch.out.data() + t * std::ssize(out), std::ssize(out)))
        << "row " << t;
  }
}

// The same keys as one run, or as prefix and own: where a span is cut changes no bits.
TEST_P(AttentionKernel, WhereASpanIsCutChangesNoBits) {
  const HeadShape s = in_.a.shape;
  const std::int64_t last = in_.rows() - 1, begin = in_.spans[index_of(last)].own_begin;
  Floats whole(index_of(s.q_heads * s.dim));
  const auto attend = [&](const Span& span, Floats& out) {
    attention(in_.a, 1, &span, in_.q() + last * in_.a.q_stride, in_.k(), in_.v(), out.data(), nullptr);
  };
  attend(in_.spans[index_of(last)], whole);
  const std::int32_t count = in_.spans.back().own_count;
  for (std::int32_t cut = 1; cut < count; ++cut) {
    Floats out(whole.size());
    const auto b = static_cast<std::int32_t>(begin);
    attend({b, cut, b + cut, count - cut}, out);
    ASSERT_TRUE(same_bits(out, whole)) << cut;
  }
}

// As decoding does it: the latest row of every sequence in one call, whose prompts lie in a cache in another
// order than the sequences do, each with as many own keys as it has by then.
TEST_P(AttentionKernel, ADecodingStepOfManySequencesHasTheSameBits) {
  const HeadShape s = in_.a.shape;
  const std::int64_t width = s.kv_heads * s.dim, out_width = s.q_heads * s.dim, rows = in_.rows();
  const Results batch = run(in_, d_out_);
  std::vector<std::int64_t> firsts;  // rows that begin a completion
  for (std::int64_t t = 0; t < rows; ++t) {
    const Span& span = in_.spans[index_of(t)];
    if (span.prefix_count > 0 && span.own_count == 1) firsts.push_back(t);
  }
  // Rows go to the cache turned round by blocks of a sequence: row t is in cache row place[t].
  std::vector<std::int32_t> place(index_of(rows));
  std::int64_t at = 3;
  for (std::int64_t end = rows, t = rows - 1; t >= 0; --t) {
    if (in_.spans[index_of(t)].own_count > 1) continue;
    for (std::int64_t i = t; i < end; ++i) place[index_of(i)] = static_cast<std::int32_t>(at++);
    end = t;
    at += 2;
  }
  Floats keys(index_of(at * width), NAN), values = keys;
  for (std::int64_t t = 0; t < rows; ++t) {
    std::copy_n(in_.k() + t * in_.a.kv_stride, width, keys.begin() + place[index_of(t)] * width);
    std::copy_n(in_.v() + t * in_.a.kv_stride, width, values.begin() + place[index_of(t)] * width);
  }
  Attention a = in_.a;
  a.q_stride = out_width;
  a.kv_stride = width;
  for (std::int64_t step = 0; step < 60; ++step) {
    std::vector<std::int64_t> fed;
    std::vector<Span> spans;
    Floats q;
    for (std::size_t i = 0; i < firsts.size(); ++i) {
      const std::int64_t row = firsts[i] + step * static_cast<std::int64_t>(1 + i);  // of differing lengths
      if (row >= rows || in_.spans[index_of(row)].own_begin != firsts[i]) continue;
      Span span = in_.spans[index_of(row)];
      span.prefix_begin = place[index_of(span.prefix_begin)];
      span.own_begin = place[index_of(span.own_begin)];
      spans.push_back(span);
      fed.push_back(row);
      q.insert(q.end(), in_.q() + row * in_.a.q_stride, in_.q() + row * in_.a.q_stride + out_width);
    }
    if (fed.empty()) break;
    Floats out(q.size());
    attention(a, std::ssize(fed), spans.data(), q.data(), keys.data(), values.data(), out.data(), nullptr);
    for (std::size_t i = 0; i < fed.size(); ++i) {
      ASSERT_TRUE(same_bits(out.data() + static_cast<std::int64_t>(i) * out_width,
                            batch.out.data() + fed[i] * out_width, out_width))
          << "row " << fed[i];
    }
  }
}

// Gradients of keys continue from one call to the next: the rows of a pack may come in parts.
TEST_P(AttentionKernel, GradientsInSeveralCallsHaveTheSameBits) {
  const Attention& a = in_.a;
  const std::int64_t out_width = a.shape.q_heads * a.shape.dim;
  const Results whole = run(in_, d_out_);
  Floats memory(in_.memory.size());
  for (std::int64_t begin = 0, end; begin < in_.rows(); begin = end) {
    for (end = begin + 1; end < in_.rows() && in_.spans[index_of(end)].own_count > 1;) ++end;
    attention_backward(a, end - begin, in_.spans.data() + begin, in_.q() + begin * a.q_stride, in_.k(),
                       in_.v(), whole.out.data() + begin * out_width,
                       whole.lse.data() + begin * a.shape.q_heads, d_out_.data() + begin * out_width,
                       memory.data() + in_.q_at + begin * a.q_stride, memory.data() + in_.k_at,
                       memory.data() + in_.v_at);
  }
  EXPECT_TRUE(same_bits(memory, whole.memory));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AttentionKernel,
    ::testing::Values(
        AttentionCase{"plain", {4, 4, 16}, 0, 0, true}, AttentionCase{"groups", {8, 2, 32}, 0, 0, true},
        AttentionCase{"groups_of_three", {6, 2, 16}, 0, 0, true},
        AttentionCase{"one_kv_head", {5, 1, 64}, 0, 0, false},
        AttentionCase{"dim_20", {4, 2, 20}, 0, 0, true}, AttentionCase{"dim_6", {3, 3, 6}, 0, 0, false},
        AttentionCase{"dim_128", {2, 1, 128}, 0, 0, true}, AttentionCase{"dim_100", {2, 2, 100}, 0, 0, true},
        AttentionCase{"dim_256", {2, 1, 256}, 0, 0, true}, AttentionCase{"window", {4, 2, 16}, 0, 5, true},
        AttentionCase{"window_of_one", {2, 2, 8}, 0, 1, true},
        AttentionCase{"softcap", {4, 2, 16}, 2.0f, 0, true},
        AttentionCase{"softcap_window_20", {4, 2, 20}, 5.0f, 11, false},
        AttentionCase{"large", {4, 4, 32}, 0, 0, true, true},
        AttentionCase{"large_groups_of_three", {6, 2, 20}, 0, 0, true, true},
        AttentionCase{"large_group_of_eight", {8, 1, 16}, 0, 0, false, true},
        AttentionCase{"large_window_40", {2, 1, 16}, 0, 40, true, true},
        AttentionCase{"large_softcap_window_100", {3, 1, 8}, 3.0f, 100, false, true}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

}  // namespace
}  // namespace hone::kernel
