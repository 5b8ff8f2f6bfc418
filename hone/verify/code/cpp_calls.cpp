#include "hone/verify/code/harness.h"

namespace hone {
namespace {

constexpr const char* kBefore = R"(#define main hone_other_main
#line 1 "main.cpp"
)";
constexpr const char* kAfter = R"(
#undef main
#include "hone_calls.h"
#line 1 "calls"
int main() {
  hone_harness::out = ::fdopen(4, "w");
  if (!hone_harness::out) return 1;
)";

// Everything lies in a namespace of its own and is reached by full names: it may stand before the program's
// text or after it. What is not a template is inline, so that a program pays for what it uses alone.
constexpr const char* kHarness =
    R"CPP(#ifndef HONE_CALLS_H
#define HONE_CALLS_H
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

          namespace hone_harness {

          // The arguments, as JSON that hone wrote: nothing but well-formed.
          struct Reader {
            const char* at;
            char next() {
              while (*at == ' ') ++at;
              return *at;
            }
            bool take(char c) {
              if (next() != c) return false;
              ++at;
              return true;
            }
            void need(char c) {
              if (!take(c)) fail("another shape");
            }
            [[noreturn]] static void fail(const char* why);
            ::std::string text() {
              need('"');
              ::std::string out;
              while (*at != '"') {
                char c = *at++;
                if (c != '\\') {
                  out += c;
                  continue;
                }
                c = *at++;
                if (c == 'u') {
                  unsigned code = 0;
                  for (int i = 0; i < 4; ++i, ++at) code = code * 16 + (*at <= '9' ? *at - '0' : (*at | 32) - 'a' + 10);
                  out += static_cast<char>(code);  // only control characters are written so
                } else {
                  out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
                }
              }
              ++at;
              return out;
            }
          };

          inline FILE* out;
          inline void Reader::fail(const char* why) {
            ::std::fprintf(out, "{\"e\":\"an argument has %s than the parameter\"}\n", why);
            ::std::fflush(out);
            ::std::_Exit(0);
          }

          template <class T, class = void>
          struct Read;
          template <class T>
          T read(Reader& r) {
            return Read<T>::get(r);
          }

          template <>
          struct Read<bool> {
            static bool get(Reader& r) {
              const bool yes = r.next() == 't';
              if (!yes && *r.at != 'f') Reader::fail("another type");
              r.at += yes ? 4 : 5;
              return yes;
            }
          };
          template <>
          struct Read<char> {
            static char get(Reader& r) {
              const ::std::string text = r.text();
              if (text.size() != 1) Reader::fail("another length");
              return text[0];
            }
          };
          template <class T>
          struct Read<T, ::std::enable_if_t<::std::is_arithmetic_v<T>>> {
            static T get(Reader& r) {
              r.next();
              char* end = nullptr;
              T value;
              if constexpr (::std::is_floating_point_v<T>)
                value = static_cast<T>(::std::strtold(r.at, &end));
              else if constexpr (::std::is_signed_v<T>)
                value = static_cast<T>(::std::strtoll(r.at, &end, 10));
              else
                value = static_cast<T>(::std::strtoull(r.at, &end, 10));
              if (end == r.at || *end == '.' || *end == 'e' || *end == 'E') Reader::fail("another type");
              r.at = end;
              return value;
            }
          };
          template <>
          struct Read<::std::string> {
            static ::std::string get(Reader& r) { return r.text(); }
          };
          template <>
          struct Read<const char*> {
            static const char* get(Reader& r) { return (new ::std::string(r.text()))->c_str(); }
          };
          template <>
          struct Read<char*> {
            static char* get(Reader& r) { return (new ::std::string(r.text()))->data(); }
          };

          template <class List>
          List read_list(Reader& r) {
            List list;
            r.need('[');
            if (r.take(']')) return list;
            do list.insert(list.end(), read<typename List::value_type>(r));
            while (r.take(','));
            r.need(']');
            return list;
          }
          // A map's keys are texts in JSON, and may be numbers in C++.
          template <class Map>
          Map read_map(Reader& r) {
            Map map;
            r.need('{');
            if (r.take('}')) return map;
            do {
              const ::std::string key = r.text();
              r.need(':');
              if constexpr (::std::is_same_v<typename Map::key_type, ::std::string>) {
                map[key] = read<typename Map::mapped_type>(r);
              } else {
                Reader inner{key.c_str()};
                auto typed = read<typename Map::key_type>(inner);
                map[typed] = read<typename Map::mapped_type>(r);
              }
            } while (r.take(','));
            r.need('}');
            return map;
          }
          template <class... A>
          struct Read<::std::vector<A...>> {
            static auto get(Reader& r) { return read_list<::std::vector<A...>>(r); }
          };
          template <class... A>
          struct Read<::std::deque<A...>> {
            static auto get(Reader& r) { return read_list<::std::deque<A...>>(r); }
          };
          template <class... A>
          struct Read<::std::list<A...>> {
            static auto get(Reader& r) { return read_list<::std::list<A...>>(r); }
          };
          template <class... A>
          struct Read<::std::set<A...>> {
            static auto get(Reader& r) { return read_list<::std::set<A...>>(r); }
          };
          template <class... A>
          struct Read<::std::unordered_set<A...>> {
            static auto get(Reader& r) { return read_list<::std::unordered_set<A...>>(r); }
          };
          template <class... A>
          struct Read<::std::map<A...>> {
            static auto get(Reader& r) { return read_map<::std::map<A...>>(r); }
          };
          template <class... A>
          struct Read<::std::unordered_map<A...>> {
            static auto get(Reader& r) { return read_map<::std::unordered_map<A...>>(r); }
          };
          template <class T, ::std::size_t N>
          struct Read<::std::array<T, N>> {
            static ::std::array<T, N> get(Reader& r) {
              const auto list = read<::std::vector<T>>(r);
              if (list.size() != N) Reader::fail("another length");
              ::std::array<T, N> out{};
              for (::std::size_t i = 0; i < N; ++i) out[i] = list[i];
              return out;
            }
          };
          template <class... T>
          struct Read<::std::tuple<T...>> {
            static ::std::tuple<T...> get(Reader& r) {
              ::std::size_t i = 0;
              r.need('[');
              ::std::tuple<T...> out{(static_cast<void>(i++ > 0 ? r.need(',') : void()), read<T>(r))...};
              r.need(']');
              return out;
            }
          };
          template <class A, class B>
          struct Read<::std::pair<A, B>> {
            static ::std::pair<A, B> get(Reader& r) {
              auto both = read<::std::tuple<A, B>>(r);
              return {::std::get<0>(both), ::std::get<1>(both)};
            }
          };
          template <class T>
          struct Read<::std::optional<T>> {
            static ::std::optional<T> get(Reader& r) {
              if (r.next() != 'n') return read<T>(r);
              r.at += 4;
              return ::std::nullopt;
            }
          };

          inline void put(bool x) { ::std::fputs(x ? "true" : "false", out); }
          inline void put_text(const char* text, ::std::size_t size) {
            ::std::fputc('"', out);
            for (::std::size_t i = 0; i < size; ++i) {
              const unsigned char c = static_cast<unsigned char>(text[i]);
              if (c < 0x20 || c == '"' || c == '\\')
                ::std::fprintf(out, "\\u%04x", c);
              else
                ::std::fputc(c, out);
            }
            ::std::fputc('"', out);
          }
          inline void put(char x) { put_text(&x, 1); }
          inline void put(const ::std::string& x) { put_text(x.data(), x.size()); }
          inline void put(const char* x) { x ? put(::std::string(x)) : static_cast<void>(::std::fputs("null", out)); }
          template <class T>
          ::std::enable_if_t<::std::is_integral_v<T>> put(T x) {
            if constexpr (::std::is_signed_v<T>)
              ::std::fprintf(out, "%lld", static_cast<long long>(x));
            else
              ::std::fprintf(out, "%llu", static_cast<unsigned long long>(x));
          }
          template <class T>
          ::std::enable_if_t<::std::is_floating_point_v<T>> put(T x) {
            if (::std::isnan(x))
              ::std::fputs("{\"f\":\"nan\"}", out);
            else if (::std::isinf(x))
              ::std::fputs(x > 0 ? "{\"f\":\"inf\"}" : "{\"f\":\"-inf\"}", out);
            else
              ::std::fprintf(out, "%.20Le", static_cast<long double>(x));
          }
          template <class A, class B>
          void put(const ::std::pair<A, B>& x);
          template <class... T>
          void put(const ::std::tuple<T...>& x);
          template <class T>
          void put(const ::std::optional<T>& x);
          template <class T, class = void>
          struct IsMap : ::std::false_type {};
          template <class T>
          struct IsMap<T, ::std::void_t<typename T::mapped_type>> : ::std::true_type {};
          template <class List>
          auto put(const List& list) -> ::std::void_t<typename List::value_type, decltype(list.begin())> {
            if constexpr (IsMap<List>::value) ::std::fputs("{\"d\":", out);
            ::std::fputc('[', out);
            bool first = true;
            for (const auto& item : list) {
              if (!first) ::std::fputc(',', out);
              first = false;
              if constexpr (IsMap<List>::value) {
                ::std::fputc('[', out);
                put(item.first);
                ::std::fputc(',', out);
                put(item.second);
                ::std::fputc(']', out);
              } else {
                put(static_cast<const typename List::value_type&>(item));
              }
            }
            ::std::fputc(']', out);
            if constexpr (IsMap<List>::value) ::std::fputc('}', out);
          }
          template <class... T>
          void put(const ::std::tuple<T...>& x) {
            ::std::fputc('[', out);
            bool first = true;
            ::std::apply(
                [&](const T&... item) {
                  ((first ? void() : void(::std::fputc(',', out)), first = false, put(item)), ...);
                },
                x);
            ::std::fputc(']', out);
          }
          template <class A, class B>
          void put(const ::std::pair<A, B>& x) {
            put(::std::tuple<A, B>(x.first, x.second));
          }
          template <class T>
          void put(const ::std::optional<T>& x) {
            x ? put(*x) : static_cast<void>(::std::fputs("null", out));
          }

          template <class R, class... A, class F>
          void call_with(const F& function, const char* args) {
            Reader r{args};
            ::std::size_t i = 0;
            r.need('[');
            ::std::tuple<::std::decay_t<A>...> values{
                (static_cast<void>(i++ > 0 ? r.need(',') : void()), read<::std::decay_t<A>>(r))...};
            r.need(']');
            const auto invoke = [&](auto&... value) -> R { return function(static_cast<A>(value)...); };
            if constexpr (::std::is_void_v<R>) {
              ::std::apply(invoke, values);
              ::std::fputs("{\"v\":null}\n", out);
            } else {
              const ::std::decay_t<R> result = ::std::apply(invoke, values);
              ::std::fputs("{\"v\":", out);
              put(result);
              ::std::fputs("}\n", out);
            }
            ::std::fflush(out);
          }
          template <class R, class... A>
          void call(R (*function)(A...), const char* args) {
            call_with<R, A...>(function, args);
          }
          template <class S, class R, class... A>
          void call(R (S::*method)(A...), const char* args) {
            S object{};
            call_with<R, A...>([&](A... a) -> R { return (object.*method)(static_cast<A>(a)...); }, args);
          }
          template <class S, class R, class... A>
          void call(R (S::*method)(A...) const, const char* args) {
            S object{};
            call_with<R, A...>([&](A... a) -> R { return (object.*method)(static_cast<A>(a)...); }, args);
          }

          }  // namespace hone_harness
#endif
)CPP";

constexpr const char* kJavaScript = R"JS('use strict';
const fs = require('fs');
const write = (record) => {
  const data = Buffer.from(JSON.stringify(record) + '\n');
  for (let at = 0; at < data.length;) at += fs.writeSync(3, data, at);
};
const plain = (x, depth) => {
  if (depth > 200) throw new TypeError('nested too deeply');
  if (x === null || x === undefined) return null;
  if (typeof x === 'number') return Number.isFinite(x) ? x : {f: Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf'};
  if (typeof x === 'boolean' || typeof x === 'string') return x;
  if (Array.isArray(x)) return Array.from(x, (item) => plain(item, depth + 1));
  if (x instanceof Set) return {s: Array.from(x, (item) => plain(item, depth + 1))};
  const pairs = x instanceof Map ? Array.from(x) : Object.getPrototypeOf(x) === Object.prototype ||
      Object.getPrototypeOf(x) === null ? Object.entries(x) : undefined;
  if (typeof x !== 'object' || pairs === undefined) throw new TypeError(typeof x + ' is no plain data');
  return {d: pairs.map(([k, v]) => [plain(k, depth + 1), plain(v, depth + 1)])};
};
const spec = JSON.parse(fs.readFileSync('cases.json', 'utf8'));
const run = () => {
  const source = fs.readFileSync('main.js', 'utf8');
  const name = spec.entry_point;
  const get = `;typeof ${name} !== 'undefined' ? ${name} : module.exports.${name} || module.exports`;
  const module = {exports: {}};
  globalThis.module = module;
  globalThis.exports = module.exports;
  globalThis.require = require;
  let called;
  try {
    called = new (require('vm').Script)(source + '\n' + get, {filename: 'main.js'}).runInThisContext();
    if (typeof called !== 'function') throw new TypeError(name + ' is not defined');
  } catch (error) {
    write({e: String(error)});
    process.exit(0);
  }
  for (const one of spec.cases) {
    try {
      write({v: plain(called(...one.args), 0)});
    } catch (error) {
      write({e: String(error).slice(0, 500)});
    }
  }
  process.exit(0);
};
run();
)JS";

std::string cpp_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string cpp_calls_main(const CallTests& tests, const std::string& code) {
  // A method is reached through its class. Which it is, the text of the program says well enough.
  const bool method =
      code.find("class Solution") != std::string::npos || code.find("struct Solution") != std::string::npos;
  const std::string function = (method ? "&Solution::" : "&::") + tests.entry_point;
  std::string out = kBefore + code + kAfter;
  for (const CallTests::Case& one : tests.cases) {
    out += "  hone_harness::call(" + function + ", " + cpp_text(to_json(one.args)) + ");\n";
  }
  return out + "  ::std::_Exit(0);\n}\n";
}

std::string cpp_calls_header() { return kHarness; }

std::string javascript_calls() { return kJavaScript; }

}  // namespace hone
