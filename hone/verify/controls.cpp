// The verifiers that judge no answer: a cost of length, and a coin.
#include <string>

#include "hone/base/hash.h"
#include "hone/base/rng.h"
#include "hone/verify/verifiers.h"

namespace hone {
namespace {

class LengthVerifier : public Verifier {
 public:
  explicit LengthVerifier(double scale) : scale_(scale) {}
  std::string name() const override { return "length"; }
  bool judges_correctness() const override { return false; }
  Verdict verify(const Problem&, const Completion& completion) const override {
    const std::size_t tokens = completion.ids.size();
    return {VerdictStatus::kCorrect, -scale_ * static_cast<double>(tokens),
            std::to_string(tokens) + " tokens"};
  }

 private:
  double scale_;
};

class RandomVerifier : public Verifier {
 public:
  explicit RandomVerifier(std::uint64_t seed) : seed_(seed) {}
  std::string name() const override { return "random"; }
  bool judges_correctness() const override { return false; }
  Verdict verify(const Problem& problem, const Completion& completion) const override {
    std::string bytes;  // little-endian on every machine
    bytes.reserve(4 * completion.ids.size());
    for (const std::int32_t id : completion.ids) {
      for (int shift = 0; shift < 32; shift += 8) {
        bytes += static_cast<char>((static_cast<std::uint32_t>(id) >> shift) & 0xFF);
      }
    }
    const RandomKey key{seed_, Purpose::kRewardControl, hash64(bytes), problem.id, 0};
    const bool heads = random_uniform(key, 0) < 0.5;
    return {heads ? VerdictStatus::kCorrect : VerdictStatus::kWrong, heads ? 1.0 : 0.0, "a coin"};
  }

 private:
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Verifier> make_length_verifier(double scale) {
  return std::make_unique<LengthVerifier>(scale);
}
std::unique_ptr<Verifier> make_random_verifier(std::uint64_t seed) {
  return std::make_unique<RandomVerifier>(seed);
}

}  // namespace hone
