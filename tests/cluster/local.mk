# Masters, agents and frameworks in one process.
