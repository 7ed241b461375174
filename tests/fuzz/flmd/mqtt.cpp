// What flmd takes from an MQTT broker, and the names that it sends there:
//   1. A sync answer is refused with what is allowed, or each of its blocks is one that can be.
//   2. A query is refused with what is allowed, or has a sensor and a time that does not run backwards.
//   3. A discovery message that the broker kept is none, or what takes it back is JSON that is no longer than
//   it.
//   4. Whatever a sensor is called, its configuration and discovery are JSON.
// The first byte chooses; of a query the topic's sensor comes first.
#include <set>
#include <stdexcept>

#include "tests/fuzz/promise.hpp"
#include "tools/flmd/mqtt/home_assistant.hpp"
#include "tools/flmd/mqtt/topics.hpp"

using namespace flm;
using namespace flm::flmd::mqtt;
using fuzz::promise;

namespace {

const std::string device = "9a3b6a0123456789abcdef0123456789", sid = "0123456789abcdef0123456789abcde1";

template <class Read>
void taken_or_refused(Read read, const char* what) {
  try {
    read();
  } catch (const std::invalid_argument& error) {
    promise(std::string_view(error.what()).find("; allowed: ") != std::string_view::npos, what, error.what());
  }
}

void sync_answer(const std::string& text) {
  taken_or_refused(
      [&] {
        const auto blocks = parse_sync_answer(text);
        promise(blocks.size() <= 64, "1: a block for each sensor");
        std::set<std::string> sensors;
        for (const BlockName& block : blocks) {
          promise(is_id(block.sid) && sensors.insert(block.sid).second, "1: sensors, each once");
          promise(block.rid >= 0 && block.bid >= 0 && block.bid % (1 << block.lvl) == 0,
                  "1: an aligned block");
          promise(later_blocks({block}, block).empty(), "1: a block is no later than itself");
        }
      },
      "1: a refusal says what is allowed");
}

void query(const std::string& text) {
  const std::size_t end = text.size() < 32 ? text.size() : 32;
  taken_or_refused(
      [&] {
        const Query asked = parse_query("/query/" + text.substr(0, end) + "/tmpo", text.substr(end));
        promise(is_id(asked.sid) && asked.from >= 0 && asked.from <= asked.to, "2: a sensor and a time");
        promise(query_answer_topic(asked).size() <= 80, "2: a short topic");
      },
      "2: a refusal says what is allowed");
}

void kept_discovery(const std::string& text) {
  const std::string topic = "homeassistant/device/flm_9a3b6a/config";
  const auto found = parse_discovery("homeassistant", device, topic, text);
  if (!found) return;
  const Gateway gateway = {device, "", "", "", ""};
  const Discovery now = discovery("homeassistant", gateway, {}, {});
  const std::string bare = discovery_payload(now.at(topic));
  const std::string back = discovery_payload(with_removals(now, {{topic, *found}}).at(topic));
  // {"p":"sensor"} for {}, at most.
  promise(back.size() <= bare.size() + 8 * text.size(), "3: what takes it back is not much longer");
  promise(nlohmann::json::accept(back), "3: what takes it back is JSON", back);
  const auto reduced = parse_discovery("homeassistant", device, topic, back);
  promise(reduced && with_removals(now, {{topic, *reduced}}) == now, "3: and is left out after that", back);
}

void name(const std::string& text) {
  flmd::SiteSensor sensor = {1, sid, text, "electricity", "analog", true, 0, true, {{"port", {text}}}, false};
  const std::string configuration = config_sensor(std::span(&sensor, 1));
  promise(nlohmann::json::accept(configuration), "4: a configuration is JSON", configuration);
  const Gateway gateway = {device, text, "", "", ""};
  for (const auto& [topic, message] : discovery("homeassistant", gateway, std::span(&sensor, 1), {}))
    promise(nlohmann::json::accept(discovery_payload(message)), "4: discovery is JSON", topic);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: sync_answer(text); break;
    case 1: query(text); break;
    case 2: kept_discovery(text); break;
    default: name(text);
  }
  return 0;
}
