#include "hone/web/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>
#include <vector>

namespace hone {
namespace {

using ::testing::HasSubstr;

TEST(ServeMetrics, CountsByLabel) {
  ServeMetrics metrics;
  metrics.count_request("/verify", 200, 0.002);
  metrics.count_request("/verify", 200, 0.2);
  metrics.count_request("other", 404, 0.0);
  metrics.count_verdict("math", "correct", 0.00005);
  metrics.count_verdict("math", "wrong", 100.0);
  std::string text = metrics.text();
  write_metric(text, "hone_rows_waiting", "gauge", "Rows that wait.", 7);
  for (const char* line : {
           "hone_requests_total{route=\"/verify\",status=\"200\"} 2\n",
           "hone_requests_total{route=\"other\",status=\"404\"} 1\n",
           "hone_request_seconds_bucket{route=\"/verify\",le=\"0.001\"} 0\n",
           "hone_request_seconds_bucket{route=\"/verify\",le=\"0.0025\"} 1\n",
           "hone_request_seconds_bucket{route=\"/verify\",le=\"+Inf\"} 2\n",
           "hone_request_seconds_sum{route=\"/verify\"} 0.202\n",
           "hone_request_seconds_count{route=\"/verify\"} 2\n",
           "hone_verdicts_total{verifier=\"math\",status=\"correct\"} 1\n",
           "hone_verdict_seconds_bucket{verifier=\"math\",le=\"0.0001\"} 1\n",
           "hone_verdict_seconds_bucket{verifier=\"math\",le=\"30\"} 1\n",
           "hone_verdict_seconds_bucket{verifier=\"math\",le=\"+Inf\"} 2\n",
           "# TYPE hone_verdict_seconds histogram\n",
           "hone_rows_waiting 7\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_EQ(metrics.requests(), 3);
  EXPECT_EQ(metrics.verdicts(), (std::map<std::string, std::int64_t>{{"correct", 1}, {"wrong", 1}}));
}

TEST(ServeMetrics, LabelsAreEscaped) {
  ServeMetrics metrics;
  metrics.count_request("a\"b\\c\nd", 200, 0.0);
  EXPECT_THAT(metrics.text(), HasSubstr(R"(hone_requests_total{route="a\"b\\c\nd",status="200"} 1)"));
}

// Families stand together, each after its HELP and TYPE, as the format asks.
TEST(ServeMetrics, FamiliesStandTogether) {
  ServeMetrics metrics;
  metrics.count_request("/a", 200, 0.1);
  metrics.count_verdict("math", "wrong", 0.1);
  std::string written = metrics.text();
  write_metric(written, "hone_workers", "gauge", "Rows judged at once.", 2);
  std::istringstream text(written);
  std::string line, family;
  std::vector<std::string> families;
  while (std::getline(text, line)) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      families.push_back(family);
    } else if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(line.starts_with("# TYPE " + family + " ")) << line;
    } else {
      EXPECT_TRUE(line.starts_with(family)) << line;
    }
  }
  EXPECT_THAT(families,
              ::testing::ElementsAre("hone_requests_total", "hone_request_seconds", "hone_verdicts_total",
                                     "hone_verdict_seconds", "hone_workers"));
}

TEST(ServeMetrics, ThreadsShareIt) {
  ServeMetrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) metrics.count_verdict("math", "wrong", 0.1);
      });
    }
  }
  EXPECT_EQ(metrics.verdicts().at("wrong"), 2000);
}

}  // namespace
}  // namespace hone
