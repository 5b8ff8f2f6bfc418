#include "hone/config/check_friends.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "hone/base/suggest.h"
#include "hone/config/fields.h"
#include "hone/config/judge_prompt.h"

namespace hone {
namespace {

bool is_word(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || others.find(c) != std::string_view::npos;
  });
}

bool is_variable(const std::string& name) {
  return is_word(name, "_") && std::isdigit(static_cast<unsigned char>(name[0])) == 0;
}

bool is_endpoint(std::string_view url) {
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return false;
  const std::string_view host = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
  // user:password@host would be written into the run's recipe.
  return !host.empty() && host.find('@') == std::string_view::npos &&
         url.find_first_of(" \t\r\n#") == std::string_view::npos;
}

// The key that belongs to another kind of friend and was given all the same.
const char* misplaced_key(const FriendOptions& judge) {
  const FriendOptions plain;
  const std::string& kind = judge.judge;
  if (kind != "model" && !judge.path.empty()) return "path";
  if (kind != "checkpoint" && judge.every != plain.every) return "every";
  if (kind != "model" && kind != "checkpoint") {
    if (judge.device != plain.device) return "device";
    if (judge.dtype != plain.dtype) return "dtype";
  }
  if (kind == "endpoint") return nullptr;
  if (!judge.url.empty()) return "url";
  if (!judge.model.empty()) return "model";
  if (!judge.key_env.empty()) return "key_env";
  if (!judge.cache.empty()) return "cache";
  return nullptr;
}

Result<void> check_endpoint(const FriendOptions& judge, const std::string& where) {
  if (!is_endpoint(judge.url)) {
    return Error{where, "an endpoint's url must be https://host… or http://host…, without a name or password",
                 judge.url.empty() ? "none" : "another"};
  }
  if (judge.model.empty()) return Error{where, "an endpoint must have the key model", "none"};
  if (!judge.key_env.empty() && !is_variable(judge.key_env))
    return Error{where, "key_env must name an environment variable, not hold the key",
                 "what is no such name"};
  return {};
}

Result<void> check_friend(const FriendOptions& judge, const std::string& where) {
  if (const char* key = misplaced_key(judge))
    return Error{where, fmt::format("the key {} belongs to another kind of friend", key), judge.judge};
  if (judge.judge == "model" && judge.path.empty())
    return Error{where, "a model must have the key path", "none"};
  if (judge.judge == "endpoint") HONE_TRY_VOID(check_endpoint(judge, where));
  const bool draws = judge.judge == "random" || (judge.verdict == "sampled" && judge.temperature > 0);
  if (judge.copies > 1 && !draws) {
    return Error{where, "copies differ only when they are sampled at a temperature above 0",
                 fmt::format("{} copies", judge.copies)};
  }
  return {};
}

Result<void> check_prompt(const VerifierOptions& entry, const std::string& where) {
  const std::set<std::string> known =
      entry.pairwise ? std::set<std::string>{"question", "a", "b", "rubric"}
                     : std::set<std::string>{"question", "answer", "reply", "completion", "rubric"};
  const std::string prompt = judge_prompt(entry);
  const std::vector<std::string> used = prompt_names(prompt);
  const auto has = [&](const char* name) { return std::find(used.begin(), used.end(), name) != used.end(); };
  for (const std::string& name : used) {
    if (!known.contains(name))
      return Error{where, fmt::format("the prompt may hold {{{}}}", fmt::join(known, "}, {")),
                   "{" + name + "}"};
  }
  if (entry.pairwise && !(has("a") && has("b")))
    return Error{where, "a pairwise prompt must hold {a} and {b}", render(prompt)};
  if (!entry.pairwise && !has("answer") && !has("reply") && !has("completion"))
    return Error{where, "the prompt must hold {answer}, {reply} or {completion}", render(prompt)};
  if (!entry.rubric.empty() && !has("rubric"))
    return Error{where, "the prompt must hold {rubric}, for there is one", render(prompt)};
  if (entry.rubric.empty() && has("rubric"))
    return Error{where, "a prompt with {rubric} needs the key rubric", "none"};
  if (entry.opponents % 2 != 0)
    return Error{where, "opponents must be even", std::to_string(entry.opponents)};
  return {};
}

bool has_keys_of_friends(const VerifierOptions& entry) {
  const VerifierOptions plain;
  return !entry.judges.empty() || !entry.prompt.empty() || !entry.rubric.empty() ||
         entry.score != plain.score || entry.pairwise || entry.opponents != plain.opponents ||
         entry.max_abstain != plain.max_abstain;
}

}  // namespace

const std::string& friend_name(const FriendOptions& judge) {
  return judge.name.empty() ? judge.judge : judge.name;
}

Result<void> check_friends(const Recipe& recipe, const Locate& locate) {
  const char* const friends_key = "friends";
  const char* const reward_key = "reward";
  const std::string friends = locate({&friends_key, 1}), reward = locate({&reward_key, 1});
  std::vector<std::string> names;
  for (const FriendOptions& judge : recipe.friends) {
    const std::string& name = friend_name(judge);
    if (!is_word(name, "._-") || name[0] == '.')
      return Error{friends, "a friend's name must be of letters, digits, _ and -, and . later on",
                   render(name)};
    if (std::find(names.begin(), names.end(), name) != names.end())
      return Error{friends, "must name a friend once (the key name tells two of a kind apart)", name};
    names.push_back(name);
    HONE_TRY_VOID(check_friend(judge, friends));
  }
  bool asked = false;
  for (const VerifierOptions& entry : recipe.reward.rubric) {
    if (entry.verifier != "friends") {
      if (has_keys_of_friends(entry)) {
        return Error{reward,
                     "judges, prompt, rubric, score, pairwise, opponents and max_abstain are of friends",
                     entry.verifier};
      }
      continue;
    }
    asked = true;
    if (recipe.friends.empty()) return Error{reward, "friends need a list `friends` of who is asked", "none"};
    for (const std::string& name : entry.judges) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      const std::string near = nearest(name, names);
      return Error{reward, "judges must be among the list `friends`",
                   near.empty() ? name : fmt::format("{} (did you mean {}?)", name, near)};
    }
    HONE_TRY_VOID(check_prompt(entry, reward));
  }
  if (!asked && !recipe.friends.empty())
    return Error{friends, "are asked by a verifier `friends` of the reward", "none there"};
  return {};
}

}  // namespace hone
