"""What things cost, side by side on this machine: `make bench`. It belongs to the project, not to what is shipped."""
