// Topics of devices at a broker.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/history/series.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::server {

/// What a message is about.
struct Topic {
  enum class Kind : std::uint8_t { block, configuration, sync };
  Kind kind;
  std::string id;            ///< of the sensor for a block, else of the device
  int rid = 0;               ///< of a block
  history::BlockId block{};  ///< level and start as they were sent; whether they can be is the store's matter
};

/// Takes a topic apart. Throws InputError for one that is none of a device's, with what is wrong.
Topic topic_of(std::string_view topic);

}  // namespace flm::server
