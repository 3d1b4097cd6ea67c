"""One module for each command, loaded when the command is called or its help is asked for."""
