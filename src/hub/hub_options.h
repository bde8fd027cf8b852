// hub/hub_options.h: which hub, whose account, which cache. cli/ fills it from the environment.
#pragma once

#include <string>

namespace vecmill {

struct HubOptions {
  std::string cache;  // folder of the cache, as huggingface_hub has it
  std::string endpoint = "https://huggingface.co";
  std::string token;         // of an account; "" for none
  std::string ca_file;       // certificates to trust instead of the system's; "" for those
  bool offline = false;      // never open a connection
  int timeout_seconds = 10;  // a connection that brings nothing for so long is given up
  int num_connections = 4;
};

}  // namespace vecmill
