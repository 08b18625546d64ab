"""What good data looks like: one suite per entity, each expectation with its stated consequence."""
