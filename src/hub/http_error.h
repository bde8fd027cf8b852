// hub/http_error.h: what an answer of the hub means to the user.
#pragma once

#include <string>

#include "hub/http_client.h"
#include "hub/hub_options.h"
#include "hub/model_id.h"

namespace vecmill {

// Throw what `response`, to a request for `what` ("" for the model as a whole, or a file of it),
// means: kNotFound for a model or revision that is not there, kIo for the rest. The message says
// what to do, and holds the token under no circumstances.
[[noreturn]] void ThrowHttpError(const HttpResponse& response, const ModelId& id,
                                 const std::string& what, const HubOptions& options);

// The attempts at one request. Waits between two, twice as long each time that nothing came, and at
// least as long as the server says in Retry-After, up to a minute.
class Attempts {
 public:
  // Called after an attempt failed. True: try again; false: it would not help, or did not help
  // several times.
  bool Again(const HttpResponse& response, bool came_further);

 private:
  int failures_ = 0;
};

}  // namespace vecmill
