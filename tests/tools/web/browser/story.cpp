#include "tests/tools/web/browser/story.hpp"

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <iostream>

namespace flm::browser {

int run(const Story& story, int argc, char** argv) {
  Catch::Session session;
  StoryOptions options;
  std::string folder;
  using Catch::clara::Opt;
  session.cli(session.cli() | Opt(options.program, "program")["--program"]("the daemon to start") |
              Opt(options.scenario, "toml")["--scenario"]("its board") |
              Opt(options.address, "http://host:port")["--address"]("of one that runs already") |
              Opt(folder, "folder")["--folder"]("made anew, for pictures and logs"));
  if (const int error = session.applyCommandLine(argc, argv); error != 0) return error;
  const std::string name = std::filesystem::path(argv[0]).filename();
  if (folder.empty() || !story.has_all(options)) {
    std::cerr << name << ": " << story.usage << " --folder FOLDER\n";
    return 2;
  }
  int status = 1;
  try {
    options.folder = std::filesystem::absolute(folder);
    std::filesystem::remove_all(options.folder);
    std::filesystem::create_directories(options.folder);
    story.begin(options);
    status = session.run() == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
  }
  story.end();
  return status;
}

}  // namespace flm::browser
