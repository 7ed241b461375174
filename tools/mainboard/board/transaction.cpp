#include "tools/mainboard/board/transaction.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tools/mainboard/link/meanings.hpp"

namespace flm::mainboard {
namespace {

bool enables(const Message& setting) {
  const protocol::Property* row = find_property(setting.letter);
  return row != nullptr && row->role == protocol::Role::enable;
}

bool can_be_read(const Message& setting) {
  const protocol::Property* row = find_property(setting.letter);
  return row != nullptr && row->access != protocol::Access::set;
}

}  // namespace

void Transaction::set(const Message& setting, std::vector<std::uint32_t> before) {
  steps_.push_back({setting, std::move(before)});  // also if no answer comes: the board may have it
  board_.request(setting);
  ++sent_;
}

bool Transaction::try_set(const Message& setting) {
  const auto reply = board_.ask(setting);
  if (!reply || reply->values != setting.values) return false;
  steps_.push_back({setting, {}});
  ++sent_;
  return true;
}

void Transaction::read_back() {
  for (auto step = steps_.begin(); step != steps_.end(); ++step) {
    const Message& set = step->setting;
    const auto same = [&](const Step& other) {
      return other.setting.letter == set.letter && other.setting.index == set.index;
    };
    if (!can_be_read(set) || std::any_of(step + 1, steps_.end(), same)) continue;
    const std::vector<std::uint32_t> now = board_.get(set.letter, set.index);
    if (now != set.values)
      throw BoardRefused(fmt::format("{}: {} reads {} after it was set to {}", board_.name(), subject_of(set),
                                     fmt::join(now, " "), fmt::join(set.values, " ")));
  }
}

void Transaction::commit() {
  saving_ = true;
  board_.commit();
}

void Transaction::put_back() {
  std::vector<Message> back, enabling;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    // Of several values of one setting the oldest counts: it comes last here.
    auto& list = enables(step->setting) ? enabling : back;
    std::erase_if(list, [&](const Message& later) {
      return later.letter == step->setting.letter && later.index == step->setting.index;
    });
    if (!step->before.empty())
      list.push_back(set_message(step->setting.letter, step->setting.index, step->before));
  }
  for (const auto& list : {back, enabling})
    for (const Message& message : list) board_.request(message);
  if (saving_) board_.commit();
}

}  // namespace flm::mainboard
