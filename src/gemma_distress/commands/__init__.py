"""One file for each command of the command line, put together in `__main__`."""
