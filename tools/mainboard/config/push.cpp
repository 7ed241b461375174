// How settings are pushed: in the stock order, checked, and set back when it does not work out.
#include <fmt/format.h>

#include <set>

#include "firmware/metering/settings.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/mainboard/board/transaction.hpp"
#include "tools/mainboard/config/plan.hpp"

namespace flm::mainboard {
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

}  // namespace

void push(Board& board, const Settings& current, const Settings& target) {
  const std::vector<Step> steps = steps_of(current, target);
  Transaction transaction(board);
  const auto check = [] {
    if (stopped()) throw Cancelled("cancelled");
  };
  try {
    for (const Step& step : steps) {
      check();
      const auto before = current.find(step.setting);
      transaction.set(step.setting.set_to(step.value),
                      before == current.end() ? std::vector<std::uint32_t>{} : before->second);
    }
    transaction.read_back();
    check();
    transaction.commit();
  } catch (const NoAnswer& error) {
    if (transaction.saving())
      throw NoAnswer(
          fmt::format("{}; all {} settings were sent, and the board was saving them: it has either them or "
                      "what it had ('flmctl config diff' tells)",
                      error.what(), steps.size()));
    throw NoAnswer(
        fmt::format("{}; {} of {} settings were sent and none saved: push again, or restart the board to "
                    "have it as it was",
                    error.what(), transaction.sent(), steps.size()));
  } catch (const BoardRefused& error) {
    if (transaction.saving()) throw;  // All is set, and works until the next reset.
    transaction.put_back();
    throw BoardRefused(fmt::format("{}; the board was set back to what it had", error.what()));
  } catch (const Cancelled&) {
    transaction.put_back();
    throw Cancelled("cancelled; the board was set back to what it had");
  }
}

}  // namespace flm::mainboard
