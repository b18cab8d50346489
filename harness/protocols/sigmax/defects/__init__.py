"""SIGMAX's defects: for each server-side check, a broken server of ours that it must catch. Modules as in checks."""
