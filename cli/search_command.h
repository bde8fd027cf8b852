// cli/search_command.h: vecmill search.
#pragma once

namespace CLI {
class App;
}

namespace vecmill {

// Add the subcommand to `app`; when it is parsed it runs, and sets `exit_code`.
void AddSearchCommand(CLI::App& app, int& exit_code);

}  // namespace vecmill
