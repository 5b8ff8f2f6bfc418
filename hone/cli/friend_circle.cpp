#include "hone/cli/friend_circle.h"

#include "hone/cli/policy_scorer.h"
#include "hone/cli/snapshots.h"
#include "hone/config/check_friends.h"
#include "hone/web/endpoint_friend.h"

namespace hone {
namespace {

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
      return make_local_friend(std::move(local), [snapshots](std::int64_t step) -> Result<LocalModel> {
        HONE_TRY(const Speaker* judge, snapshots->at(step));
        return judge->parts();
      });
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
