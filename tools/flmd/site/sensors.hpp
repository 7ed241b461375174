// The sensors of a site: those of the board as the configuration has them, and a smart meter's registers as
// they appear.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/flmd/site/reading.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/flmd/site/state.hpp"

namespace flm::flmd {

class Sensors {
 public:
  /// Gives every sensor of the configuration its sid: the configuration's, else the state's, else a new one,
  /// which the state then has. One that the configuration gives to another number than the state is that
  /// number's from now on, and the former gets a new one: no two sensors write one history. `note`: a line
  /// for the log of each such change.
  Sensors(const Site&, State&, const std::function<void(const std::string&)>& note);

  /// The board's sensors anew, as another configuration has them; those that it does not give a sid keep
  /// theirs.
  void configure(const Site&, State&, const std::function<void(const std::string&)>& note);

  /// All, by number; sensor 6 of the board is the smart meter. Pointers to them stay right until the program
  /// ends; on_sensors() of subscribers is told of every change.
  [[nodiscard]] std::span<const SiteSensor> all() const { return sensors_; }
  [[nodiscard]] const SiteSensor* by_number(int number) const;
  [[nodiscard]] const SiteSensor* by_sid(std::string_view sid) const;
  /// Of a pulse sensor, thousandths of Wh or litre per pulse.
  [[nodiscard]] history::Milli constant(int number) const;

  /// The sensor of a smart meter's register ("import", "gas"); made, with the first free number from 7 on, if
  /// it is not there. nullptr when all 64 are taken; a number that has an id in the state is. `added`: it is
  /// new.
  const SiteSensor* of_register(std::string_view name, State&, bool& added);

  /// A kube's sensor, in place of the one of its number if there is one; a number from 7 on.
  const SiteSensor* put(SiteSensor);

 private:
  SiteSensor& add(int number);
  SiteSensor& add_register(std::string_view name, int number, const std::string& sid, int rid);

  std::vector<SiteSensor> sensors_;  ///< room for all 64 from the start, so that pointers stay
  std::vector<std::pair<int, history::Milli>> constants_;
};

/// A sensor's parameters as TMPO blocks have them (cfg): config/sensor's without enable and counter.
std::string block_parameters(const SiteSensor&, std::string_view unit);

}  // namespace flm::flmd
