// hub/blob_fetcher.h: one file of a model into the cache, verified.
#pragma once

#include <atomic>
#include <string>

#include "hub/cache_layout.h"
#include "hub/http_client.h"
#include "hub/hub_options.h"
#include "hub/model_id.h"
#include "hub/repository_listing.h"
#include "hub/transfer_meter.h"

namespace vecmill {

// What the threads of a pull share.
struct PullContext {
  const HubOptions& options;
  const ModelId& id;
  const std::string& commit;
  const CacheLayout& layout;
  TransferMeter& meter;
  std::atomic<bool>& stop;  // one thread failed: the others end
};

// Fetch `file` into its blob. A blob that is there and has the right content stays, one with other
// content is replaced; a transfer that broke off before goes on where it stopped. Another process
// that fetches the same blob, vecmill or huggingface_hub, is waited for. Returns early, with no
// blob, if stop is set.
// Errors: kNotFound, kIo; kCorrupt for content that is not what the listing says, nothing of which
// is kept.
void FetchBlob(HttpClient& client, const RemoteFile& file, const PullContext& pull);

}  // namespace vecmill
