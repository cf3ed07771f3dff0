// Nothing: the floor of every start-up figure.
