// Dates of the proleptic Gregorian calendar, by steps that a person would write down: months (then years)
// used up one at a time, and weekdays from the count of days since 1 January of the year 1, a Monday.
#include <array>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

constexpr int kCalendarGradeCount = 6;
constexpr std::array<const char*, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};

struct Date {
  int year = 1, month = 1, day = 1;
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
int days_in_year(int year) { return is_leap(year) ? 366 : 365; }
int days_in_month(int year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

std::string spell(const Date& d) { return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day); }

Date random_date(RandomStream& random, int first_year, int last_year) {
  Date d;
  d.year = static_cast<int>(random.between(first_year, last_year));
  d.month = static_cast<int>(random.between(1, 12));
  d.day = static_cast<int>(random.between(1, days_in_month(d.year, d.month)));
  return d;
}

// The day of the year, with the sum that gives it where there is one: "day 31+29+10=70".
int day_of_year(const Date& d, std::vector<std::string>& steps) {
  int total = d.day;
  std::string sum;
  for (int month = 1; month < d.month; ++month) {
    total += days_in_month(d.year, month);
    sum += fmt::format("{}+", days_in_month(d.year, month));
  }
  steps.push_back(sum.empty() ? fmt::format("day {}", total) : fmt::format("day {}{}={}", sum, d.day, total));
  return total;
}

// Uses up months from `day` days after the last day before `year`-`month`: "2024-02 has 29;55-29=26".
Date settle_months(int year, int month, int day, std::vector<std::string>& steps) {
  for (;;) {
    const int length = days_in_month(year, month);
    steps.push_back(fmt::format("{:04}-{:02} has {}", year, month, length));
    if (day <= length) return {year, month, day};
    steps.push_back(fmt::format("{}-{}={}", day, length, day - length));
    day -= length;
    if (++month > 12) month = 1, ++year;
  }
}

class Calendar final : public GradedTask {
 public:
  Calendar()
      : GradedTask({"calendar",
                    "days after a date, days between dates, weekdays",
                    "text",
                    kCalendarGradeCount,
                    {1, 2}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    switch (grade) {
      case 1:
        return weekday_after(random);
      case 2:
        return date_after(random, 2000, 2049, 31);
      case 3:
        return date_after(random, 1900, 2099, 150);
      case 4:
        return weekday_of(random_date(random, 1900, 2099));
      case 5:
        return days_between(random);
      default:
        return random.below(2) == 0 ? far_date(random) : weekday_of(random_date(random, 1583, 2999));
    }
  }

  static Draft weekday_after(RandomStream& random) {
    const std::size_t start = random.below(7);
    const auto days = static_cast<std::size_t>(random.between(1, 365));
    std::vector<std::string> steps = {fmt::format("{}={}*7+{}", days, days / 7, days % 7)};
    std::size_t day = start;
    for (std::size_t i = 0; i < days % 7; ++i) {
      day = (day + 1) % 7;
      steps.push_back(fmt::format("+{} {}", i + 1, kWeekdays[day]));
    }
    return {fmt::format("Which weekday is {} days after {}?", days, kWeekdays[start]), kWeekdays[day],
            join(steps), ""};
  }

  static Draft date_after(RandomStream& random, int first_year, int last_year, int most_days) {
    const Date from = random_date(random, first_year, last_year);
    const int days = static_cast<int>(random.between(1, most_days));
    std::vector<std::string> steps = {fmt::format("{}+{}={}", from.day, days, from.day + days)};
    const Date to = settle_months(from.year, from.month, from.day + days, steps);
    return {fmt::format("Which date is {} days after {}?", days, spell(from)), spell(to), join(steps), ""};
  }

  // Years first, then months.
  static Draft far_date(RandomStream& random) {
    const Date from = random_date(random, 1583, 2999);
    const int days = static_cast<int>(random.between(366, 3000));
    std::vector<std::string> steps;
    int day = day_of_year(from, steps), year = from.year;
    steps.push_back(fmt::format("{}+{}={}", day, days, day + days));
    for (day += days;; ++year) {
      const int length = days_in_year(year);
      steps.push_back(fmt::format("{:04} has {}", year, length));
      if (day <= length) break;
      steps.push_back(fmt::format("{}-{}={}", day, length, day - length));
      day -= length;
    }
    const Date to = settle_months(year, 1, day, steps);
    return {fmt::format("Which date is {} days after {}?", days, spell(from)), spell(to), join(steps), ""};
  }

  // With y whole years before, 365y + y/4 - y/100 + y/400 + day days have gone, and 365 leaves 1 modulo 7.
  static Draft weekday_of(const Date& date) {
    std::vector<std::string> steps;
    const int day = day_of_year(date, steps), y = date.year - 1;
    const int sum = y + y / 4 - y / 100 + y / 400 + day;
    steps.push_back(fmt::format("{}/4={};{}/100={};{}/400={}", y, y / 4, y, y / 100, y, y / 400));
    steps.push_back(fmt::format("{}+{}-{}+{}+{}={}", y, y / 4, y / 100, y / 400, day, sum));
    steps.push_back(fmt::format("{}={}*7+{}", sum, sum / 7, sum % 7));
    const char* name = kWeekdays[static_cast<std::size_t>(sum % 7)];
    steps.push_back(fmt::format("{}={}", sum % 7, name));
    return {fmt::format("Which weekday is {}?", spell(date)), name, join(steps), ""};
  }

  static Draft days_between(RandomStream& random) {
    Date from = random_date(random, 1900, 2099), to = from;
    to.year += static_cast<int>(random.between(0, 2));
    to.month = static_cast<int>(random.between(1, 12));
    to.day = static_cast<int>(random.between(1, days_in_month(to.year, to.month)));
    if (spell(to) < spell(from)) std::swap(from, to);
    std::vector<std::string> steps;
    const int first = day_of_year(from, steps);
    int last = day_of_year(to, steps);
    for (int year = from.year; year < to.year; ++year) {
      const int length = days_in_year(year);
      steps.push_back(fmt::format("{:04} has {};{}+{}={}", year, length, last, length, last + length));
      last += length;
    }
    steps.push_back(fmt::format("{}-{}={}", last, first, last - first));
    return {fmt::format("How many days from {} to {}?", spell(from), spell(to)), std::to_string(last - first),
            join(steps), ""};
  }
};

}  // namespace

std::unique_ptr<Task> make_calendar() { return std::make_unique<Calendar>(); }

}  // namespace hone
