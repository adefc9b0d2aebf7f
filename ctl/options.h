// The options of single commands: each is one argument of the request.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include "ctl/command.h"

namespace sallyport {

[[nodiscard]] boost::program_options::options_description command_options();

// Takes over those that were given. Refuses one that the command's request has no use for.
[[nodiscard]] Expected<void> read_options(const boost::program_options::variables_map& given,
                                          Command& command);

}  // namespace sallyport
