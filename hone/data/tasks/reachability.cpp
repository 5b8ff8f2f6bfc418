// Reachability in a directed graph, worked as a breadth-first walk: each visited node with the nodes it adds.
#include <algorithm>
#include <array>
#include <deque>

#include "hone/base/check.h"
#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

struct ReachabilityGrade {
  int nodes;
  double edges_per_node;
  int min_distance;  // of a reachable target, so that no single edge gives it away
};
constexpr std::array<ReachabilityGrade, 6> kReachabilityGrades = {
    {{4, 1.0, 1}, {5, 1.1, 2}, {7, 1.2, 2}, {10, 1.2, 3}, {14, 1.25, 3}, {20, 1.25, 4}}};

using Graph = std::vector<std::vector<int>>;  // successors, ascending

Graph random_graph(RandomStream& random, const ReachabilityGrade& g) {
  Graph graph(static_cast<std::size_t>(g.nodes));
  for (int left = static_cast<int>(g.nodes * g.edges_per_node + 0.5); left > 0;) {
    const auto from = static_cast<std::size_t>(random.below(graph.size()));
    const int to = static_cast<int>(random.below(graph.size()));
    auto& next = graph[from];
    if (to == static_cast<int>(from) || std::find(next.begin(), next.end(), to) != next.end()) continue;
    next.insert(std::upper_bound(next.begin(), next.end(), to), to);
    --left;
  }
  return graph;
}

// Steps from `start` to each node; -1 where there is no way.
std::vector<int> distances(const Graph& graph, int start) {
  std::vector<int> distance(graph.size(), -1);
  std::deque<int> queue = {start};
  distance[static_cast<std::size_t>(start)] = 0;
  for (; !queue.empty(); queue.pop_front()) {
    const auto node = static_cast<std::size_t>(queue.front());
    for (const int next : graph[node]) {
      auto& there = distance[static_cast<std::size_t>(next)];
      if (there >= 0) continue;
      there = distance[node] + 1;
      queue.push_back(next);
    }
  }
  return distance;
}

char node_letter(int node) { return static_cast<char>('A' + node); }

// "A:B,C;B:D;C:-": what each visited node adds, until the target is among it or nothing is left.
std::string walk(const Graph& graph, int start, int target) {
  std::vector<bool> seen(graph.size(), false);
  std::deque<int> queue = {start};
  seen[static_cast<std::size_t>(start)] = true;
  std::vector<std::string> steps;
  for (; !queue.empty(); queue.pop_front()) {
    std::vector<std::string> added;
    bool found = false;
    for (const int next : graph[static_cast<std::size_t>(queue.front())]) {
      if (seen[static_cast<std::size_t>(next)]) continue;
      seen[static_cast<std::size_t>(next)] = true;
      queue.push_back(next);
      added.emplace_back(1, node_letter(next));
      found = found || next == target;
    }
    steps.push_back(fmt::format("{}:{}", node_letter(queue.front()), added.empty() ? "-" : join(added, ",")));
    if (found) break;
  }
  return join(steps);
}

class Reachability final : public GradedTask {
 public:
  Reachability()
      : GradedTask({"reachability",
                    "whether a node of a directed graph can be reached from another",
                    "text",
                    static_cast<int>(kReachabilityGrades.size()),
                    {2, 3}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const ReachabilityGrade& g = kReachabilityGrades[static_cast<std::size_t>(grade - 1)];
    const bool reachable = random.below(2) == 1;
    for (int attempt = 0; attempt < 100000; ++attempt) {
      const Graph graph = random_graph(random, g);
      const int start = static_cast<int>(random.below(graph.size()));
      if (graph[static_cast<std::size_t>(start)].empty()) continue;
      std::vector<bool> entered(graph.size(), false);
      for (const auto& next : graph)
        for (const int to : next) entered[static_cast<std::size_t>(to)] = true;
      const std::vector<int> distance = distances(graph, start);
      std::vector<int> targets;
      for (int node = 0; node < g.nodes; ++node) {
        const auto n = static_cast<std::size_t>(node);
        // An unreachable target has an edge into it all the same: its absence from the list must not be the
        // sign.
        if (node != start && (reachable ? distance[n] >= g.min_distance : distance[n] < 0 && entered[n]))
          targets.push_back(node);
      }
      if (targets.empty()) continue;
      const int target = pick(random, targets);

      std::vector<std::string> edges;
      for (int from = 0; from < g.nodes; ++from)
        for (const int to : graph[static_cast<std::size_t>(from)])
          edges.push_back(fmt::format("{}>{}", node_letter(from), node_letter(to)));
      return {fmt::format("Edges: {}. Can {} reach {}?", join(edges, " "), node_letter(start),
                          node_letter(target)),
              reachable ? "yes" : "no", walk(graph, start, target), ""};
    }
    HONE_CHECK(false, "no graph of grade {} in 100000 draws", grade);
    return {};
  }
};

}  // namespace

std::unique_ptr<Task> make_reachability() { return std::make_unique<Reachability>(); }

}  // namespace hone
