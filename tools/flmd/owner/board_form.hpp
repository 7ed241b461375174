// The form of the Sensors page, and what it changes in a configuration's text.
#pragma once
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>

#include "tools/mainboard/config/config.hpp"

namespace flm::flmd {

/// What tools/flmd/page/README.md says of it: sensors 1 to 6, also those that the configuration does not
/// name. `sid_of`: a sensor's id by its number.
nlohmann::ordered_json board_form(const mainboard::Config&, const std::function<std::string(int)>& sid_of);

/// `text`, of which `config` was read, with what `form` says otherwise: tables of sensors that differ are
/// written anew, `phases` and `led` where they differ; every other line, comments too, stays as it is.
/// Whether a configuration may say so is for its reader to find. Throws web::HttpError 400 for JSON that is
/// no such form.
std::string with_form(const std::string& text, const mainboard::Config& config, const nlohmann::json& form);

/// A complaint of the configuration's reader about a text of with_form(), in the form's words:
/// "house.toml:12:
/// [[sensor]] key 'name' is ..." is "sensor 3: name is ...".
std::string in_words_of_form(std::string_view complaint, const std::string& text);

}  // namespace flm::flmd
