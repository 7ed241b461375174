#include "tools/common/command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "tools/common/nearest.hpp"

namespace flm {
namespace {

/// The whole text as a number; nothing else before or after it.
template <class Number>
bool read(const std::string& text, Number& number) {
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto result = std::from_chars(begin, text.data() + text.size(), number);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size() && begin != result.ptr;
}

std::string plain(double number) {
  return number == std::floor(number) ? fmt::format("{:.0f}", number) : fmt::format("{}", number);
}

/// Names that may follow that command, its own commands and options first, then the options of the
/// commands around it; and whose they are.
std::vector<std::pair<std::string, const CLI::App*>> names_behind(const CLI::App& app) {
  std::vector<std::pair<std::string, const CLI::App*>> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.emplace_back(command->get_name(), &app);
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent())
    for (const CLI::Option* option : at->get_options())
      for (const std::string& name : option->get_lnames()) names.emplace_back("--" + name, at);
  return names;
}

/// The command that the line has come to: the last one that was named.
const CLI::App& command_of(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().back();
  return *at;
}

/// As it is typed: "flmctl calibrate zero".
std::string typed(const CLI::App& app) {
  return app.get_parent() != nullptr ? fmt::format("{} {}", typed(*app.get_parent()), app.get_name())
                                     : app.get_name();
}

/// "did you mean" for the first word that is nearly a name, where a word was not known; and whose help says
/// more, but for the program's own.
std::string suggestion(const CLI::App& command, int argc, const char* const* argv) {
  const auto names = names_behind(command);
  std::vector<std::string_view> views;
  for (const auto& [name, owner] : names) views.push_back(name);
  for (int i = 1; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string_view(argv[i]).find('='));
    if (std::find(views.begin(), views.end(), word) != views.end() || word.size() < 3) continue;
    bool passed = false;  // a command that the line went through
    for (const CLI::App* at = &command; at != nullptr; at = at->get_parent())
      passed = passed || at->get_name() == word;
    if (passed) continue;
    const auto meant = nearest(word, views);
    if (!meant) continue;
    const CLI::App& owner =
        *names[static_cast<std::size_t>(std::find(views.begin(), views.end(), *meant) - views.begin())]
             .second;
    return fmt::format(
        "'{}' is not known; did you mean '{}'?{}", word, *meant,
        owner.get_parent() != nullptr ? fmt::format(" '{} --help' says more", typed(owner)) : "");
  }
  return {};
}

/// Description of a word that is not a command or option, or that lacks a value; empty where the error says
/// it well.
std::string unknown_word(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string what = error.what();
    if (what.find(" required ") != what.npos && what.ends_with(" missing"))
      return fmt::format("{} has no value", what.substr(0, what.find(':')));
    return {};
  }
  const auto extras = app.remaining(true);
  if (extras.empty()) return {};
  std::vector<std::string> commands;
  for (const CLI::App* one : command.get_subcommands([](const CLI::App*) { return true; }))
    commands.push_back(one->get_name());
  if (extras.front().starts_with('-')) return fmt::format("'{}' is not known", extras.front());
  if (!commands.empty())
    return fmt::format("'{}' is not a command; allowed: {}", extras.front(), fmt::join(commands, ", "));
  return fmt::format("'{}' is one word too many", extras.front());
}

}  // namespace

CLI::Validator whole_number(std::int64_t low, std::int64_t high) {
  const std::string allowed = fmt::format("a whole number from {} to {}", low, high);
  return CLI::Validator(
      [=](std::string& text) {
        std::int64_t value = 0;
        if (read(text, value) && value >= low && value <= high) return std::string();
        return fmt::format("'{}' is not allowed; allowed: {}", text, allowed);
      },
      fmt::format("{} to {}", low, high));
}

CLI::Validator number(double low, double high) {
  const std::string allowed = fmt::format("a number from {} to {}", plain(low), plain(high));
  return CLI::Validator(
      [=](std::string& text) {
        double value = 0.0;
        if (read(text, value) && value >= low && value <= high) return std::string();
        const bool comma = text.find(',') != text.npos;
        return fmt::format("'{}' is not allowed; allowed: {}{}", text, allowed,
                           comma ? ", with a point" : "");
      },
      fmt::format("{} to {}", plain(low), plain(high)));
}

CLI::Validator one_of(std::vector<std::string> words) {
  const std::string allowed = fmt::format("{}", fmt::join(words, ", "));
  return CLI::Validator(
      [words, allowed](std::string& text) {
        if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
        std::string lower = text;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const auto meant = nearest(lower, std::vector<std::string_view>(words.begin(), words.end()));
        return fmt::format("'{}' is not known{}; allowed: {}", text,
                           meant && text.size() > 2 ? fmt::format(" (did you mean '{}'?)", *meant) : "",
                           allowed);
      },
      fmt::format("{{{}}}", fmt::join(words, ",")));
}

std::string usage_complaint(const CLI::App& app, const CLI::ParseError& error, int argc,
                            const char* const* argv) {
  const CLI::App& command = command_of(app);
  const bool unknown = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                       dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  const std::string meant = unknown ? suggestion(command, argc, argv) : std::string();
  if (!meant.empty()) return meant;
  if (const std::string what = unknown_word(app, command, error); !what.empty())
    return fmt::format("{}; '{} --help' says more", what, typed(command));
  return fmt::format("{}; '{} --help' says more", error.what(), typed(command));
}

}  // namespace flm
