// Complaints about a wrong command line: what is allowed, what was probably meant, and whose help says
// more.
#pragma once
#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace flm {

/// "a whole number from LOW to HIGH"; both are allowed. For CLI::Option::check().
CLI::Validator whole_number(std::int64_t low, std::int64_t high);
/// "a number from LOW to HIGH", in decimal: no "nan", no "0x1F".
CLI::Validator number(double low, double high);
/// One of the words; a mistyped one is answered with the one that was meant.
CLI::Validator one_of(std::vector<std::string> words);

/// Complaint about a command line that `app` refused with `error`: the word that was probably meant, and
/// the help of the command that it was for: "'--sensr' is not known; did you mean '--sensor'? 'flmctl
/// calibrate zero --help' says more".
std::string usage_complaint(const CLI::App& app, const CLI::ParseError& error, int argc,
                            const char* const* argv);

}  // namespace flm
