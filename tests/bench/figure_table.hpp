// Figures beside their budgets: printed as Markdown while they are measured, kept for the page
// (tests/bench/page).
#pragma once
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace flm::bench {

/// One measured value.
struct Figure {
  std::string key;  ///< name in the pages of figures
  std::string name;
  std::string stock;  ///< value of the shipped firmware, as text; empty: not known
  std::string unit;
  double value = 0.0;
  enum class Budget { none, at_most, at_least, within } kind = Budget::none;
  double budget = 0.0;

  [[nodiscard]] bool holds() const;  ///< false for NaN
  [[nodiscard]] std::string value_text() const;
  [[nodiscard]] std::string budget_text() const;
};

/// A line of a plot, or its band: y over x.
struct Curve {
  std::string name;
  std::vector<double> x, y;
};

/// A group of figures, or of curves over a common axis.
struct FigureSection {
  std::string key, title;
  std::vector<Figure> figures;
  std::vector<Curve> curves;
};

/// All sections that this program has measured so far.
std::vector<FigureSection>& sections();
/// Budgets broken in them.
int broken();
/// Writes them to a file for the page. Throws InputError.
void save(const std::filesystem::path& file);
/// Reads what save() wrote. Throws InputError.
std::vector<FigureSection> load(const std::filesystem::path& file);

/// Begins a section; each figure is printed when it comes.
class FigureTable {
 public:
  FigureTable(const std::string& key, const std::string& title);

  /// A figure that must not be over its budget.
  void at_most(const std::string& key, const std::string& name, const std::string& stock, double budget,
               double value, const std::string& unit) {
    add({key, name, stock, unit, value, Figure::Budget::at_most, budget});
  }
  /// A figure that must not be under its budget.
  void at_least(const std::string& key, const std::string& name, const std::string& stock, double budget,
                double value, const std::string& unit) {
    add({key, name, stock, unit, value, Figure::Budget::at_least, budget});
  }
  /// An error that must be within its budget, on either side.
  void within(const std::string& key, const std::string& name, const std::string& stock, double budget,
              double value, const std::string& unit) {
    add({key, name, stock, unit, value, Figure::Budget::within, budget});
  }
  /// A figure without a budget.
  void plain(const std::string& key, const std::string& name, const std::string& stock, double value,
             const std::string& unit) {
    add({key, name, stock, unit, value, Figure::Budget::none, 0.0});
  }
  /// A point of one of the section's curves.
  void point(const std::string& curve, double x, double y);

 private:
  void add(Figure figure);
  std::size_t section_;
};

}  // namespace flm::bench
