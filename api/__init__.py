"""Where people and programs come in: operations, the command line, the web."""
