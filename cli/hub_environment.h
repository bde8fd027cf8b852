// cli/hub_environment.h: what the environment says of the model hub.
#pragma once

#include "hub/hub_options.h"

namespace vecmill {

// From HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE,
// TRANSFORMERS_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT and SSL_CERT_FILE, read as huggingface_hub reads
// them. Errors: kInvalidArgument for a timeout that is no number of seconds; kIo for a token file
// that cannot be read.
HubOptions HubOptionsFromEnvironment();

// The cache alone, which is what finding a model takes.
std::string HubCacheFromEnvironment();

}  // namespace vecmill
