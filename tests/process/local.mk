# The installed programs as real processes.
