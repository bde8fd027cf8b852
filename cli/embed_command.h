// cli/embed_command.h: vecmill embed.
#pragma once

namespace CLI {
class App;
}

namespace vecmill {

// Add the subcommand to `app`; when it is parsed it runs, and sets `exit_code`.
void AddEmbedCommand(CLI::App& app, int& exit_code);

}  // namespace vecmill
