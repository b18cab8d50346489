"""BrainStream's defects: for each server-side check, a broken server that it must catch. Modules as in checks."""
