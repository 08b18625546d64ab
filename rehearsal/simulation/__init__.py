"""The cutover engine under virtual time: the real engine between simulated ends, with every fault drawn from a seed."""
