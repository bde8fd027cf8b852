// cli/import_command.h: vecmill import.
#pragma once

namespace CLI {
class App;
}

namespace vecmill {

// Add the subcommand to `app`; when it is parsed it runs, and sets `exit_code`.
void AddImportCommand(CLI::App& app, int& exit_code);

}  // namespace vecmill
