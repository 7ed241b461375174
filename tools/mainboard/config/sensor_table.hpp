// [[sensor]] tables of a scenario or a configuration: what a main board would configure, checked against what
// a board can be.
#pragma once
#include <string>
#include <vector>

#include "tools/common/toml_reader.hpp"
#include "tools/mainboard/config/sensor.hpp"
#include "tools/mainboard/link/board_facts.hpp"

namespace flm {

/// analog, pulse, p1; electricity, gas, water
const std::vector<std::string_view>& sensor_class_names();
const std::vector<std::string_view>& sensor_type_names();

/// The keys of a [[sensor]] table that read_sensor() reads.
const std::vector<std::string_view>& sensor_keys();

/// Question about a value that is possible but unlikely: a pulse of 100 Wh or more. Empty: no question.
std::string question_about(const Sensor&);

/// The sensor of a table, checked against those before it: each stands once, a port feeds one of them, ports
/// that are switched together are all clamps or all pulse inputs. `default_ports`: where the table says none;
/// empty: it must. Throws InputError.
Sensor read_sensor(const TableReader&, const mainboard::BoardFacts&, const std::vector<Sensor>& before,
                   const std::vector<int>& default_ports = {});

}  // namespace flm
