#include "hone/cli/friend_circle.h"

#include <algorithm>
#include <charconv>

#include "hone/base/files.h"
#include "hone/cli/policy_scorer.h"
#include "hone/cli/speaker.h"
#include "hone/config/check_friends.h"
#include "hone/web/endpoint_friend.h"

namespace hone {
namespace {

// The policy as it was at the last multiple of `every` steps, on disk so that a resumed run finds it again.
//
//   <run>/friends/<name>/step-N/   a Hugging Face model directory
class Snapshots {
 public:
  Snapshots(const Recipe& recipe, const FriendOptions& asked, Model& policy, std::filesystem::path folder)
      : recipe_(recipe), asked_(asked), policy_(policy), folder_(std::move(folder)) {}

  Result<LocalModel> at(std::int64_t step) {
    const std::int64_t taken = asked_.every > 0 ? step / asked_.every * asked_.every : 0;
    if (!speaker_ || taken != step_) {
      speaker_.reset();  // before the next one takes as much memory
      const std::filesystem::path path = folder_ / fmt::format("step-{}", taken);
      HONE_TRY_VOID(keep(path, taken, step));
      HONE_TRY(speaker_,
               load_speaker(path, asked_, recipe_.data.prompt_format, recipe_.grpo.rollout.max_sequences));
      step_ = taken;
      remove_old();
    }
    return speaker_->parts();
  }

 private:
  Result<void> keep(const std::filesystem::path& path, std::int64_t taken, std::int64_t step) const {
    std::error_code ec;
    if (std::filesystem::exists(path, ec)) return {};
    if (taken != step) {
      return Error{path.string(), fmt::format("must hold the policy as it was after step {}", taken),
                   "no such folder"};
    }
    const std::filesystem::path unfinished = folder_ / "unfinished";
    std::filesystem::remove_all(unfinished, ec);
    std::filesystem::create_directories(unfinished, ec);
    if (ec) return Error{unfinished.string(), "must be a folder that can be made", ec.message()};
    HONE_TRY_VOID(policy_.policy->save(unfinished, policy_.eos_ids));
    HONE_TRY_VOID(save_companions(policy_, recipe_.model.path, unfinished.string()));
    return replace_folder(unfinished, path);
  }

  // What no resume can need: it goes back to a checkpoint, at most checkpoint.every steps ago.
  void remove_old() const {
    if (asked_.every == 0) return;
    const std::int64_t oldest = step_ - recipe_.checkpoint.every - asked_.every;
    std::error_code ec;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, ec)) {
      const std::string name = entry.path().filename().string();
      std::int64_t step = 0;
      if (!name.starts_with("step-")) continue;
      const auto [end, status] = std::from_chars(name.data() + 5, name.data() + name.size(), step);
      if (status != std::errc() || end != name.data() + name.size() || step >= oldest) continue;
      std::error_code ignored;  // it only takes room
      std::filesystem::remove_all(entry.path(), ignored);
    }
  }

  const Recipe& recipe_;
  const FriendOptions& asked_;
  Model& policy_;
  std::filesystem::path folder_;
  std::unique_ptr<Speaker> speaker_;
  std::int64_t step_ = 0;
};

class Circle : public FriendCircle {
 public:
  Circle(const Recipe& recipe, Model& model, Generator& generator, Environment& environment)
      : recipe_(recipe), model_(model), generator_(generator), environment_(environment) {}

  Result<void> prepare() {
    for (const FriendOptions& asked : recipe_.friends) {
      Seat seat{asked, nullptr, nullptr, {}};
      if (asked.judge == "model") {
        HONE_TRY(seat.speaker, load_speaker(asked.path, asked, "", recipe_.grpo.rollout.max_sequences));
      } else if (asked.judge == "endpoint") {
        HONE_TRY(seat.key, endpoint_key(asked));
      } else if (asked.judge != "random" && asked.verdict == "probability") {
        HONE_TRY(seat.scorer, make_policy_scorer(model_, asked.prefix));
      }
      seats_.push_back(std::move(seat));
    }
    return {};
  }

  Result<Friends> seat(const std::filesystem::path& run) override {
    Friends friends;
    std::uint32_t voters = 0;
    for (Seat& seat : seats_) {
      HONE_TRY(std::unique_ptr<Friend> one, make(seat, voters, run));
      voters += static_cast<std::uint32_t>(seat.asked.copies);
      friends.push_back(std::move(one));
    }
    return friends;
  }

 private:
  struct Seat {
    const FriendOptions& asked;
    std::unique_ptr<Speaker> speaker;     // model
    std::unique_ptr<YesNoScorer> scorer;  // self
    std::string key;                      // endpoint
  };

  Result<std::unique_ptr<Friend>> make(Seat& seat, std::uint32_t first_voter,
                                       const std::filesystem::path& run) {
    const FriendOptions& asked = seat.asked;
    LocalFriendOptions local{.name = friend_name(asked),
                             .copies = asked.copies,
                             .probability = asked.verdict == "probability",
                             .seed = recipe_.seed,
                             .first_voter = first_voter};
    local.sampling.max_new_tokens = asked.max_new_tokens;
    local.sampling.temperature = asked.temperature;
    if (asked.judge == "random") return make_random_friend(std::move(local));
    if (asked.judge == "endpoint") {
      EndpointOptions remote{
          .asked = asked, .name = friend_name(asked), .key = seat.key, .run = run.filename().string()};
      return make_endpoint_friend(
          std::move(remote), asked.cache.empty() ? run / "friends.db" : std::filesystem::path(asked.cache));
    }
    if (asked.judge == "checkpoint") {
      auto snapshots =
          std::make_shared<Snapshots>(recipe_, asked, model_, run / "friends" / friend_name(asked));
      return make_local_friend(std::move(local),
                               [snapshots](std::int64_t step) { return snapshots->at(step); });
    }
    const LocalModel parts =
        seat.speaker ? seat.speaker->parts() : LocalModel{&generator_, &environment_, seat.scorer.get()};
    return make_local_friend(std::move(local), [parts](std::int64_t) { return Result<LocalModel>(parts); });
  }

  const Recipe& recipe_;
  Model& model_;
  Generator& generator_;
  Environment& environment_;
  std::vector<Seat> seats_;
};

}  // namespace

Result<std::unique_ptr<FriendCircle>> FriendCircle::make(const Recipe& recipe, Model& model,
                                                         Generator& generator, Environment& environment) {
  auto circle = std::make_unique<Circle>(recipe, model, generator, environment);
  HONE_TRY_VOID(circle->prepare());
  return std::unique_ptr<FriendCircle>(std::move(circle));
}

}  // namespace hone
