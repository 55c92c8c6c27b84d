# Command line programs.
