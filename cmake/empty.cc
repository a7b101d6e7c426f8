// A target that only carries a precompiled header needs one source.
