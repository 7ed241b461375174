// The configuration's file as the Sensors page changes it.
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "tools/flmd/owner/owner.hpp"
#include "tools/flmd/site/sensors.hpp"
#include "tools/flmd/site/site.hpp"

namespace flm::flmd {

class Configuration {
 public:
  /// `changed` is given the configuration that was written, before the request is answered. `log`: a line for
  /// each change.
  Configuration(std::filesystem::path file, const Sensors& sensors, std::function<void(Site)> changed,
                std::function<void(const std::string&)> log);

  ///     GET /api/config   the form (board_form.hpp) with `revision`; 409: the file is not right
  ///     PUT /api/config   204: written and taken over. 400 with what is wrong and what is allowed; 403: the
  ///                       file cannot be written; 409: it is not what `revision` was given for
  ///
  /// The file is checked whole before it is written, and written whole or not at all.
  void add_routes(web::Router&, const Guard&);

 private:
  struct File {
    std::string text;
    Site site;
  };
  [[nodiscard]] File read() const;
  [[nodiscard]] nlohmann::ordered_json form(const File&) const;
  web::Response change(const web::Request&);
  void write(const std::string& text) const;

  std::filesystem::path file_;
  const Sensors& sensors_;
  std::function<void(Site)> changed_;
  std::function<void(const std::string&)> log_;
};

}  // namespace flm::flmd
