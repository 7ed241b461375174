// A request of an account that is known.
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/flmserver/site/site.hpp"

namespace flm::server {

struct Site::Visit {
  Database& database;
  const web::Request& request;
  std::int64_t now;
  bool secure;
  Account self;
  Accounts accounts{database};

  /// A device of one's own, named by the path. Throws HttpError 404.
  Device device();
  /// A sensor of one's own, named by the path. Throws HttpError 404.
  Sensor sensor();
};

/// An account of the path, by its uid. Throws HttpError 404.
std::int64_t uid_of_path(const web::Request&);

/// A job whose InputError is answered 400, as what a user wrote.
Job for_user(Job);

}  // namespace flm::server
