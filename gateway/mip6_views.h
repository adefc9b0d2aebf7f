// What `show` tells of Mobile IPv6, as rows of JSON.
#pragma once

#include "gateway/gateway.h"
#include "gateway/page_of_rows.h"

namespace sallyport {

// Registrations with us, by home address.
void show_bindings(Gateway& gateway, PageOfRows& page);
// Home agents that are known: ours, and ourselves.
void show_home_agents(Gateway& gateway, PageOfRows& page);
// Our own mobile node, one row where there is one.
void show_mobile_node(Gateway& gateway, PageOfRows& page);

}  // namespace sallyport
