// Figures beside their budgets, as Markdown; remembers whether one was broken.
#pragma once
#include <fmt/format.h>

#include <string>

namespace flm::bench {

class FigureTable {
 public:
  explicit FigureTable(const std::string& title) { fmt::print("\n### {}\n\n| figure | stock | budget | this build | |\n|---|---|---|---|---|\n", title); }

  /// A figure that must not be over its budget.
  void at_most(const std::string& name, const std::string& stock, double budget, double value, const std::string& unit) {
    row(name, stock, fmt::format("<= {:.6g} {}", budget, unit), value, unit, value <= budget);
  }
  /// A figure that must not be under its budget.
  void at_least(const std::string& name, const std::string& stock, double budget, double value, const std::string& unit) {
    row(name, stock, fmt::format(">= {:.6g} {}", budget, unit), value, unit, value >= budget);
  }
  /// A figure without a budget.
  void plain(const std::string& name, const std::string& stock, double value, const std::string& unit) {
    fmt::print("| {} | {} | | {:.6g} {} | |\n", name, stock, value, unit);
  }

  static inline int broken = 0;  ///< budgets broken in all tables

 private:
  static void row(const std::string& name, const std::string& stock, const std::string& budget, double value, const std::string& unit,
                  bool ok) {
    if (!ok) ++broken;
    fmt::print("| {} | {} | {} | {:.6g} {} | {} |\n", name, stock, budget, value, unit, ok ? "" : "**over budget**");
  }
};

}  // namespace flm::bench
