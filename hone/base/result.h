// Result<T>: a value, or an error that says where, which rule, and what was found instead.
//
// For what can be expected to fail: input, files, time-outs. Broken invariants throw (check.h).
// HONE_TRY(auto x, f()) unwraps a Result or returns its error from the enclosing function.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace hone {

struct Error {
  std::string where;  // file and place, or component: "model/config.json: hidden_size"
  std::string rule;   // what must hold: "must be a positive integer"
  std::string got;    // the offending value; empty where there is none to show

  // "[where] rule, got value", on one line.
  std::string message() const {
    std::string text = where.empty() ? rule : fmt::format("[{}] {}", where, rule);
    if (!got.empty()) text += ", got " + got;
    return text;
  }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Requires ok(); std::bad_variant_access otherwise.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Requires !ok().
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return error_.value(); }

 private:
  std::optional<Error> error_;
};

// Keeps only whether it worked.
template <class T>
Result<void> to_void(const Result<T>& result) {
  if (!result.ok()) return result.error();
  return {};
}

}  // namespace hone

#define HONE_CONCAT_(a, b) a##b
#define HONE_CONCAT(a, b) HONE_CONCAT_(a, b)

// HONE_TRY(declaration, expression): declares from the Result's value, or returns its error.
#define HONE_TRY(declaration, ...) HONE_TRY_(HONE_CONCAT(hone_result_, __LINE__), declaration, __VA_ARGS__)
#define HONE_TRY_(result, declaration, ...)   \
  auto result = (__VA_ARGS__);                \
  if (!result.ok()) return result.error();    \
  declaration = std::move(result).value()

// HONE_TRY_VOID(expression): the same for Result<void>.
#define HONE_TRY_VOID(...)                                                \
  do {                                                                    \
    if (auto hone_status = (__VA_ARGS__); !hone_status.ok()) return hone_status.error(); \
  } while (false)
