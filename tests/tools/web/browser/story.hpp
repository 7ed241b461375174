// The entry of a program whose cases are a story in a browser.
#pragma once
#include <filesystem>
#include <functional>
#include <string>

namespace flm::browser {

/// What a story's command line gives; each program says which it needs.
struct StoryOptions {
  std::string program;           ///< --program: the daemon to start
  std::string scenario;          ///< --scenario: its board
  std::string address;           ///< --address: http://HOST:PORT of one that runs already
  std::filesystem::path folder;  ///< --folder: made anew, for pictures and logs; absolute
};

struct Story {
  std::string usage;  ///< options that it needs
  std::function<bool(const StoryOptions&)> has_all;
  std::function<void(const StoryOptions&)> begin;
  std::function<void()> end;  ///< whatever came before it
};

/// A program's whole run, and its status; 2 for options that are not enough. Options beside those above are
/// Catch's.
int run(const Story&, int argc, char** argv);

}  // namespace flm::browser
