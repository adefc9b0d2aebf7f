// What `show` tells of IKE: IKE SAs, children, peers and pools as rows of JSON. Keys never appear.
#pragma once

#include "gateway/gateway.h"
#include "gateway/page_of_rows.h"

namespace sallyport {

void show_ike_sas(Gateway& gateway, PageOfRows& page);
void show_child_sas(Gateway& gateway, PageOfRows& page);
// The PAD's entries in their order, with what each of them has up.
void show_peers(Gateway& gateway, PageOfRows& page);
void show_pools(Gateway& gateway, PageOfRows& page);

}  // namespace sallyport
