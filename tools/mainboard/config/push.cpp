// How settings are pushed: in the stock order, checked, and set back when it does not work out.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "firmware/metering/settings.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/config/plan.hpp"

namespace flm::ctl {
namespace {

struct Step {
  Setting setting;
  std::vector<std::uint32_t> value;
};

/// In the order of PropertyTable, after the sensors that a change concerns are disabled: their own, and of
/// all of them the ports that feed them.
std::vector<Step> steps_of(const Settings& current, const Settings& target) {
  const auto changes = differences(current, target);
  bool everything = false;
  std::set<int> touched;
  for (const Difference& change : changes) {
    if (change.setting.letter == 'p' || change.setting.letter == 'k') everything = true;
    if (change.setting.row().index == protocol::Index::sensor) touched.insert(change.setting.index);
  }
  std::vector<Step> steps, enable;
  for (int sensor = 0; sensor < metering::sensor_count; ++sensor) {
    const Setting setting{'e', sensor};
    if (!everything && !touched.contains(sensor)) continue;
    if (current.at(setting).at(0) != 0) steps.push_back({setting, {0}});
    if (target.at(setting).at(0) != 0) enable.push_back({setting, {1}});
  }
  for (const Difference& change : changes)
    if (change.setting.row().role != protocol::Role::enable) steps.push_back({change.setting, change.after});
  steps.insert(steps.end(), enable.begin(), enable.end());
  return steps;
}

/// Puts back what was set, last first; sensors are enabled again at the end.
void take_back(Board& board, const std::vector<Step>& done_steps, const Settings& current) {
  std::set<Setting> back;
  for (auto step = done_steps.rbegin(); step != done_steps.rend(); ++step) {
    const auto before = current.find(step->setting);
    if (before == current.end() || !back.insert(step->setting).second || step->setting.letter == 'e')
      continue;
    board.request(step->setting.set_to(before->second));
  }
  for (const Setting& setting : back)
    if (setting.letter == 'e') board.request(setting.set_to(current.at(setting)));
}

}  // namespace

void push(Board& board, const Settings& current, const Settings& target) {
  const std::vector<Step> steps = steps_of(current, target);
  std::vector<Step> sent;
  bool saving = false;
  const StopOnSignal stop;
  try {
    for (const Step& step : steps) {
      if (stopped()) throw Cancelled("cancelled");
      sent.push_back(step);
      board.request(step.setting.set_to(step.value));
    }
    std::vector<Setting> set;
    set.reserve(steps.size());
    for (const Step& step : steps) set.push_back(step.setting);
    const Settings now = read_settings(board, set);
    for (const auto& [setting, value] : now)
      if (value != target.at(setting))
        throw BoardRefused(fmt::format("{}: {} reads {} after it was set to {}", board.name(),
                                       describe(setting), describe(setting, value),
                                       describe(setting, target.at(setting))));
    if (stopped()) throw Cancelled("cancelled");
    saving = true;
    board.commit();
  } catch (const NoAnswer& error) {
    if (saving)
      throw NoAnswer(
          fmt::format("{}; all {} settings were sent, and the board was saving them: it has either them or "
                      "what it had ('flmctl config diff' tells)",
                      error.what(), steps.size()));
    throw NoAnswer(
        fmt::format("{}; {} of {} settings were sent and none saved: push again, or restart the board to "
                    "have it as it was",
                    error.what(), sent.empty() ? 0 : sent.size() - 1, steps.size()));
  } catch (const BoardRefused& error) {
    if (saving) throw;  // All is set, and works until the next reset.
    take_back(board, sent, current);
    throw BoardRefused(fmt::format("{}; the board was set back to what it had", error.what()));
  } catch (const Cancelled&) {
    take_back(board, sent, current);
    throw Cancelled("cancelled; the board was set back to what it had");
  }
}

}  // namespace flm::ctl
