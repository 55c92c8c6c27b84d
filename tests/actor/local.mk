# One actor under test in each program, fakes for its peers.
